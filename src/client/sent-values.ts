import type { Redactor } from "../responses/redactor.ts";
import type { CallHeaders } from "./call-headers.ts";
import type { DynamicValue, ResolvedValues } from "./dynamic-values.ts";
import type { RequestQuery } from "./request-query.ts";

const noResolvedValues: ResolvedValues = new Map();
const noValues: readonly string[] = [];

/** The dynamic values that a call has sent. */
export class SentValues {
  #current = noResolvedValues;
  /** Those of earlier attempts: a server may repeat a token that it was sent before. */
  #earlier = noValues;

  /** Those of the attempt that is in flight, or was last. */
  get current(): ResolvedValues {
    return this.#current;
  }

  /** Takes the values of the next attempt. */
  replace(values: ResolvedValues): void {
    if (this.#current.size > 0) this.#earlier = [...this.#earlier, ...this.#current.values()];
    this.#current = values;
  }

  /** Which of the values that were sent may be other ones after a 401. */
  renewable(): readonly DynamicValue[] {
    return [...this.#current.keys()].filter(({ onRejected }) => onRejected !== undefined);
  }

  /** Redacts what the transport always sends, and what this call has sent so far. */
  redactor(ofTransport: Redactor, headers: CallHeaders, query: RequestQuery): Redactor {
    if (this.#current.size === 0 && !headers.hasOwn && query.own.size === 0) return ofTransport;
    return ofTransport.andOf({ current: this.#current, earlier: this.#earlier, headers, query });
  }
}
