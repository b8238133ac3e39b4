import { invalidArgument } from "../errors/invalid-argument.ts";
import type { RpcError } from "../errors/rpc-error.ts";
import type { HeaderList } from "../http/http-exchange.ts";
import { formatGrpcTimeout } from "../policies/grpc-timeout.ts";
import type { CallOptions } from "./call-options.ts";
import type { HeaderValues } from "./dynamic-headers.ts";
import { checkedNamedValues } from "./named-values.ts";
import { checkedHeaderName, checkedHeaderValue, isCredential, pushMetadata } from "./request-headers.ts";
import type { TransportSettings } from "./rest-transport-options.ts";

/** What a call has of its own, as it was when the call began. */
interface OwnHeaders {
  /** Names of headers, in lower case. Metadata has none: it stands beside what has the same name. */
  readonly names: ReadonlySet<string>;
  readonly list: HeaderList;
}

const nothing: OwnHeaders = { names: new Set(), list: [] };

/** The headers of a call that stay the same from attempt to attempt. */
export class CallHeaders {
  readonly #list: HeaderList;
  readonly #own: OwnHeaders;
  /** What was made last: where these are the method's own, most first attempts have the same deadline. */
  #timed: HeaderList = [];
  #timedFor: number | undefined;

  constructor(list: HeaderList, own = nothing) {
    this.#list = list;
    this.#own = own;
  }

  /** Names, in lower case, of those that the caller gave for this call. */
  get own(): ReadonlySet<string> {
    return this.#own.names;
  }

  /** Whether the call has headers or metadata that other calls do not have. */
  get hasOwn(): boolean {
    return this.#own !== nothing;
  }

  /** Lays the headers that a call has of its own over these, which every call has. */
  and(options: CallOptions, settings: TransportSettings): CallHeaders {
    const { headers, metadata, idempotencyKey } = options;
    if (headers === undefined && metadata === undefined && idempotencyKey === undefined) return this;
    return this.#with(ownHeaders(options, settings));
  }

  /** Lays those that another call's headers were given over these. */
  andOwnOf(other: CallHeaders): CallHeaders {
    return other.hasOwn ? this.#with(other.#own) : this;
  }

  /** The values of the call's own headers and metadata that, by their names, are secrets; bytes also as they are. */
  get secrets(): string[] {
    const secrets: string[] = [];
    const { list } = this.#own;
    for (let i = 0; i < list.length; i += 2) {
      const name = (list[i] as string).toLowerCase();
      if (!isCredential(name)) continue;
      const values = [list[i + 1] ?? []].flat();
      secrets.push(...values);
      if (/^grpc-metadata-.*-bin$/.test(name)) {
        secrets.push(...values.map((value) => Buffer.from(value, "base64").toString("latin1")));
      }
    }
    return secrets;
  }

  #with(own: OwnHeaders): CallHeaders {
    const list: HeaderList[number][] = [];
    for (let i = 0; i < this.#list.length; i += 2) {
      const name = this.#list[i] as string;
      if (!own.names.has(name)) list.push(name, this.#list[i + 1] as string);
    }
    return new CallHeaders([...list, ...own.list], own);
  }

  /** All headers of one attempt. */
  ofAttempt(asked: HeaderValues, timeoutHeader: string | undefined, remainingMs: number): HeaderList {
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
  { headers = {}, metadata, idempotencyKey }: CallOptions,
  settings: TransportSettings,
): OwnHeaders {
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
  const list: HeaderList[number][] = [...own].flat();
  if (metadata !== undefined) {
    checkedNamedValues("metadata", metadata);
    const secret = Object.keys(metadata).find((key) => isCredential(key.toLowerCase()));
    if (settings.refusesCredentials && secret !== undefined) throw refusedCredential(`metadata: ${secret}`);
    pushMetadata(list, metadata);
  }
  return { names: new Set(own.keys()), list };
}

/** The error for a secret that would travel in the open. */
export function refusedCredential(option: string): RpcError {
  return invalidArgument(
    `${option}: a credential would go over http: to another host, for all to read; use https:, or set allowInsecure`,
  );
}
