/** What is wrong with a path template, and where. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  readonly reason: string;
  /** Counted from 1. */
  readonly column: number;

  constructor(reason: string, column: number) {
    super(`column ${column}: ${reason}`);
    this.reason = reason;
    this.column = column;
  }
}
