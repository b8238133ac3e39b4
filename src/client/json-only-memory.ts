/** How long a server that speaks JSON only is not tried in binary again, in milliseconds. */
const MEMORY_MS = 5 * 60_000;

/** Remembers that a server speaks JSON only, so that this costs one extra request and not one for each call. */
export class JsonOnlyMemory {
  #until = 0;

  remember(): void {
    this.#until = performance.now() + MEMORY_MS;
  }

  get isFresh(): boolean {
    return this.#until !== 0 && performance.now() < this.#until;
  }
}
