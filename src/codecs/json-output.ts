// Writes parts of JSON to the output.
import { BACKSLASH, QUOTE, SPACE } from "./ascii.ts";
import { UNSUPPORTED } from "./compiled/unsupported.ts";
import { output } from "./output.ts";

export function writeByte(byte: number): void {
  output.reserve(1);
  output.bytes[output.at++] = byte;
}

/** Writes a short text that is ASCII. */
export function writeAsciiText(text: string): void {
  const { length } = text;
  output.reserve(length);
  const { bytes, at } = output;
  for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
  output.at = at + length;
}

/** Writes a short text that is ASCII, in quotes. */
export function writeQuoted(text: string): void {
  writeByte(QUOTE);
  writeAsciiText(text);
  writeByte(QUOTE);
}

/** Writes a few bytes of JSON. */
export function writeEncoded(source: Uint8Array): void {
  const { length } = source;
  output.reserve(length);
  const { bytes, at } = output;
  // Faster than set() for as few as a key has.
  for (let i = 0; i < length; i++) bytes[at + i] = source[i] as number;
  output.at = at + length;
}

/** Up to this length, a loop is faster than JSON.stringify. */
const SHORT_STRING = 63;

/** @throws {@link UNSUPPORTED} if the string has a lone surrogate, which UTF-8 cannot represent */
export function writeString(text: string): void {
  const { length } = text;
  if (length <= SHORT_STRING) {
    output.reserve(length + 2);
    const { bytes } = output;
    const start = output.at + 1;
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code < SPACE || code > 0x7f || code === QUOTE || code === BACKSLASH) break;
      bytes[start + i] = code;
    }
    if (i === length) {
      bytes[start - 1] = QUOTE;
      bytes[start + length] = QUOTE;
      output.at = start + length + 1;
      return;
    }
  }
  if (!text.isWellFormed()) throw UNSUPPORTED;
  output.writeUtf8(JSON.stringify(text));
}

/** Writes bytes in base64, in quotes. */
export function writeBase64({ buffer, byteOffset, byteLength }: Uint8Array): void {
  writeByte(QUOTE);
  output.reserve(4 * Math.ceil(byteLength / 3));
  output.at += output.bytes.write(
    Buffer.from(buffer, byteOffset, byteLength).toString("base64"),
    output.at,
    "latin1",
  );
  writeByte(QUOTE);
}
