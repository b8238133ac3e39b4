/** The origins of the benchmark's server. */
export interface Origins {
  /** HTTP/1.1 without TLS. */
  readonly http1: string;
  /** HTTP/2 without TLS and without an upgrade. */
  readonly http2: string;
}

/** Makes one call and waits for its response. */
export type Call = () => Promise<unknown>;

/** Prepares a client, and returns the function that calls. */
export type Way = (origins: Origins) => Promise<Call>;
