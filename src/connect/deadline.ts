import { Code, ConnectError } from "@connectrpc/connect";
import { LONGEST_TIMER_MS } from "../policies/deadlines.ts";

/** The deadline of a call, interceptors included. */
export class CallDeadline {
  readonly #timeoutMs: number | undefined;
  readonly #startedAt = performance.now();

  /** @param timeoutMs in milliseconds, as in Connect: 0, less and Infinity are no timeout */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs <= 0 || timeoutMs === Number.POSITIVE_INFINITY ? undefined : timeoutMs;
  }

  /** The remaining time for Connect's own timer, in milliseconds; undefined if there is none, or it is too long for a timer. */
  get timerMs(): number | undefined {
    const ms = Math.ceil(this.remainingMs());
    return ms > 0 && ms <= LONGEST_TIMER_MS ? ms : undefined;
  }

  /** The remaining time, in milliseconds; 0 is no timeout. */
  remainingMs(): number {
    if (this.#timeoutMs === undefined) return 0;
    const remaining = this.#timeoutMs - (performance.now() - this.#startedAt);
    if (remaining <= 0) throw new ConnectError("the operation timed out", Code.DeadlineExceeded);
    return remaining;
  }

  /**
   * Returns a signal that ignores Connect's timer for this deadline. The call has its own timer, and only that one's error
   * has an outcome.
   */
  without(signal: AbortSignal): { readonly signal: AbortSignal; readonly release: () => void } {
    const controller = new AbortController();
    const forward = () => {
      if (!this.#isReasonOf(signal.reason)) controller.abort(signal.reason);
    };
    if (signal.aborted) forward();
    signal.addEventListener("abort", forward);
    return { signal: controller.signal, release: () => signal.removeEventListener("abort", forward) };
  }

  #isReasonOf(reason: unknown): boolean {
    if (!(reason instanceof ConnectError) || reason.code !== Code.DeadlineExceeded) return false;
    // An interceptor may set a shorter timeout. Timers may fire a millisecond early.
    return this.#timeoutMs !== undefined && performance.now() - this.#startedAt >= this.#timeoutMs - 1;
  }
}
