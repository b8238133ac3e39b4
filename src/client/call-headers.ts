import { invalidArgument } from "../errors/invalid-argument.ts";
import type { RpcError } from "../errors/rpc-error.ts";
import { formatGrpcTimeout } from "../policies/grpc-timeout.ts";
import type { HeaderList } from "../wire/wire.ts";
import type { AskedValues } from "./asked-headers.ts";
import type { CallOptions } from "./call-options.ts";
import { checkedNamedValues } from "./named-values.ts";
import { checkedHeaderName, checkedHeaderValue, isCredential, pushMetadata } from "./request-headers.ts";
import type { TransportSettings } from "./rest-transport-options.ts";

const nothing: ReadonlySet<string> = new Set();

/** The headers of a call that stay the same from attempt to attempt. */
export class CallHeaders {
  /** Names, in lower case, of those that the caller gave for this call. */
  readonly own: ReadonlySet<string>;
  readonly #list: HeaderList;
  /** What was made last: where these are the method's own, most first attempts have the same deadline. */
  #timed: HeaderList = [];
  #timedFor: number | undefined;

  constructor(list: HeaderList, own = nothing) {
    this.#list = list;
    this.own = own;
  }

  /** Lays the headers that a call has of its own over these, which every call has. */
  and(options: CallOptions, settings: TransportSettings): CallHeaders {
    const { headers, metadata, idempotencyKey } = options;
    if (headers === undefined && metadata === undefined && idempotencyKey === undefined) return this;
    const own = ownHeaders(options, settings);
    const list: HeaderList[number][] = [];
    for (let i = 0; i < this.#list.length; i += 2) {
      const name = this.#list[i] as string;
      if (!own.has(name)) list.push(name, this.#list[i + 1] as string);
    }
    for (const [name, value] of own) list.push(name, value);
    if (metadata !== undefined) {
      checkedNamedValues("metadata", metadata);
      const secret = Object.keys(metadata).find((key) => isCredential(key.toLowerCase()));
      if (settings.refusesCredentials && secret !== undefined) throw refusedCredential(`metadata: ${secret}`);
      pushMetadata(list, metadata);
    }
    return new CallHeaders(list, new Set(own.keys()));
  }

  /** All headers of one attempt. */
  ofAttempt(asked: AskedValues, timeoutHeader: string | undefined, remainingMs: number): HeaderList {
    const isTimed = timeoutHeader !== undefined && remainingMs !== Number.POSITIVE_INFINITY;
    const list = isTimed ? this.#withTimeout(timeoutHeader, remainingMs) : this.#list;
    return asked.size === 0 ? list : [...list, ...[...asked].flat()];
  }

  #withTimeout(timeoutHeader: string, remainingMs: number): HeaderList {
    if (this.#timedFor !== remainingMs) {
      this.#timed = [...this.#list, timeoutHeader, formatGrpcTimeout(remainingMs)];
      this.#timedFor = remainingMs;
    }
    return this.#timed;
  }
}

function ownHeaders(
  { headers = {}, idempotencyKey }: CallOptions,
  settings: TransportSettings,
): Map<string, string> {
  const own = new Map<string, string>();
  for (const [name, value] of Object.entries(checkedNamedValues("headers", headers))) {
    if (value === undefined) continue;
    const lower = checkedHeaderName(name, "headers");
    if (lower === settings.timeoutHeader) throw invalidArgument(`headers: ${name} is what timeoutMs sets`);
    if (settings.refusesCredentials && isCredential(lower)) throw refusedCredential(`headers: ${name}`);
    own.set(lower, checkedHeaderValue(name, value, "headers"));
  }
  if (idempotencyKey !== undefined) {
    own.set("idempotency-key", checkedHeaderValue("Idempotency-Key", idempotencyKey, "idempotencyKey"));
  }
  return own;
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

/** The error for a secret that would travel in the open. */
export function refusedCredential(option: string): RpcError {
  return invalidArgument(
    `${option}: a credential would go over http: to another host, for all to read; use https:, or set allowInsecure`,
  );
}
