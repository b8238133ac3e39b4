import { invalidArgument } from "../errors/invalid-argument.ts";
import type { HeaderList } from "../http/http-exchange.ts";
import { formatGrpcTimeout } from "../policies/grpc-timeout.ts";
import type { CallOptions } from "./call-options.ts";
import type { ResolvedValues } from "./dynamic-values.ts";
import {
  checkedHeaderName,
  checkedHeaderValue,
  checkedNamedValues,
  insecureCredential,
  isCredential,
  pushMetadata,
} from "./request-headers.ts";
import type { TransportSettings } from "./rest-transport-options.ts";

/** The headers and metadata from a call's options, as they were when the call began. */
interface OwnHeaders {
  /** Names of headers, in lower case. Without metadata, which does not replace a header of the same name. */
  readonly names: ReadonlySet<string>;
  readonly list: HeaderList;
}

const none: OwnHeaders = { names: new Set(), list: [] };

/** The headers of a call that stay the same from attempt to attempt. */
export class CallHeaders {
  readonly #list: HeaderList;
  readonly #own: OwnHeaders;
  /** The last list with a timeout. Most first attempts of a method have the same timeout, and share it. */
  #timedList: HeaderList = [];
  #timedListMs: number | undefined;

  constructor(list: HeaderList, own = none) {
    this.#list = list;
    this.#own = own;
  }

  /** The names of headers from the call's options, in lower case. */
  get own(): ReadonlySet<string> {
    return this.#own.names;
  }

  /** Whether the call's options have headers or metadata. */
  get hasOwn(): boolean {
    return this.#own !== none;
  }

  /**
   * Adds the headers and metadata from a call's options, and the content type of a raw body. They replace headers of the
   * same name.
   */
  and(options: CallOptions, settings: TransportSettings, contentType?: string): CallHeaders {
    const { headers, metadata, idempotencyKey } = options;
    const hasOptions = headers !== undefined || metadata !== undefined || idempotencyKey !== undefined;
    if (!hasOptions && contentType === undefined) return this;
    return this.#with(ownHeaders(options, settings, contentType));
  }

  /** Adds the headers and metadata that `other` has from the call's options. */
  andOwnOf(other: CallHeaders): CallHeaders {
    return other.hasOwn ? this.#with(other.#own) : this;
  }

  /** The values that are secrets by the names of their headers or metadata. Binary metadata also in its decoded form. */
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

  withContentEncoding(coding: string): CallHeaders {
    return new CallHeaders([...this.#list, "content-encoding", coding], this.#own);
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
  ofAttempt(dynamic: ResolvedValues, timeoutHeader: string | undefined, remainingMs: number): HeaderList {
    const isTimed = timeoutHeader !== undefined && remainingMs !== Number.POSITIVE_INFINITY;
    const list = isTimed ? this.#withTimeout(timeoutHeader, remainingMs) : this.#list;
    return dynamic.size === 0 ? list : [...list, ...headersOf(dynamic)];
  }

  #withTimeout(timeoutHeader: string, remainingMs: number): HeaderList {
    if (this.#timedListMs !== remainingMs) {
      this.#timedList = [...this.#list, timeoutHeader, formatGrpcTimeout(remainingMs)];
      this.#timedListMs = remainingMs;
    }
    return this.#timedList;
  }
}

/** The headers among resolved values: names and values in turn. */
export function headersOf(values: ResolvedValues): string[] {
  return [...values].flatMap(([{ place, name }, value]) => (place === "header" ? [name, value] : []));
}

function ownHeaders(
  { headers = {}, metadata, idempotencyKey }: CallOptions,
  settings: TransportSettings,
  contentType: string | undefined,
): OwnHeaders {
  const own = new Map<string, string>();
  for (const [name, value] of Object.entries(checkedNamedValues("headers", headers))) {
    if (value === undefined) continue;
    const lower = checkedHeaderName(name, "headers");
    if (lower === settings.timeoutHeader) throw invalidArgument(`headers: ${name} is set by timeoutMs`);
    if (settings.forbidsCredentials && isCredential(lower)) throw insecureCredential(`headers: ${name}`);
    own.set(lower, checkedHeaderValue(name, value, "headers"));
  }
  if (contentType !== undefined) own.set("content-type", contentType);
  if (idempotencyKey !== undefined) {
    own.set("idempotency-key", checkedHeaderValue("Idempotency-Key", idempotencyKey, "idempotencyKey"));
  }
  const list: HeaderList[number][] = [...own].flat();
  if (metadata !== undefined) {
    checkedNamedValues("metadata", metadata);
    const secret = Object.keys(metadata).find((key) => isCredential(key.toLowerCase()));
    if (settings.forbidsCredentials && secret !== undefined) throw insecureCredential(`metadata: ${secret}`);
    pushMetadata(list, metadata);
  }
  return { names: new Set(own.keys()), list };
}
