import type { Dispatcher } from "undici";
import errors from "undici/lib/core/errors.js";
import { LONGEST_TIMER_MS } from "../../policies/deadlines.ts";

/** How long a request waits for its response, in milliseconds; 0 is no limit. */
export interface ResponseTimeouts {
  readonly headersTimeout: number;
  /** Between two chunks of the body. */
  readonly bodyTimeout: number;
}

/** The default of undici's clients, in milliseconds. */
const UNDICI_DEFAULT_MS = 300_000;

/** @throws InvalidArgumentError as undici does */
export function responseTimeouts(options: Dispatcher.DispatchOptions): ResponseTimeouts {
  const { headersTimeout, bodyTimeout } = options;
  return {
    headersTimeout: timeoutMs("headersTimeout", headersTimeout),
    bodyTimeout: timeoutMs("bodyTimeout", bodyTimeout),
  };
}

function timeoutMs(name: keyof ResponseTimeouts, ms: number | null | undefined): number {
  if (ms === null || ms === undefined) return UNDICI_DEFAULT_MS;
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new errors.InvalidArgumentError(`invalid ${name}`);
}

/**
 * Times out an idle exchange, as undici's parser does. It uses the global timer, so that a test's fake timers apply. The
 * timer is unreferenced.
 */
export class IdleTimer {
  #timer: NodeJS.Timeout | undefined;

  /** Starts the timer, instead of one that is running. */
  start(ms: number, onTimeout: () => void): void {
    this.stop();
    if (ms > 0) this.#timer = setTimeout(onTimeout, Math.min(ms, LONGEST_TIMER_MS)).unref();
  }

  /** Starts the same time anew, even if it has elapsed. */
  refresh(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
