/** A text without its escapes. */
export interface Unescaped {
  readonly text: string;
  /** For each character, its start in the escaped text; then the end of the escaped text. */
  readonly starts: Uint32Array;
}

/**
 * An escaped character: percent-encoding (RFC 3986), the escapes of JSON, JavaScript and C, or an HTML character
 * reference. A backslash before a letter does not match, because it may belong to the text before it.
 */
const escapes =
  /%([0-9a-f]{2})|\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|\\([0-7]{3})|\\([^\w\s]|_)|&#x0*([0-9a-f]{1,6});?|&#0*([0-9]{1,7});?|&(\w+);/gi;

/** HTML's names of ASCII characters that are neither letters nor digits. */
const names: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  ast: "*",
  bsol: "\\",
  colon: ":",
  comma: ",",
  commat: "@",
  dollar: "$",
  equals: "=",
  excl: "!",
  grave: "`",
  gt: ">",
  hat: "^",
  lbrace: "{",
  lcub: "{",
  lowbar: "_",
  lpar: "(",
  lsqb: "[",
  lt: "<",
  num: "#",
  percnt: "%",
  period: ".",
  plus: "+",
  quest: "?",
  quot: '"',
  rbrace: "}",
  rcub: "}",
  rpar: ")",
  rsqb: "]",
  semi: ";",
  sol: "/",
  tilde: "~",
  verbar: "|",
  vert: "|",
};

/**
 * Undoes every escape once.
 *
 * @param isIgnored whether to leave a match alone, given where it starts
 * @returns undefined if there are no escapes
 */
export function unescaped(text: string, isIgnored?: (at: number) => boolean): Unescaped | undefined {
  const pieces: string[] = [];
  const starts = new Uint32Array(text.length + 1);
  let length = 0;
  let from = 0;
  const keep = (to: number) => {
    pieces.push(text.slice(from, to));
    for (; from < to; from++) starts[length++] = from;
  };
  for (const match of text.matchAll(escapes)) {
    const character = characterOf(match);
    if (character === undefined || isIgnored?.(match.index)) continue;
    keep(match.index);
    pieces.push(character);
    // A character outside of the basic plane has two code units.
    for (let i = 0; i < character.length; i++) starts[length++] = match.index;
    from = match.index + match[0].length;
  }
  if (from === 0) return undefined;
  keep(text.length);
  starts[length] = text.length;
  return { text: pieces.join(""), starts: starts.subarray(0, length + 1) };
}

/** {@link unescaped}, without the positions. */
export function unescapedText(text: string): string {
  return unescaped(text)?.text ?? text;
}

function characterOf(match: RegExpExecArray): string | undefined {
  const [, percent, unicode, hex, octal, backslashed, hexReference, decimalReference, name] = match;
  const digits = percent ?? unicode ?? hex ?? hexReference;
  if (digits !== undefined) return fromCodePoint(Number.parseInt(digits, 16));
  if (octal !== undefined) return fromCodePoint(Number.parseInt(octal, 8));
  if (backslashed !== undefined) return backslashed;
  if (decimalReference !== undefined) return fromCodePoint(Number(decimalReference));
  return names[name?.toLowerCase() ?? ""];
}

function fromCodePoint(codePoint: number): string | undefined {
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : undefined;
}
