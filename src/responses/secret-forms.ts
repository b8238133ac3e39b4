import { unescapedText } from "./unescape.ts";

/** A whole value is a secret from this length on. A shorter one could be anything: `"on"` stands in every sentence. */
const SHORTEST_VALUE = 4;
/** A part of a value is a secret from this length on: shorter ones are often plain words, such as a user's name. */
const SHORTEST_PART = 8;

/**
 * The forms of secrets to look for, each with how many of its characters give it away where a text ends in the midst
 * of it.
 */
export type SecretForms = ReadonlyMap<string, number>;

/**
 * Everything that gives a credential away, in the forms that a text without escapes can hold it in: the value and its
 * parts, each as it is, unescaped, with `+` for a space, and in base64.
 *
 * @param values as they are sent in headers: each character is a byte (Latin-1)
 */
export function secretForms(values: Iterable<string>): SecretForms {
  const forms = new Map<string, number>();
  for (const sent of values) {
    // Blanks around a header's value are no part of it (RFC 9110, section 5.5).
    const value = sent.replace(/^[\t ]+|[\t ]+$/g, "");
    addForms(forms, value, labelOf(value), SHORTEST_VALUE);
    for (const part of partsOf(value)) addForms(forms, part, labelOf(part), SHORTEST_PART);
  }
  return forms;
}

/** A scheme and its space (RFC 9110, section 11.4), or a name and its `=`, in front of what is a secret. */
function labelOf(text: string): string {
  const [label = ""] = /^[!#$%&'*+.^_`|~\w-]+(?:[\t ]+|=(?!=*$))/.exec(text) ?? [];
  return label;
}

/**
 * What is a secret by itself, within a value that is more than that: what stands behind a scheme, the value of each
 * `name=value` (cookies, and the parameters of schemes such as Digest), and the two halves of Basic.
 */
function partsOf(value: string): Set<string> {
  const parts = new Set<string>();
  const [, scheme, behindScheme] = /^([!#$%&'*+.^_`|~\w-]+)[\t ]+(.+)$/s.exec(value) ?? [];
  const rest = behindScheme ?? value;
  // Cookies may hold commas, and quoted parameters both signs.
  const pieces = [rest, ...rest.split(";"), ...rest.split(/[;,]/), ...(rest.match(listItem) ?? [])];
  for (const piece of pieces.map((each) => each.trim())) {
    const content = piece.slice(/^[^=\s"]+=(?!=*$)/.exec(piece)?.[0].length ?? 0);
    parts
      .add(piece)
      .add(content)
      .add(content.replace(/^"(.*)"$/s, "$1"));
  }
  if (scheme?.toLowerCase() === "basic") {
    // RFC 7617: base64 of a user's name, a colon and a password.
    const credentials = Buffer.from(rest, "base64").toString("latin1");
    const [, user = "", password = ""] = /^([^:]*):?(.*)$/s.exec(credentials) ?? [];
    parts.add(credentials).add(user).add(password);
  }
  parts.delete(value);
  return parts;
}

const listItem = /(?:[^;,"]|"(?:[^"\\]|\\.)*")+/g;

function addForms(forms: Map<string, number>, part: string, label: string, shortest: number): void {
  const add = (form: string, labelLength: number, atLeast: number) => {
    const enough = labelLength + SHORTEST_PART;
    if (form.length >= atLeast) forms.set(form, Math.min(enough, forms.get(form) ?? enough));
  };
  const labelInBase64 = Math.ceil((label.length * 8) / 6);
  const texts = inBothCharsets(part).flatMap((text) => [text, ...unescapings(text)]);
  for (const text of new Set(texts.flatMap(inBothCharsets))) {
    for (const form of [text, text.replaceAll(" ", "+"), text.replaceAll("+", " ")]) {
      add(form, label.length, shortest);
      add(form.replaceAll("\t", "\\t"), label.length, shortest);
    }
    if (text.length < shortest) continue;
    for (const form of base64Forms(Buffer.from(text, "latin1"))) add(form, labelInBase64, SHORTEST_PART);
  }
}

/** What is not ASCII may be read and said again in either character set: in UTF-8, each byte a character, or as UTF-8. */
function inBothCharsets(text: string): string[] {
  return [text, Buffer.from(text, "utf8").toString("latin1"), Buffer.from(text, "latin1").toString("utf8")];
}

/** What comes out where a secret holds escapes of its own, as many cookies do, and somebody undoes them. */
function unescapings(text: string): string[] {
  const after = unescapedText(text);
  return after === text ? [] : [after, ...unescapings(after)];
}

/**
 * Bytes in base64 (RFC 4648, both alphabets): by themselves, and as they stand within the base64 of something longer,
 * where it depends on how many bytes are in front of them. There the characters at both ends are left out that hold
 * bits of what is around.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms = [bytes.toString("base64").replace(/=+$/, "")];
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    forms.push(text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6)));
  }
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}
