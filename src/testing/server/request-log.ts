import type { HttpHeaders } from "../../errors/http-headers.ts";
import type { RawHeaders } from "./raw-headers.ts";

/** A request as the server received it, and the response. */
export interface RecordedRequest {
  /** The rpc, for instance `"bytenite.customer.Customer/RunJob"`; undefined if no route matches. */
  readonly rpc: string | undefined;
  /** The HTTP method. */
  readonly method: string;
  /**
   * The request target as received: path and query with all their escapes. A client that takes the server for a proxy sends
   * an absolute URL.
   */
  readonly path: string;
  /** By name in lower case. */
  readonly headers: HttpHeaders;
  /** Names and values in turn, as the client sent them. */
  readonly rawHeaders: RawHeaders;
  /**
   * The body as it was received, possibly compressed; empty if it is longer than the limit. Of a stream, the first 64 KiB
   * of what has come.
   */
  readonly requestBytes: Uint8Array;
  /** The HTTP status of the response; undefined until there is one. */
  readonly status: number | undefined;
  /** The headers that the server set, by name in lower case, without those that Node adds (`date`, `connection`). */
  readonly responseHeaders: HttpHeaders;
  /** The complete body of the response, even if a fault sent only a part of it. Of a stream, the first 64 KiB. */
  readonly responseBytes: Uint8Array;
  /** How many messages of the request the server has decoded; undefined if the rpc takes no stream. */
  readonly requestMessages: number | undefined;
  /** How many messages the server has sent; undefined if the response is no stream. */
  readonly responseMessages: number | undefined;
  /** What a handler threw, if it is not a StatusError. The response does not contain it. */
  readonly thrown: unknown;
}

/** A record that is still written to. */
export type OpenRecord = { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] };

/** Keeps the last requests of a server, oldest first. */
export class RequestLog {
  readonly #limit: number;
  readonly #records: RecordedRequest[] = [];
  readonly #waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();
  #count = 0;

  /** @param limit how many requests are kept; `0` keeps none */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get records(): readonly RecordedRequest[] {
    return this.#records;
  }

  /** How many requests were added since the start. */
  get count(): number {
    return this.#count;
  }

  add(record: RecordedRequest): void {
    this.#count++;
    if (this.#limit > 0) this.#records.push(record);
    if (this.#records.length > this.#limit) this.#records.shift();
    for (const waiter of this.#waiting) {
      if (waiter.count > this.#count) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  /** Resolves when `count` requests have been added since the start. */
  reached(count: number): Promise<void> {
    if (this.#count >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.add({ count, resolve });
    });
  }
}
