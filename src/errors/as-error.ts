import { inspect } from "node:util";

/** Returns a thrown value as an Error. It handles values that `String` cannot convert, too. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(typeof thrown === "string" ? thrown : inspect(thrown), { cause: thrown });
}
