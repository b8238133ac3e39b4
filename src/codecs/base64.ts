/**
 * Decodes base64 in either alphabet of RFC 4648 (sections 4 and 5), with or without padding.
 *
 * @returns undefined if the text is not base64: Buffer and protobuf-es skip invalid characters
 */
export function bytesFromBase64(text: string): Uint8Array | undefined {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  if (digits % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) return undefined;
  if (!alphabet.test(padding === 0 ? text : text.slice(0, digits))) return undefined;
  const bytes = Buffer.from(text, "base64");
  // Short ones are in Node's pool, which other Buffers share. Long ones have memory of their own, and need no copy.
  return bytes.length === bytes.buffer.byteLength ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}

const alphabet = /^[\w+/-]*$/;
