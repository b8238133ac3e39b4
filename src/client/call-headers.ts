import { invalidArgument } from "../errors/invalid-argument.ts";
import type { RpcError } from "../errors/rpc-error.ts";
import { formatGrpcTimeout } from "../policies/grpc-timeout.ts";
import type { AskedValues } from "./asked-headers.ts";
import type { CallOptions } from "./call-options.ts";
import { checkedNamedValues } from "./named-values.ts";
import { checkedHeaderName, checkedHeaderValue, isCredential, pushMetadata } from "./request-headers.ts";
import type { TransportSettings } from "./rest-transport-options.ts";

/** The headers of a call that stay the same from attempt to attempt. */
export interface CallHeaders {
  /** Names and values in turn. */
  readonly list: readonly string[];
  /** Names, in lower case, of those that the caller gave for this call. */
  readonly own: ReadonlySet<string>;
  /** Whether the list is the method's own, the same for call after call. */
  readonly isShared: boolean;
}

const nothing: ReadonlySet<string> = new Set();

/** Lays the headers that a call has of its own over those that every call has. */
export function headersOfCall(
  fixed: readonly string[],
  { headers, metadata, idempotencyKey }: CallOptions,
  settings: TransportSettings,
): CallHeaders {
  if (headers === undefined && metadata === undefined && idempotencyKey === undefined) {
    return { list: fixed, own: nothing, isShared: true };
  }
  const own = new Map<string, string>();
  for (const [name, value] of headers === undefined
    ? []
    : Object.entries(checkedNamedValues("headers", headers))) {
    if (value === undefined) continue;
    const lower = checkedHeaderName(name, "headers");
    if (lower === settings.timeoutHeader) throw invalidArgument(`headers: ${name} is what timeoutMs sets`);
    if (settings.refusesCredentials && isCredential(lower)) throw refusedCredential(`headers: ${name}`);
    own.set(lower, checkedHeaderValue(name, value, "headers"));
  }
  if (idempotencyKey !== undefined) {
    own.set("idempotency-key", checkedHeaderValue("Idempotency-Key", idempotencyKey, "idempotencyKey"));
  }
  const list: string[] = [];
  for (let i = 0; i < fixed.length; i += 2) {
    const name = fixed[i] as string;
    if (!own.has(name)) list.push(name, fixed[i + 1] as string);
  }
  for (const [name, value] of own) list.push(name, value);
  if (metadata !== undefined) {
    checkedNamedValues("metadata", metadata);
    const secret = Object.keys(metadata).find((key) => isCredential(key.toLowerCase()));
    if (settings.refusesCredentials && secret !== undefined) throw refusedCredential(`metadata: ${secret}`);
    pushMetadata(list, metadata);
  }
  return { list, own: new Set(own.keys()), isShared: false };
}

/** The values of a call's own headers and metadata that, by their names, are secrets. */
export function secretsOfCall({ headers = {}, metadata = {} }: CallOptions): string[] {
  const named = [...Object.entries(headers), ...Object.entries(metadata)];
  return named.flatMap(([name, value]) => {
    if (value === undefined || !isCredential(name.toLowerCase())) return [];
    return [value]
      .flat()
      .map((each) => (typeof each === "string" ? each : Buffer.from(each).toString("base64")));
  });
}

/** All headers of one attempt, names and values in turn. */
export function headersOfAttempt(
  call: CallHeaders,
  asked: AskedValues,
  timeoutHeader: string | undefined,
  remainingMs: number,
): readonly string[] {
  const list =
    timeoutHeader === undefined || remainingMs === Number.POSITIVE_INFINITY
      ? call.list
      : withTimeout(call, timeoutHeader, remainingMs);
  if (asked.size === 0) return list;
  return [...list, ...[...asked].flat()];
}

/** What was made last of a shared list: most first attempts have the same deadline. */
const timed = new WeakMap<readonly string[], TimedList>();

interface TimedList {
  readonly remainingMs: number;
  readonly list: readonly string[];
}

function withTimeout(
  { list, isShared }: CallHeaders,
  timeoutHeader: string,
  remainingMs: number,
): readonly string[] {
  const last = isShared ? timed.get(list) : undefined;
  if (last?.remainingMs === remainingMs) return last.list;
  const made = [...list, timeoutHeader, formatGrpcTimeout(remainingMs)];
  if (isShared) timed.set(list, { remainingMs, list: made });
  return made;
}

/** The error for a secret that would travel in the open. */
export function refusedCredential(option: string): RpcError {
  return invalidArgument(
    `${option}: a credential would go over http: to another host, for all to read; use https:, or set allowInsecure`,
  );
}
