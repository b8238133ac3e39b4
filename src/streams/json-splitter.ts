import { asBuffer } from "../codecs/as-buffer.ts";
import {
  BACKSLASH,
  CLOSING_BRACE,
  CLOSING_BRACKET,
  COMMA,
  CR,
  LF,
  OPENING_BRACE,
  OPENING_BRACKET,
  QUOTE,
  SPACE,
  TAB,
} from "../codecs/ascii.ts";
import { JsonCursor } from "../codecs/compiled/json-cursor.ts";
import { ByteOrderMark } from "./byte-order-mark.ts";
import { MessageBytes } from "./message-bytes.ts";
import { StreamFormatError } from "./stream-format-error.ts";

/**
 * Splits a body of JSON texts, or of one JSON array, into messages. The first byte tells these apart: a `[` opens an array
 * of messages, as Google's servers and Envoy send them by default.
 *
 * Otherwise a message ends where its JSON ends, and not with a line. A grpc-gateway ends each message with a newline. But it
 * can be set to write a message over many lines (grpc-gateway#2438), and it has sent messages with nothing in between
 * (grpc-gateway#479) and errors without a newline (grpc-gateway#2591). So any whitespace, or none, may stand between
 * messages, as well as the record separators of RFC 7464, after which a `[` opens a message that is a list.
 *
 * A number or a literal name does not show its own end. Whitespace has to follow it; the end of the body may have cut it
 * (RFC 7464, section 2.4).
 *
 * @see https://github.com/ndjson/ndjson-spec
 */
export class JsonSplitter {
  readonly #mark = new ByteOrderMark();
  readonly #bytes: MessageBytes;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;

  /** What the next byte may be; `inside` is the place within a message. */
  #place: Place = "start";

  /** The place after the current message. */
  #after: "text" | "separator" = "text";

  #value: Value = "nested";
  #depth = 0;
  #isString = false;
  #isEscaped = false;

  /** All bytes of the message, combined by `|`. */
  #bits = 0;

  constructor(maxMessageBytes: number) {
    this.#bytes = new MessageBytes(maxMessageBytes);
  }

  get isClosed(): boolean {
    return this.#place === "closed";
  }

  push(chunk: Uint8Array): void {
    this.#chunk = asBuffer(chunk);
    this.#at = this.#mark.skip(this.#chunk);
  }

  readNext<T>(read: (cursor: JsonCursor) => T | undefined): T | undefined {
    if (this.#place === "inside" || !this.#findStart()) return undefined;
    const cursor = new JsonCursor(this.#chunk, this.#at);
    const value = read(cursor);
    if (value === undefined || cursor.at - this.#at > this.#bytes.max) return undefined;
    this.#at = cursor.at;
    this.#place = this.#after;
    return value;
  }

  next(): string | undefined {
    const chunk = this.#chunk;
    if (this.#place !== "inside" && !this.#findStart()) return undefined;
    const from = this.#at;
    if (!(this.#value === "scalar" ? this.#findScalarEnd() : this.#findEnd())) {
      this.#bytes.append(chunk, from, this.#at);
      return undefined;
    }
    this.#place = this.#after;
    return this.#bytes.take(chunk, from, this.#at, this.#bits < 0x80);
  }

  end(): undefined {
    this.#mark.end();
    if (this.#place === "start" || this.#place === "text" || this.#place === "closed") return;
    const where = this.#place === "inside" ? "a message" : "the array of messages";
    throw new StreamFormatError("truncated", `the stream ended within ${where}`);
  }

  /** Goes to the first byte of the next message. Returns false if it is not in the chunk. */
  #findStart(): boolean {
    const chunk = this.#chunk;
    for (; this.#at < chunk.length; this.#at++) {
      const byte = chunk[this.#at] as number;
      if (byte === SPACE || byte === LF || byte === CR || byte === TAB) continue;
      if (!this.#isBetween(byte)) {
        this.#begin(byte);
        return true;
      }
    }
    return false;
  }

  /** Whether a byte that is not whitespace belongs to what is between messages. */
  #isBetween(byte: number): boolean {
    switch (this.#place) {
      case "start":
        this.#place = byte === OPENING_BRACKET ? "first element" : "text";
        return byte === OPENING_BRACKET || byte === RECORD_SEPARATOR;
      case "text":
        return byte === RECORD_SEPARATOR;
      case "first element":
        this.#after = "separator";
        if (byte !== CLOSING_BRACKET) return false;
        this.#place = "closed";
        return true;
      case "separator":
        if (byte !== COMMA && byte !== CLOSING_BRACKET)
          throw unexpected(byte, "after a message of the array");
        this.#place = byte === COMMA ? "element" : "closed";
        return true;
      case "closed":
        throw unexpected(byte, "after the array of messages");
      default:
        return false;
    }
  }

  #begin(byte: number): void {
    const value = valueKinds[byte];
    if (value === undefined) throw unexpected(byte, "where a message should begin");
    this.#place = "inside";
    this.#value = value;
    this.#depth = 0;
    this.#bits = 0;
  }

  /** Goes behind the object, array or string. Returns false, at the end of the chunk, if it does not end there. */
  #findEnd(): boolean {
    const chunk = this.#chunk;
    const end = chunk.length;
    let at = this.#at;
    let depth = this.#depth;
    let bits = this.#bits;
    let isString = this.#isString;
    if (this.#isEscaped && at < end) {
      bits |= chunk[at++] as number;
      this.#isEscaped = false;
    }
    let isWhole = false;
    while (at < end && !isWhole) {
      let byte = 0;
      if (isString) {
        // Most bytes are in strings, so that this loop is worth having.
        while (at < end) {
          byte = chunk[at++] as number;
          if (byte === QUOTE || byte === BACKSLASH) break;
          bits |= byte;
        }
        if (byte === QUOTE) {
          isString = false;
          isWhole = depth === 0;
        } else if (byte === BACKSLASH) {
          if (at < end) bits |= chunk[at++] as number;
          else this.#isEscaped = true;
        }
        continue;
      }
      byte = chunk[at++] as number;
      bits |= byte;
      // A bracket differs from the brace in one bit. Whether the two ends match is left to the parser.
      if (byte === QUOTE) isString = true;
      else if ((byte | BRACE_BIT) === OPENING_BRACE) depth++;
      else if ((byte | BRACE_BIT) === CLOSING_BRACE) isWhole = --depth === 0;
    }
    this.#at = at;
    this.#depth = depth;
    this.#bits = bits;
    this.#isString = isString;
    return isWhole;
  }

  /** Goes behind the number or literal name, which ends before a byte that cannot be in one. */
  #findScalarEnd(): boolean {
    const chunk = this.#chunk;
    while (this.#at < chunk.length) {
      if (isInScalar[chunk[this.#at] as number] === 0) return true;
      this.#at++;
    }
    return false;
  }
}

type Place = "start" | "text" | "first element" | "element" | "separator" | "closed" | "inside";

/** How the end of a message is found. */
type Value = "nested" | "scalar";

const RECORD_SEPARATOR = 0x1e;
const BRACE_BIT = OPENING_BRACE ^ OPENING_BRACKET;

/** The kind of a message by its first byte. */
const valueKinds: readonly (Value | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if ('{["'.includes(character)) return "nested";
  return "-0123456789tfn".includes(character) ? "scalar" : undefined;
});

const isInScalar = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[-+.\w]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

function unexpected(byte: number, where: string): StreamFormatError {
  return new StreamFormatError(
    "format",
    `the stream has the byte 0x${byte.toString(16).padStart(2, "0")} ${where}`,
  );
}
