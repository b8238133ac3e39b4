import { unescapedText } from "./unescape.ts";

/** The shortest value that is redacted as a whole. A shorter one, such as `"on"`, is in almost any sentence. */
const SHORTEST_VALUE = 4;
/** The shortest part of a value that is redacted. Shorter parts are often common words, such as a user's name. */
const SHORTEST_PART = 8;

/**
 * The forms of secrets to search for. The number is how many characters of a form identify it if the text cuts it off.
 */
export type SecretForms = ReadonlyMap<string, number>;

/**
 * Computes the forms that secrets can have in a text without escapes: each value and each of its parts, as it is,
 * unescaped, with `+` for a space, and in base64.
 *
 * @param values header values as they are sent: each character is a byte (Latin-1)
 */
export function secretForms(values: Iterable<string>): SecretForms {
  const forms = new Map<string, number>();
  for (const sent of values) {
    // Whitespace around a header value is not part of it (RFC 9110, section 5.5).
    const value = sent.replace(/^[\t ]+|[\t ]+$/g, "");
    addForms(forms, value, labelOf(value), SHORTEST_VALUE);
    for (const part of partsOf(value)) addForms(forms, part, labelOf(part), SHORTEST_PART);
  }
  return forms;
}

/** The label in front of a secret: a scheme and its space (RFC 9110, section 11.4), or a name and its `=`. */
function labelOf(text: string): string {
  const [label = ""] = /^[!#$%&'*+.^_`|~\w-]+(?:[\t ]+|=(?!=*$))/.exec(text) ?? [];
  return label;
}

/**
 * The parts of a value that are secrets by themselves: what follows a scheme, the value of each `name=value` (cookies,
 * and parameters of schemes such as Digest), and the user and password of Basic.
 */
function partsOf(value: string): Set<string> {
  const parts = new Set<string>();
  const [, scheme, afterScheme] = /^([!#$%&'*+.^_`|~\w-]+)[\t ]+(.+)$/s.exec(value) ?? [];
  const rest = afterScheme ?? value;
  // Cookies may hold commas; quoted parameters may hold commas and semicolons.
  const pieces = [rest, ...rest.split(";"), ...rest.split(/[;,]/), ...(rest.match(listItem) ?? [])];
  for (const piece of pieces.map((each) => each.trim())) {
    const content = piece.slice(/^[^=\s"]+=(?!=*$)/.exec(piece)?.[0].length ?? 0);
    const unquoted = content.replace(/^"(.*)"$/s, "$1");
    // A quoted pair stands for its second character (RFC 9110, section 5.6.4).
    parts.add(piece).add(content).add(unquoted).add(unquoted.replace(/\\(.)/gs, "$1"));
  }
  if (scheme?.toLowerCase() === "basic") {
    // RFC 7617: base64 of user name, colon and password.
    const credentials = Buffer.from(rest, "base64").toString("latin1");
    const [, user = "", password = ""] = /^([^:]*):?(.*)$/s.exec(credentials) ?? [];
    parts.add(credentials).add(user).add(password);
  }
  parts.delete(value);
  return parts;
}

const listItem = /(?:[^;,"]|"(?:[^"\\]|\\.)*")+/g;

function addForms(forms: Map<string, number>, part: string, label: string, shortest: number): void {
  const add = (form: string, labelLength: number, minLength: number) => {
    const identifying = labelLength + SHORTEST_PART;
    if (form.length >= minLength) forms.set(form, Math.min(identifying, forms.get(form) ?? identifying));
  };
  const labelInBase64 = Math.ceil((label.length * 8) / 6);
  const texts = inBothCharsets(part).flatMap((text) => [
    text,
    ...unescapings(text),
    ...withoutBackslashes(text),
  ]);
  for (const text of new Set(texts.flatMap(inBothCharsets))) {
    for (const form of [text, text.replaceAll(" ", "+"), text.replaceAll("+", " ")]) {
      add(form, label.length, shortest);
      add(form.replaceAll("\t", "\\t"), label.length, shortest);
    }
    if (text.length < shortest) continue;
    for (const form of base64Forms(Buffer.from(text, "latin1"))) add(form, labelInBase64, SHORTEST_PART);
  }
}

/** A server may read a value as Latin-1 or as UTF-8, and write it back in either. For ASCII these are the same. */
function inBothCharsets(text: string): string[] {
  return [text, Buffer.from(text, "utf8").toString("latin1"), Buffer.from(text, "latin1").toString("utf8")];
}

/** A secret that holds escapes, as many cookies do, after a server has undone them once, twice, and so on. */
function unescapings(text: string): string[] {
  const after = unescapedText(text);
  return after === text ? [] : [after, ...unescapings(after)];
}

/**
 * The base64 forms of bytes (RFC 4648, both alphabets): alone, and inside the base64 of longer data at each of the three
 * alignments. Inside, characters at either end that share bits with neighbouring bytes are left out.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms = [bytes.toString("base64").replace(/=+$/, "")];
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    forms.push(text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6)));
  }
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}

/** A backslash of a secret may be taken for the escape of the character after it, when that is undone. */
function withoutBackslashes(text: string): string[] {
  return text.includes("\\")
    ? [text.replace(/\\+$/, ""), text.replace(/^\\+/, ""), text.replaceAll("\\", "")]
    : [];
}
