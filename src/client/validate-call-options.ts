import { invalidArgument } from "../errors/invalid-argument.ts";
import type { CallOptions } from "./call-options.ts";

const known: Readonly<Record<keyof CallOptions, true>> = {
  signal: true,
  timeoutMs: true,
  headers: true,
  query: true,
  metadata: true,
  encoding: true,
  retry: true,
  idempotencyKey: true,
  onResponse: true,
};

/** Rejects unknown call options: a misspelt `timeoutMS` must not be a call without a timeout. */
export function checkOptionNames(options: CallOptions): void {
  if (typeof options !== "object" || options === null) throw invalidArgument("options must be an object");
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name)) throw invalidArgument(`there is no option ${JSON.stringify(name)}`);
  }
}

/** Validates the options that are not validated where they are used. Interceptors may have changed them. */
export function checkCallOptions({ signal, idempotencyKey, onResponse }: CallOptions): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgument("signal must be an AbortSignal");
  }
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== "string" || idempotencyKey === "")) {
    throw invalidArgument("idempotencyKey must be a non-empty string");
  }
  if (onResponse !== undefined && typeof onResponse !== "function") {
    throw invalidArgument("onResponse must be a function");
  }
}
