/** The error for a body that is not a stream of JSON messages, or that does not end between two of them. */
export class StreamFormatError extends Error {
  override readonly name = "StreamFormatError";

  /**
   * - `format`: the bytes are not in any form of such a stream
   * - `too_large`: a message is longer than the limit
   * - `truncated`: the body ended within a message, an array or an event
   */
  readonly kind: "format" | "too_large" | "truncated";

  constructor(kind: StreamFormatError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}
