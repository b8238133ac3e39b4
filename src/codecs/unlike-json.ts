import { CR, LF, OPENING_BRACE, SPACE, TAB } from "./ascii.ts";

/**
 * Returns a binary message in bytes that cannot be read as JSON.
 *
 * A server that knows only JSON ignores the content type, and skips whitespace. Some tags, lengths and numbers are whitespace
 * in JSON: 0x0a is the tag of a text with number 1, and 32 its length. If the text itself is JSON, such a server carries out
 * another request than the caller's: with a key of 32 characters, etcd deleted all other keys. If all is whitespace, such as
 * a field 4 that is 10, a grpc-gateway carries out an empty request. So the first tag of such a message takes two bytes
 * instead of one. Every protobuf decoder reads that, and no JSON begins so.
 */
export function unlikeJson(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (isWhitespace(bytes[start])) start += 1;
  const isRead = start === bytes.length || bytes[start] === OPENING_BRACE || isNull(bytes, start);
  if (!isRead || bytes.length === 0) return bytes;
  const longer = new Uint8Array(bytes.length + 1);
  longer[0] = (bytes[0] as number) | 0x80;
  longer.set(bytes.subarray(1), 2);
  return longer;
}

/** A lenient server reads `null` as an empty request. */
function isNull(bytes: Uint8Array, start: number): boolean {
  return [0x6e, 0x75, 0x6c, 0x6c].every((byte, i) => bytes[start + i] === byte);
}

function isWhitespace(byte: number | undefined): boolean {
  return byte === LF || byte === SPACE || byte === CR || byte === TAB;
}
