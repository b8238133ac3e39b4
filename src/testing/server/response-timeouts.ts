import { type Dispatcher, errors } from "undici";
import { LONGEST_TIMER_MS } from "../../policies/deadlines.ts";

/** How long a request waits for its answer, in milliseconds; 0: as long as it takes. */
export interface ResponseTimeouts {
  readonly headersTimeout: number;
  /** Between two pieces of the body. */
  readonly bodyTimeout: number;
}

/** What undici's clients have where a request does not say otherwise, in milliseconds. */
const UNDICI_DEFAULT_MS = 300_000;

/** @throws InvalidArgumentError as undici does */
export function responseTimeouts(options: Dispatcher.DispatchOptions): ResponseTimeouts {
  const { headersTimeout, bodyTimeout } = options;
  return {
    headersTimeout: checked("headersTimeout", headersTimeout),
    bodyTimeout: checked("bodyTimeout", bodyTimeout),
  };
}

function checked(name: keyof ResponseTimeouts, ms: number | null | undefined): number {
  if (ms === null || ms === undefined) return UNDICI_DEFAULT_MS;
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new errors.InvalidArgumentError(`invalid ${name}`);
}

/**
 * Watches the silence on an exchange, as undici's parser does. With the global timer, which a test may have put its own
 * in the place of; it keeps no process alive.
 */
export class SilenceTimer {
  #timer: NodeJS.Timeout | undefined;

  /** Waits from now on, and for nothing else. */
  start(ms: number, onSilence: () => void): void {
    this.stop();
    if (ms > 0) this.#timer = setTimeout(onSilence, Math.min(ms, LONGEST_TIMER_MS)).unref();
  }

  /** Something came: waits as long again, also if the time was over. */
  refresh(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
