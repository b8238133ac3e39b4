import type { Code } from "../errors/code.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { checkedHeaderValue } from "./request-headers.ts";

/** A header whose value is resolved on every attempt: a function of the caller's, or an access token. */
export interface DynamicHeader {
  /** In lower case. */
  readonly name: string;
  /** @param remainingMs how long the call can wait for the value, in milliseconds */
  readonly getValue: (remainingMs: number) => string | Promise<string>;
  /** The value, if it is always the same. */
  readonly fixedValue?: string;
  /** The option to name in errors, for instance `"accessToken"`. */
  readonly option: string;
  /** The code of the error if `getValue` fails. */
  readonly failureCode: Code;
  /** Called with a value that the server rejected (401). Present only if `getValue` may return another one then. */
  readonly onRejected?: (value: string) => void;
  /** Secrets to redact besides the resolved values, such as the API key behind a token. */
  readonly secrets?: readonly string[];
}

/** Resolved values by the header's name. */
export type HeaderValues = ReadonlyMap<string, string>;

const none: HeaderValues = new Map();

/**
 * Resolves the values of headers concurrently. Returns a promise only if a value is one.
 *
 * @param except names of headers that the call's options set
 * @param remainingMs how long the call can wait, in milliseconds
 * @throws RpcError, outcome `not_sent`, if a value cannot be resolved or is invalid
 */
export function resolveHeaders(
  headers: readonly DynamicHeader[],
  except: ReadonlySet<string>,
  remainingMs: number,
): HeaderValues | Promise<HeaderValues> {
  if (headers.length === 0) return none;
  const values = new Map<string, string>();
  const waits: Promise<void>[] = [];
  for (const header of headers) {
    if (except.has(header.name)) continue;
    const value = getValueOf(header, remainingMs);
    if (typeof value === "string") {
      values.set(header.name, validated(header, value));
      continue;
    }
    const wait = value.then((text) => void values.set(header.name, validated(header, text)));
    // If a later header throws, this promise is abandoned, and its rejection must not be unhandled.
    wait.catch(() => undefined);
    waits.push(wait);
  }
  return waits.length === 0 ? values : Promise.all(waits).then(() => values);
}

function getValueOf(header: DynamicHeader, remainingMs: number): string | Promise<string> {
  try {
    const value = header.getValue(remainingMs);
    if (typeof value === "string") return value;
    return Promise.resolve(value).catch((cause) => {
      throw resolveError(header, cause);
    });
  } catch (cause) {
    throw resolveError(header, cause);
  }
}

function validated({ name, option }: DynamicHeader, value: string): string {
  const text = checkedHeaderValue(name, value, option);
  if (text === "") throw invalidArgument(`${option}: the value of ${name} is empty`);
  return text;
}

function resolveError({ option, name, failureCode }: DynamicHeader, cause: unknown): RpcError {
  if (cause instanceof RpcError) return cause;
  const reason = `${option}: the function for the value of ${name} failed`;
  return new RpcError({ code: failureCode, reason, outcome: "not_sent", cause });
}
