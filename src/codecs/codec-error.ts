/** The error for bytes that cannot be decoded, or a value that cannot be encoded. */
export class CodecError extends Error {
  override readonly name = "CodecError";
}
