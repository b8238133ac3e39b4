import { Code, ConnectError } from "@connectrpc/connect";

/** The time that a call has, with all that interceptors do around it. */
export class CallDeadline {
  /** In milliseconds, as Connect takes it; undefined for none. */
  readonly timeoutMs: number | undefined;
  readonly #startedAt = performance.now();

  /** @param timeoutMs as Connect has it: 0 and less is none */
  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs <= 0 ? undefined : timeoutMs;
  }

  /** What is left for one more call of `next`, in milliseconds, as a call of ours takes it: 0 is none. */
  remainingMs(): number {
    if (this.timeoutMs === undefined) return 0;
    const remaining = this.timeoutMs - (performance.now() - this.#startedAt);
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
    const { timeoutMs } = this;
    return timeoutMs !== undefined && performance.now() - this.#startedAt >= timeoutMs - 1;
  }
}
