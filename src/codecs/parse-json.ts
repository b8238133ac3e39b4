/** A number of a JSON text that a double may not hold exactly, with its text. */
export class LongNumber {
  readonly text: string;
  readonly value: number;

  constructor(text: string, value: number) {
    this.text = text;
    this.value = value;
  }
}

/**
 * A number that a double can round to an integer: one of 16 digits or more, or one so small that it becomes 0. Fifteen
 * digits always come back from a double as they were. It may match within a string, which costs time and nothing else.
 */
const mayBeRounded = /(?:^|[\s:,[-])\d[\d.]{15}|\d[eE]-\d{3}/;

/**
 * Parses JSON. Where the text has a number that JSON.parse rounds, such numbers are {@link LongNumber}s; integers beyond
 * 2^53 that have few digits, such as `1e20`, are told by {@link isRounded}.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  return mayBeRounded.test(text) ? parseJsonExactly(text) : JSON.parse(text);
}

/** The same, with every number that is no safe integer as a {@link LongNumber}. */
export function parseJsonExactly(text: string): unknown {
  return parseWithSource(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && !isShortInteger.test(source)
      ? new LongNumber(source, value)
      : value,
  );
}

const isShortInteger = /^-?\d{1,15}$/;

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** ECMAScript 2026 gives revivers the text of a number; the declarations of TypeScript do not know it yet. */
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** The number without its text, for what is a double anyway. */
export function plainNumber(json: unknown): unknown {
  return json instanceof LongNumber ? json.value : json;
}

/** A copy in which every number is a double. */
export function withPlainNumbers(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withPlainNumbers);
  const value = plainNumber(json);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withPlainNumbers(each)]));
}

/**
 * The integer that a JSON number stands for, to the last digit: `5`, `5.0` and `50e-1` are the same.
 *
 * @returns undefined if the text is no JSON number, or no integer of up to 20 digits
 */
export function integerFromText(text: string): bigint | undefined {
  const match = jsonNumber.exec(text);
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = whole + fraction;
  let start = 0;
  while (digits[start] === "0") start++;
  let end = digits.length;
  if (start === end) return 0n;
  while (digits[end - 1] === "0") end--;
  const zeros = Number(exponent) - fraction.length + (digits.length - end);
  if (zeros < 0 || end - start + zeros > 20) return undefined;
  return BigInt(sign + digits.slice(start, end) + "0".repeat(zeros));
}

/** The number that a text stands for, as RFC 8259 writes numbers; undefined if it is none, or too large for a double. */
export function doubleFromText(text: string): number | undefined {
  if (!jsonNumber.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** RFC 8259, section 6: no plus sign, no leading zeros, no spaces, nothing but decimals. */
const jsonNumber = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Finds a key that is repeated in an object, at any depth. JSON.parse keeps the last of them, so it has to be looked for
 * in the text, which has to be JSON.
 */
export function repeatedKey(text: string): string | undefined {
  const objects: (Set<string> | undefined)[] = [];
  let isKeyNext = false;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case "{":
        objects.push(new Set());
        isKeyNext = true;
        break;
      case "[":
        objects.push(undefined);
        isKeyNext = false;
        break;
      case "}":
      case "]":
        objects.pop();
        break;
      case ",":
        isKeyNext = objects.at(-1) !== undefined;
        break;
      case '"': {
        const start = i;
        for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
        const keys = isKeyNext ? objects.at(-1) : undefined;
        isKeyNext = false;
        if (keys === undefined) break;
        const key = JSON.parse(text.slice(start, i + 1)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
        break;
      }
    }
  }
  return undefined;
}
