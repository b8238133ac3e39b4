import type { HttpHeaders } from "../../errors/http-headers.ts";
import type { RawHeaders } from "./raw-headers.ts";

/** One request as it came over the wire, and what it was answered with. */
export interface RecordedRequest {
  /** The rpc that it was for, for instance `"bytenite.customer.Customer/RunJob"`; undefined if for none. */
  readonly rpc: string | undefined;
  /** The HTTP method. */
  readonly method: string;
  /**
   * The request target as it came: the path and the query, with all its escapes. A client that takes the server for a proxy
   * writes scheme and host in front.
   */
  readonly path: string;
  /** By name in lower case. */
  readonly headers: HttpHeaders;
  /** Names and values in turn, as the caller wrote them. */
  readonly rawHeaders: RawHeaders;
  /** The body; of one that is too long, nothing. */
  readonly requestBytes: Uint8Array;
  /** The HTTP status of the answer; undefined as long as there is none. */
  readonly status: number | undefined;
  /** What the server set, by name in lower case; what Node adds (`date`, `connection`) is not among it. */
  readonly responseHeaders: HttpHeaders;
  /** The body of the answer, also where a fault sent only a part of it. */
  readonly responseBytes: Uint8Array;
  /** What a handler threw, if it was no StatusError. The caller is not told. */
  readonly thrown: unknown;
}

/** The parts of a record that become known after it is made. */
export type OpenRecord = { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] };

/** The last requests of a server, oldest first. */
export class RequestLog {
  readonly #limit: number;
  readonly #records: RecordedRequest[] = [];
  readonly #waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();
  #count = 0;

  /** @param limit how many are kept; `0` keeps none */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get records(): readonly RecordedRequest[] {
    return this.#records;
  }

  /** How many were ever added. */
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

  /** Resolves once `count` requests were added, counted from the start. */
  reached(count: number): Promise<void> {
    if (this.#count >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.add({ count, resolve });
    });
  }
}
