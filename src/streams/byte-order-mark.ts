import { StreamFormatError } from "./stream-format-error.ts";

/** U+FEFF in UTF-8. */
const MARK = [0xef, 0xbb, 0xbf];

/** Skips a byte order mark at the start of a body, which may come in several chunks (RFC 8259, section 8.1). */
export class ByteOrderMark {
  /** How many bytes of the mark have come; all of them also if the body has none. */
  #count = 0;

  /** Where a chunk begins without the mark. */
  skip(chunk: Buffer): number {
    let at = 0;
    while (this.#count < MARK.length && at < chunk.length) {
      if (chunk[at] !== MARK[this.#count]) {
        if (this.#count > 0)
          throw new StreamFormatError("format", "the stream begins with half a byte order mark");
        this.#count = MARK.length;
        break;
      }
      at++;
      this.#count++;
    }
    return at;
  }

  /** @throws StreamFormatError if the body ended within the mark */
  end(): void {
    if (this.#count > 0 && this.#count < MARK.length) {
      throw new StreamFormatError("truncated", "the stream ended within a byte order mark");
    }
  }
}
