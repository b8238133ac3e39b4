import { invalidArgument } from "../errors/invalid-argument.ts";
import type { CallOptions } from "./call-options.ts";

const known: Readonly<Record<keyof CallOptions, true>> = {
  signal: true,
  timeoutMs: true,
  headers: true,
  metadata: true,
  encoding: true,
  retry: true,
  idempotencyKey: true,
  onResponse: true,
};

/** Refuses options of a call that there are not: a misspelt `timeoutMS` must not be a call without a deadline. */
export function checkOptionNames(options: CallOptions): void {
  if (typeof options !== "object" || options === null) throw invalidArgument("options must be an object");
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name)) throw invalidArgument(`there is no option ${JSON.stringify(name)}`);
  }
}

/** Checks what nothing else checks; interceptors may have had their hands on it. */
export function checkCallOptions({ signal, idempotencyKey, onResponse }: CallOptions): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgument("signal must be an AbortSignal");
  }
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== "string" || idempotencyKey === "")) {
    throw invalidArgument("idempotencyKey must be a string that is not empty");
  }
  if (onResponse !== undefined && typeof onResponse !== "function") {
    throw invalidArgument("onResponse must be a function");
  }
}
