import { isUtf8 } from "node:buffer";
import {
  BACKSLASH,
  CLOSING_BRACE,
  CLOSING_BRACKET,
  COLON,
  COMMA,
  CR,
  LF,
  MINUS,
  OPENING_BRACE,
  OPENING_BRACKET,
  QUOTE,
  SPACE,
  TAB,
  ZERO,
} from "../ascii.ts";
import { setOwn } from "../json-decoder.ts";
import type { Fields } from "../new-message.ts";
import { doubleFromText, LongNumber } from "../parse-json.ts";
import { textOfAscii } from "../utf8.ts";
import { MAX_DEPTH } from "../validate-binary.ts";
import { UNSUPPORTED } from "./unsupported.ts";

/** A place in the bytes of JSON text. Its methods throw {@link UNSUPPORTED} if the text does not continue as they expect. */
export class JsonCursor {
  // Never read behind their end: a load that has once returned undefined makes all others slow.
  readonly #bytes: Buffer;
  /** The index of the next byte. */
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** Skips whitespace. Returns the byte after it, and 0 at the end of the text. */
  peek(): number {
    for (; this.at < this.#bytes.length; this.at++) {
      const byte = this.#bytes[this.at] as number;
      if (byte !== SPACE && byte !== LF && byte !== CR && byte !== TAB) return byte;
    }
    return 0;
  }

  /** Skips whitespace and this byte. Returns false if another byte comes. */
  skip(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  /** Skips whitespace and this byte. */
  expect(byte: number): void {
    if (!this.skip(byte)) throw UNSUPPORTED;
  }

  /** Skips these bytes. Returns false, and stays, if others come. */
  skipBytes(expected: Uint8Array): boolean {
    const end = this.at + expected.length;
    if (end > this.#bytes.length) return false;
    for (let at = this.at, i = 0; at < end; at++, i++) {
      if (this.#bytes[at] !== expected[i]) return false;
    }
    this.at = end;
    return true;
  }

  /** Skips whitespace and null. Returns false if there is another value. */
  skipNull(): boolean {
    return this.peek() === LETTER_N && this.skipBytes(NULL);
  }

  /** Whether only whitespace follows. */
  isAtEnd(): boolean {
    this.peek();
    return this.at === this.#bytes.length;
  }

  /** Reads a string. */
  text(): string {
    this.expect(QUOTE);
    const bytes = this.#bytes;
    const from = this.at;
    const end = Math.min(bytes.length, from + LONG_TEXT);
    let bits = 0;
    for (let at = from; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.at = at + 1;
        if (bits < 0x80) return textOfAscii(bytes, from, at);
        if (!isUtf8(bytes.subarray(from, at))) throw UNSUPPORTED;
        return bytes.toString("utf8", from, at);
      }
      if (byte === BACKSLASH) return this.#parsedText(from, at);
      if (byte < SPACE) throw UNSUPPORTED;
      bits |= byte;
    }
    return this.#parsedText(from, end);
  }

  /** Reads a string that has escapes, or is long, with JSON.parse. Before `at`, it has neither its end nor an escape. */
  #parsedText(from: number, at: number): string {
    const bytes = this.#bytes;
    let end = bytes.indexOf(QUOTE, at);
    while (end >= 0 && isEscaped(bytes, end)) end = bytes.indexOf(QUOTE, end + 1);
    const quoted = bytes.subarray(from - 1, end + 1);
    if (end < 0 || !isUtf8(quoted)) throw UNSUPPORTED;
    this.at = end + 1;
    const text = stringFromJson(quoted.toString("utf8"));
    if (!text.isWellFormed()) throw UNSUPPORTED;
    return text;
  }

  /**
   * Reads a value as JSON.parse does, but a number that is no short integer as a {@link LongNumber}. A key that is repeated
   * in an object is not supported.
   *
   * @param depth the number of messages, objects and arrays around the value
   */
  value(depth: number): unknown {
    switch (this.peek()) {
      case OPENING_BRACE:
        return this.#object(depth + 1);
      case OPENING_BRACKET:
        return this.#array(depth + 1);
      case QUOTE:
        return this.text();
      case LETTER_T:
        return this.#literal(TRUE, true);
      case LETTER_F:
        return this.#literal(FALSE, false);
      case LETTER_N:
        return this.#literal(NULL, null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): Fields {
    if (depth > MAX_DEPTH) throw UNSUPPORTED;
    const object: Fields = {};
    this.at++;
    if (this.skip(CLOSING_BRACE)) return object;
    do {
      const key = this.text();
      if (Object.hasOwn(object, key)) throw UNSUPPORTED;
      this.expect(COLON);
      setOwn(object, key, this.value(depth));
    } while (this.skip(COMMA));
    this.expect(CLOSING_BRACE);
    return object;
  }

  #array(depth: number): unknown[] {
    if (depth > MAX_DEPTH) throw UNSUPPORTED;
    const items: unknown[] = [];
    this.at++;
    if (this.skip(CLOSING_BRACKET)) return items;
    do items.push(this.value(depth));
    while (this.skip(COMMA));
    this.expect(CLOSING_BRACKET);
    return items;
  }

  #literal<T>(name: Uint8Array, value: T): T {
    if (!this.skipBytes(name)) throw UNSUPPORTED;
    return value;
  }

