import { invalidArgument } from "../errors/invalid-argument.ts";

/** Checks an option that is an object of names and values. Of a Headers or a Map, nothing would be sent. */
export function checkedNamedValues<T extends object>(option: string, values: T): T {
  if (typeof values === "object" && values !== null && !(Symbol.iterator in values)) return values;
  throw invalidArgument(`${option} must be a plain object of names and values`);
}
