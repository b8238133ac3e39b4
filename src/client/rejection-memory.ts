/** How long a server that does not understand something is not tried with it again, in milliseconds. */
const MEMORY_MS = 5 * 60_000;

/**
 * Remembers that a server does not understand something: binary, or compressed requests. So this costs one extra request,
 * and not one for each call.
 */
export class RejectionMemory {
  #until = 0;
  #isConfirmed = false;

  /** The server has rejected it. */
  remember(): void {
    this.#until = performance.now() + MEMORY_MS;
  }

  /** Whether the server has rejected it within the last 5 minutes. */
  get isFresh(): boolean {
    return this.#until !== 0 && performance.now() < this.#until;
  }

  /** The server has understood it. */
  confirm(): void {
    this.#isConfirmed = true;
  }

  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }
}
