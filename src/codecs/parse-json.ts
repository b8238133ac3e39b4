import { BACKSLASH, COLON, QUOTE } from "./ascii.ts";

/** A number of a JSON text that a double may not represent exactly, with its text. */
export class LongNumber {
  readonly text: string;
  readonly value: number;

  constructor(text: string, value: number) {
    this.text = text;
    this.value = value;
  }
}

/**
 * Matches a number that a double may round to an integer: one with 16 digits or more, or one so small that it becomes 0. A
 * double keeps up to 15 digits. A match inside a string only costs time.
 */
const mayBeRounded = /(?:^|[\s:,[-])\d[\d.]{15}|\d[eE]-\d{3}/;

/**
 * Parses JSON. If the text may have numbers that JSON.parse rounds, all numbers but short integers become
 * {@link LongNumber}s. This does not detect integers beyond 2^53 with few digits, such as `1e20`.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  return mayBeRounded.test(text) ? parseJsonExactly(text) : JSON.parse(text);
}

/** Parses JSON with all numbers but short integers as {@link LongNumber}s. */
export function parseJsonExactly(text: string): unknown {
  return parseWithSource(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && !shortInteger.test(source)
      ? new LongNumber(source, value)
      : value,
  );
}

/** {@link parseJsonExactly}; undefined if the text is not JSON. */
export function parseJsonIfValid(text: string): unknown {
  try {
    return parseJsonExactly(text);
  } catch {
    return undefined;
  }
}

const shortInteger = /^-?\d{1,15}$/;

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** ECMAScript 2026 passes the text of a number to revivers. TypeScript does not declare that yet. */
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** Converts a {@link LongNumber} to a double; returns other values unchanged. */
export function plainNumber(json: unknown): unknown {
  return json instanceof LongNumber ? json.value : json;
}

/** Whether parsed JSON is an object. */
export function isJsonObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json) && !(json instanceof LongNumber);
}

/** Copies JSON with all numbers as doubles. */
export function withPlainNumbers(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withPlainNumbers);
  const value = plainNumber(json);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withPlainNumbers(each)]));
}

/**
 * Reads the text of a JSON number as an integer with all its digits: `5`, `5.0` and `50e-1` are equal.
 *
 * @returns undefined if the text is not a JSON number, or not an integer with up to 20 digits
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

/** Reads the text of a JSON number as a double; undefined if it is not a JSON number, or too large for a double. */
export function doubleFromText(text: string): number | undefined {
  if (!jsonNumber.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** A number of RFC 8259, section 6: without plus sign, leading zeros and spaces, and in decimal. */
const jsonNumber = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Finds a key that is repeated in an object, at any depth. It scans the text, because JSON.parse keeps only the last value.
 *
 * @param text valid JSON
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

/**
 * Whether JSON text has as many keys as were read from it. JSON.parse drops a key that is repeated in an object, and each
 * colon outside of strings belongs to a key.
 *
 * @param text valid JSON
 */
export function hasKeys(text: string, count: number): boolean {
  return colonsIn(text) === count || colonsOutsideStrings(text) === count;
}

function colonsIn(json: string): number {
  let colons = 0;
  for (let at = json.indexOf(":"); at >= 0; at = json.indexOf(":", at + 1)) colons++;
  return colons;
}

/** Counts colons, except those in strings. It is slower than {@link colonsIn}. */
function colonsOutsideStrings(json: string): number {
  let colons = 0;
  let isString = false;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) isString = !isString;
    else if (code === BACKSLASH) i++;
    else if (code === COLON && !isString) colons++;
  }
  return colons;
}
