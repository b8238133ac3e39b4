import { Code, ConnectError } from "@connectrpc/connect";
import { LONGEST_TIMER_MS } from "../policies/deadlines.ts";

/** The time that a call has, with all that interceptors do around it. */
export class CallDeadline {
  readonly #timeoutMs: number | undefined;
  readonly #startedAt = performance.now();

  /** @param timeoutMs as Connect has it: 0 and less is none, and so is Infinity */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs <= 0 || timeoutMs === Number.POSITIVE_INFINITY ? undefined : timeoutMs;
  }

  /** What Connect's own timer is given, in milliseconds: undefined where none is needed, or none reaches so far. */
  get timerMs(): number | undefined {
    return this.#timeoutMs !== undefined && this.#timeoutMs <= LONGEST_TIMER_MS ? this.#timeoutMs : undefined;
  }

  /** What is left for one more call of `next`, in milliseconds, as a call of ours takes it: 0 is none. */
  remainingMs(): number {
    if (this.#timeoutMs === undefined) return 0;
    const remaining = this.#timeoutMs - (performance.now() - this.#startedAt);
    if (remaining <= 0) throw new ConnectError("the operation timed out", Code.DeadlineExceeded);
    return remaining;
  }

  /**
   * A signal without this deadline. Connect's timer aborts the signal that interceptors see; a call of ours has a timer
   * too, and what it says then knows whether the call happened.
   */
  without(signal: AbortSignal): { readonly signal: AbortSignal; readonly release: () => void } {
    const controller = new AbortController();
    const forward = () => {
      if (!this.#isBehind(signal.reason)) controller.abort(signal.reason);
    };
    if (signal.aborted) forward();
    signal.addEventListener("abort", forward);
    return { signal: controller.signal, release: () => signal.removeEventListener("abort", forward) };
  }

  #isBehind(reason: unknown): boolean {
    if (!(reason instanceof ConnectError) || reason.code !== Code.DeadlineExceeded) return false;
    // An interceptor may have set a shorter one. Timers may fire a millisecond early.
    return this.#timeoutMs !== undefined && performance.now() - this.#startedAt >= this.#timeoutMs - 1;
  }
}
