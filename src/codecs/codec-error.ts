/** Bytes that are not what they should be, or a value that cannot be written. */
export class CodecError extends Error {
  override readonly name = "CodecError";
}
