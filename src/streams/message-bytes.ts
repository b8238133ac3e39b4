import { isUtf8 } from "node:buffer";
import { StreamFormatError } from "./stream-format-error.ts";

/** The bytes of one message, of which the last part is in the current chunk, and the others came before. */
export class MessageBytes {
  /** How long a message may be. */
  readonly max: number;

  /** Begins with the bytes that came before. It is not a list of chunks, which would take much memory if they are tiny. */
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(maxMessageBytes: number) {
    this.max = maxMessageBytes;
  }

  /** Copies a part of the message, so that its chunk is not kept. */
  append(chunk: Buffer, from: number, to: number): void {
    const length = this.#lengthWith(from, to);
    if (length > this.#buffer.length) this.#grow(length);
    chunk.copy(this.#buffer, this.#length, from, to);
    this.#length = length;
  }

  /** Takes the text of the message, whose last part is in this chunk. A message that is in one chunk is not copied. */
  take(chunk: Buffer, from: number, to: number, isAscii: boolean): string {
    this.#lengthWith(from, to);
    if (this.#length === 0) return decode(chunk, from, to, isAscii);
    this.append(chunk, from, to);
    const text = decode(this.#buffer, 0, this.#length, isAscii);
    this.#length = 0;
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.alloc(0);
    return text;
  }

  /** The length of the message with this part. */
  #lengthWith(from: number, to: number): number {
    const length = this.#length + to - from;
    if (length > this.max) {
      throw new StreamFormatError("too_large", `a message of the stream is longer than ${this.max} bytes`);
    }
    return length;
  }

  /** At least doubles the buffer, so that a message in many chunks is copied only about twice. */
  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length, FIRST_BYTES));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** The size of the first buffer. */
const FIRST_BYTES = 1024;

/** The size up to which a buffer serves for the next message too. */
const KEPT_BYTES = 65_536;

/** Decodes as Latin-1 where that is the same, because it takes half the time. */
function decode(bytes: Buffer, from: number, to: number, isAscii: boolean): string {
  if (isAscii) return bytes.toString("latin1", from, to);
  if (!isUtf8(bytes.subarray(from, to))) {
    throw new StreamFormatError("format", "a message of the stream is not UTF-8");
  }
  return bytes.toString("utf8", from, to);
}
