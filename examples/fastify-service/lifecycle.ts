/** Whether the service takes work, and how its calls are ended that take too long to finish. */
export class Lifecycle {
  readonly #cutOff = new AbortController();
  #isReady = true;

  /** What a load balancer asks for. It turns false once, when the service begins to shut down. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Ends every call in flight when it fires. */
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
