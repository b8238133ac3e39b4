import { inspect } from "node:util";

/** What was thrown, as an error. Anything can be thrown, also what `String` makes no string of. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(typeof thrown === "string" ? thrown : inspect(thrown), { cause: thrown });
}
