/** The error for a message that does not fit its http rule, or a request that does not fit its message. */
export class TranscodingError extends Error {
  override readonly name = "TranscodingError";
  /** The path of the field in the request message, in the names of the .proto file: `"shelf.name"`. */
  readonly field: string;

  /** @param predicate what is wrong with the field, for instance `"is empty"` */
  constructor(field: string, predicate: string) {
    super(`${field} ${predicate}`);
    this.field = field;
  }
}