  /** Reads an integer of up to 15 digits, in quotes or not. Returns undefined, and stays, if there is another value. */
  shortInteger(): number | undefined {
    const isQuoted = this.peek() === QUOTE;
    const from = this.at;
    if (isQuoted) this.at++;
    const value = this.#digits();
    if (value !== undefined && (!isQuoted || this.#bytes[this.at++] === QUOTE)) return value;
    this.at = from;
    return undefined;
  }

  #number(): number | LongNumber {
    const from = this.at;
    const short = this.#digits();
    if (short !== undefined) return short;
    const bytes = this.#bytes;
    let at = from;
    while (at < bytes.length && isInNumber[bytes[at] as number] !== 0) at++;
    const text = bytes.toString("latin1", from, at);
    const value = doubleFromText(text);
    // The end of the text may have cut the number.
    if (value === undefined || at === bytes.length) throw UNSUPPORTED;
    this.at = at;
    return new LongNumber(text, value);
  }

  /** Reads an integer that a double represents exactly. Returns undefined if there is none; the cursor may have moved. */
  #digits(): number | undefined {
    const bytes = this.#bytes;
    const isNegative = this.at < bytes.length && bytes[this.at] === MINUS;
    const from = isNegative ? this.at + 1 : this.at;
    let at = from;
    let value = 0;
    for (; at < bytes.length; at++) {
      const digit = (bytes[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const count = at - from;
    if (count === 0 || count > MAX_DIGITS || at === bytes.length) return undefined;
    if (isInNumber[bytes[at] as number] !== 0 || (count > 1 && bytes[from] === ZERO)) return undefined;
    this.at = at;
    return isNegative ? -value : value;
  }
}

/** Whether an odd number of backslashes comes before a byte. */
function isEscaped(bytes: Buffer, at: number): boolean {
  let start = at;
  while (bytes[start - 1] === BACKSLASH) start--;
  return (at - start) % 2 === 1;
}

function stringFromJson(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw UNSUPPORTED;
  }
}

/** From this length in bytes, JSON.parse reads a string faster than a loop. */
const LONG_TEXT = 256;

/** The number of digits up to which a double represents every integer. */
const MAX_DIGITS = 15;

const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;

const TRUE = /* @__PURE__ */ Buffer.from("true");
const FALSE = /* @__PURE__ */ Buffer.from("false");
const NULL = /* @__PURE__ */ Buffer.from("null");

const isInNumber = /* @__PURE__ */ Uint8Array.from({ length: 256 }, (_, byte) =>
  /[-+.\dEe]/.test(String.fromCharCode(byte)) ? 1 : 0,
);
