/** Where the server of a benchmark listens. */
export interface Origins {
  /** HTTP/1.1, in the clear. */
  readonly http1: string;
  /** HTTP/2, in the clear and without an upgrade. */
  readonly http2: string;
}

/** Makes one call and waits for its answer. */
export type Call = () => Promise<unknown>;

/** Gets ready to call, and gives the function that does. */
export type Way = (origins: Origins) => Promise<Call>;
