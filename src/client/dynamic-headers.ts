import type { Code } from "../errors/code.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { checkedHeaderValue } from "./request-headers.ts";

/** A header whose value is asked for on every attempt. */
export interface DynamicHeader {
  /** In lower case. */
  readonly name: string;
  /** @param remainingMs how long the call can wait for it, in milliseconds */
  readonly ask: (remainingMs: number) => string | Promise<string>;
  /** What the value is called in errors, for instance `"accessToken"`. */
  readonly option: string;
  /** The code of the error where asking fails. */
  readonly failureCode: Code;
  /** Told of a value that the server did not accept (401), where asking again may give another one. */
  readonly refused?: (value: string) => void;
  /** What no error may show besides its value, such as the key that the value is got for. */
  readonly secrets?: readonly string[];
}

/** The values that were given, by the header's name. */
export type HeaderValues = ReadonlyMap<string, string>;

const nothing: HeaderValues = new Map();

/**
 * Asks for the values of headers, at the same time. A promise only where there is something to wait for.
 *
 * @param except names of headers that the caller gave for this call
 * @param remainingMs how long the call can wait for them, in milliseconds
 * @throws RpcError, outcome `not_sent`, where there is no usable value
 */
export function resolveHeaders(
  headers: readonly DynamicHeader[],
  except: ReadonlySet<string>,
  remainingMs: number,
): HeaderValues | Promise<HeaderValues> {
  if (headers.length === 0) return nothing;
  const values = new Map<string, string>();
  const waits: Promise<void>[] = [];
  for (const header of headers) {
    if (except.has(header.name)) continue;
    const value = guarded(header, remainingMs);
    if (typeof value === "string") {
      values.set(header.name, usable(header, value));
      continue;
    }
    const wait = value.then((text) => void values.set(header.name, usable(header, text)));
    // The next one may throw, and then nobody waits for this one.
    wait.catch(() => undefined);
    waits.push(wait);
  }
  return waits.length === 0 ? values : Promise.all(waits).then(() => values);
}

function guarded(header: DynamicHeader, remainingMs: number): string | Promise<string> {
  try {
    const value = header.ask(remainingMs);
    if (typeof value === "string") return value;
    return Promise.resolve(value).catch((cause) => {
      throw failed(header, cause);
    });
  } catch (cause) {
    throw failed(header, cause);
  }
}

function usable({ name, option }: DynamicHeader, value: string): string {
  const text = checkedHeaderValue(name, value, option);
  if (text === "") throw invalidArgument(`${option}: the value of ${name} is empty`);
  return text;
}

function failed({ option, name, failureCode }: DynamicHeader, cause: unknown): RpcError {
  if (cause instanceof RpcError) return cause;
  const reason = `${option}: the function that gives the value of ${name} failed`;
  return new RpcError({ code: failureCode, reason, outcome: "not_sent", cause });
}
