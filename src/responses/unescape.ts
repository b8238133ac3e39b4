/** A text in which escapes were undone. */
export interface Unescaped {
  readonly text: string;
  /** Where each of its characters began in the text before, and behind them where that one ended. */
  readonly starts: Uint32Array;
}

/**
 * One character in the spellings that servers use: percent-encoding (RFC 3986), the escapes of JSON, JavaScript and C, and
 * HTML's character references. A backslash before a letter is left alone: it could be the end of something else.
 */
const escapes =
  /%([0-9a-f]{2})|\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|\\([0-7]{3})|\\([^\w\s]|_)|&#x0*([0-9a-f]{1,6});?|&#0*([0-9]{1,7});?|&(\w+);/gi;

/** HTML's names for what is ASCII and neither a letter nor a digit, as far as servers use them instead of numbers. */
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
 * Undoes every escape once. Undefined if there is none.
 *
 * @param isNone whether what looks like an escape is none, by where it begins
 */
export function unescaped(text: string, isNone?: (at: number) => boolean): Unescaped | undefined {
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
    if (character === undefined || isNone?.(match.index)) continue;
    keep(match.index);
    pieces.push(character);
    // Two code units where it is outside of the basic plane.
    for (let i = 0; i < character.length; i++) starts[length++] = match.index;
    from = match.index + match[0].length;
  }
  if (from === 0) return undefined;
  keep(text.length);
  starts[length] = text.length;
  return { text: pieces.join(""), starts: starts.subarray(0, length + 1) };
}

/** {@link unescaped}, without what became of what. */
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
