import type { Message } from "@bufbuild/protobuf";

const BUFFER_BYTES = 16 * 1024;
/** The buffer of every message that fits into it. */
const ownBytes = /* @__PURE__ */ Buffer.allocUnsafeSlow(BUFFER_BYTES);

/** A character of one UTF-16 code unit has at most three bytes, one of two code units four. */
const MAX_BYTES_PER_CODE_UNIT = 3;
const MAX_BYTES_PER_CHARACTER = 4;

/** From this length in UTF-16 code units, to try ASCII first saves more if it succeeds than it costs if it fails. */
const LONG_TEXT = 1024;

/** The bytes of the message that is being encoded. The buffer grows for a large message. */
class Output {
  bytes = ownBytes;
  view = new DataView(this.bytes.buffer);
  /** The position of the next byte. */
  at = 0;
  /** The least length of a buffer that has to grow. */
  leastGrowth = 0;

  use(bytes: Buffer<ArrayBuffer>): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  reserve(bytes: number): void {
    if (this.at + bytes > this.bytes.length) this.#grow(this.at + bytes);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2, this.leastGrowth));
    this.bytes.copy(larger, 0, 0, this.at);
    this.use(larger);
  }

  /** Writes a text in UTF-8. A lone surrogate becomes U+FFFD. */
  writeUtf8(text: string): void {
    const { length } = text;
    const isLong = length >= LONG_TEXT;
    if (isLong && this.#writeAscii(text)) return;
    this.reserve(isLong ? Buffer.byteLength(text) : length * MAX_BYTES_PER_CODE_UNIT);
    this.at += this.bytes.write(text, this.at);
  }

  /**
   * Writes a text if it is ASCII, as most is. It takes a fifth of the time in which `Buffer.byteLength` detects ASCII (30 kB:
   * 1.2 µs and 6.2 µs).
   *
   * @returns false, without moving the position, if it is not
   */
  #writeAscii(text: string): boolean {
    // Other text has more bytes than code units, and fills the room up to less than one character.
    const room = text.length + MAX_BYTES_PER_CHARACTER;
    this.reserve(room);
    const isAscii = this.bytes.write(text, this.at, room) === text.length;
    if (isAscii) this.at += text.length;
    return isAscii;
  }
}

/** All encoders write here, because encoding is synchronous. */
export const output = /* @__PURE__ */ new Output();
let isWriting = false;

/** Creates the encoder of a message type from the function that writes a message to {@link output}. */
export function encoderThatWrites<Options = void>(
  write: (message: Message, options: Options) => void,
): (message: Message, options: Options) => Buffer {
  // The shorter length of the last two messages of the type that did not fit, and a little more. If the next one is as long,
  // the buffer grows only once.
  let expectedLength = 0;
  let lastLength = 0;
  return (message, options) => {
    // A getter of the message that is being encoded may encode another message.
    const outer = isWriting
      ? { bytes: output.bytes, at: output.at, leastGrowth: output.leastGrowth }
      : undefined;
    isWriting = true;
    try {
      if (outer !== undefined) output.use(Buffer.allocUnsafeSlow(BUFFER_BYTES));
      output.at = 0;
      output.leastGrowth = expectedLength;
      write(message, options);
      if (output.at > BUFFER_BYTES) {
        const least = Math.min(lastLength, output.at);
        expectedLength = least + (least >> 5);
        lastLength = output.at;
      }
      return writtenBytes();
    } finally {
      isWriting = outer !== undefined;
      if (output.bytes !== ownBytes) output.use(outer?.bytes ?? ownBytes);
      if (outer !== undefined) {
        output.at = outer.at;
        output.leastGrowth = outer.leastGrowth;
      }
    }
  };
}

/**
 * The written bytes: a copy from Node's pool of small Buffers, or the buffer itself if it has grown. One that has grown far too
 * much is copied, because a request keeps its body.
 */
function writtenBytes(): Buffer {
  const { bytes, at } = output;
  if (bytes !== ownBytes)
    return 2 * at < bytes.length ? Buffer.from(bytes.subarray(0, at)) : bytes.subarray(0, at);
  const copy = Buffer.allocUnsafe(at);
  if (at < 32) for (let i = 0; i < at; i++) copy[i] = bytes[i] as number;
  else bytes.copy(copy, 0, 0, at);
  return copy;
}
