import type { Redactor } from "../responses/redactor.ts";
import type { CallHeaders } from "./call-headers.ts";
import type { DynamicHeader, HeaderValues } from "./dynamic-headers.ts";

const noHeaderValues: HeaderValues = new Map();
const noValues: readonly string[] = [];

/** The values of the dynamic headers that a call has sent. */
export class SentHeaderValues {
  #current = noHeaderValues;
  /** Those of earlier attempts: a server may repeat a token that it was sent before. */
  #earlier = noValues;

  /** Those of the attempt that is in flight, or was last. */
  get current(): HeaderValues {
    return this.#current;
  }

  /** Takes the values of the next attempt. */
  replace(values: HeaderValues): void {
    if (this.#current.size > 0) this.#earlier = [...this.#earlier, ...this.#current.values()];
    this.#current = values;
  }

  /** Which of the headers that were sent may have another value after a 401. */
  renewable(headers: readonly DynamicHeader[]): readonly DynamicHeader[] {
    return headers.filter(({ name, onRejected }) => onRejected !== undefined && this.#current.has(name));
  }

  /** Redacts what the transport always sends, and what this call has sent so far. */
  redactor(ofTransport: Redactor, headers: CallHeaders): Redactor {
    if (this.#current.size === 0 && !headers.hasOwn) return ofTransport;
    return ofTransport.andOf({ current: this.#current, earlier: this.#earlier, headers });
  }
}
