/** Chunks that wait. To take one costs the same however many there are, unlike `shift()` of a long array. */
export class ChunkQueue {
  #chunks: Uint8Array[] = [];
  #at = 0;
  #later: Uint8Array[] = [];
  #byteLength = 0;

  /** How many bytes wait. */
  get byteLength(): number {
    return this.#byteLength;
  }

  push(chunk: Uint8Array): void {
    this.#later.push(chunk);
    this.#byteLength += chunk.length;
  }

  /** Takes the oldest chunk; undefined if there is none. */
  shift(): Uint8Array | undefined {
    if (this.#at === this.#chunks.length) {
      if (this.#later.length === 0) return undefined;
      this.#chunks = this.#later;
      this.#later = [];
      this.#at = 0;
    }
    const chunk = this.#chunks[this.#at++] as Uint8Array;
    this.#byteLength -= chunk.length;
    return chunk;
  }

  clear(): void {
    this.#chunks = [];
    this.#later = [];
    this.#at = 0;
    this.#byteLength = 0;
  }
}
