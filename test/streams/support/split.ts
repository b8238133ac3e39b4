import { OPENING_BRACE } from "../../../src/codecs/ascii.ts";
import type { JsonCursor } from "../../../src/codecs/compiled/json-cursor.ts";
import { tryCompiled } from "../../../src/codecs/compiled/unsupported.ts";
import { withPlainNumbers } from "../../../src/codecs/parse-json.ts";
import { messageSplitter } from "../../../src/streams/message-splitter.ts";
import { StreamFormatError } from "../../../src/streams/stream-format-error.ts";

/** What a splitter makes of a body: its messages, and how the body ends. */
export interface Split {
  readonly messages: readonly string[];
  readonly end: "clean" | StreamFormatError["kind"];
}

/** Splits a body that comes in chunks. Any other error than a StreamFormatError is thrown. */
export function split(
  chunks: Iterable<Uint8Array>,
  contentType?: string,
  maxMessageBytes = Number.POSITIVE_INFINITY,
): Split {
  const splitter = messageSplitter(contentType, maxMessageBytes);
  const messages: string[] = [];
  try {
    for (const chunk of chunks) {
      splitter.push(chunk);
      for (let text = splitter.next(); text !== undefined; text = splitter.next()) messages.push(text);
    }
    const last = splitter.end();
    if (last !== undefined) messages.push(last);
  } catch (error) {
    if (!(error instanceof StreamFormatError)) throw error;
    return { messages, end: error.kind };
  }
  return { messages, end: "clean" };
}

/** Reads the objects of a body where they are, if they are whole there, and the other messages by their texts. */
export function readValues(
  chunks: Iterable<Uint8Array>,
  contentType?: string,
): { readonly values: readonly unknown[]; readonly readInPlace: number } {
  const splitter = messageSplitter(contentType, Number.POSITIVE_INFINITY);
  const readObject = (cursor: JsonCursor) =>
    tryCompiled((at: JsonCursor) => (at.peek() === OPENING_BRACE ? at.value(0) : undefined), cursor);
  const values: unknown[] = [];
  let readInPlace = 0;
  for (const chunk of chunks) {
    splitter.push(chunk);
    for (;;) {
      const value = splitter.readNext(readObject);
      if (value !== undefined) readInPlace++;
      const text = value === undefined ? splitter.next() : undefined;
      if (value === undefined && text === undefined) break;
      values.push(value === undefined ? JSON.parse(text as string) : withPlainNumbers(value));
    }
  }
  const last = splitter.end();
  if (last !== undefined) values.push(JSON.parse(last));
  return { values, readInPlace };
}

/** Cuts a body into chunks with these lengths, and then again from the first one on. Each chunk is a copy. */
export function* cut(body: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < body.length; i++) {
    const length = lengths[i % lengths.length] as number;
    // Behind the chunk are bytes that do not belong to it.
    const memory = new Uint8Array(length + 2).fill(0x7d);
    const part = body.subarray(at, at + length);
    memory.set(part, 1);
    yield memory.subarray(1, 1 + part.length);
    memory.fill(0x21);
    at += length;
  }
}
