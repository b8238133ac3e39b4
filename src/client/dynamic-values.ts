import { Code } from "../errors/code.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { checkedParameterValue } from "./query-parameters.ts";
import { checkedHeaderValue } from "./request-headers.ts";

/**
 * A header or a query parameter whose value is resolved on every attempt: a function of the caller's, or an access token.
 */
export interface DynamicValue {
  readonly place: "header" | "query";
  /** For a header, in lower case. */
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

/** A value from a function of the caller's, which gets no arguments. */
export function dynamicValue(
  place: DynamicValue["place"],
  name: string,
  source: () => string | Promise<string>,
  option: string,
): DynamicValue {
  return { place, name, getValue: () => source(), option, failureCode: Code.Unknown };
}

/** The values of an attempt. */
export type ResolvedValues = ReadonlyMap<DynamicValue, string>;

const none: ResolvedValues = new Map();

/**
 * Resolves values concurrently. Returns a promise only if a value is one.
 *
 * @param remainingMs how long the call can wait, in milliseconds
 * @throws RpcError, outcome `not_sent`, if a value cannot be resolved or is invalid
 */
export function resolveValues(
  dynamic: readonly DynamicValue[],
  remainingMs: number,
): ResolvedValues | Promise<ResolvedValues> {
  if (dynamic.length === 0) return none;
  const values = new Map<DynamicValue, string>();
  const waits: Promise<void>[] = [];
  for (const each of dynamic) {
    const value = getValueOf(each, remainingMs);
    if (typeof value === "string") {
      values.set(each, validated(each, value));
      continue;
    }
    const wait = value.then((text) => void values.set(each, validated(each, text)));
    // If a later function throws, this promise is abandoned, and its rejection must not be unhandled.
    wait.catch(() => undefined);
    waits.push(wait);
  }
  return waits.length === 0 ? values : Promise.all(waits).then(() => values);
}

function getValueOf(dynamic: DynamicValue, remainingMs: number): string | Promise<string> {
  try {
    const value = dynamic.getValue(remainingMs);
    if (typeof value === "string") return value;
    return Promise.resolve(value).catch((cause) => {
      throw resolveError(dynamic, cause);
    });
  } catch (cause) {
    throw resolveError(dynamic, cause);
  }
}

function validated({ place, name, option }: DynamicValue, value: string): string {
  const text =
    place === "header" ? checkedHeaderValue(name, value, option) : checkedParameterValue(name, value);
  if (text === "") throw invalidArgument(`${option}: the value of ${name} is empty`);
  return text;
}

function resolveError({ option, name, failureCode }: DynamicValue, cause: unknown): RpcError {
  if (cause instanceof RpcError) return cause;
  const reason = `${option}: the function for the value of ${name} failed`;
  return new RpcError({ code: failureCode, reason, outcome: "not_sent", cause });
}
