/** A problem of the `google.api.http` rule of a method. */
export interface HttpRuleProblem {
  /** The rpc's full name, for instance `"example.Library/GetBook"`. */
  readonly method: string;
  /** The path of the rule, for instance `"/v1/{name=books/*}"`; `""` if there is none. */
  readonly rule: string;
  /** The column in the path, counted from 1. */
  readonly column?: number | undefined;
  readonly reason: string;
}

/** The error for methods that cannot be called because of their http rules. It lists all problems. */
export class HttpRuleError extends Error {
  override readonly name = "HttpRuleError";
  readonly problems: readonly HttpRuleProblem[];

  constructor(problems: readonly HttpRuleProblem[]) {
    const lines = problems.map(describe);
    super(
      lines.length === 1 ? lines[0] : `${lines.length} problems with http rules:\n  ${lines.join("\n  ")}`,
    );
    this.problems = problems;
  }
}

function describe({ method, rule, column, reason }: HttpRuleProblem): string {
  if (rule === "") return `${method}: ${reason}`;
  return `${method}: ${column === undefined ? "" : `column ${column} of `}"${rule}": ${reason}`;
}
