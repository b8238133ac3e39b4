/** The state of a shutdown: whether the service accepts calls, and the signal that cancels those in flight. */
export class Lifecycle {
  readonly #cutOff = new AbortController();
  #isReady = true;

  /** Whether a load balancer should send calls. It becomes false when the shutdown begins. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Aborts every call in flight. */
  get cutOff(): AbortSignal {
    return this.#cutOff.signal;
  }

  beginShutdown(): void {
    this.#isReady = false;
  }

  cutOffCalls(): void {
    this.#cutOff.abort(new Error("the service is shutting down"));
  }
}
