import { Code } from "../errors/code.ts";
import { type Deadline, Deadlines, LONGEST_TIMER_MS } from "./deadlines.ts";

/** Why a call ended before its response came. */
export interface CallEnd {
  readonly code: typeof Code.DeadlineExceeded | typeof Code.Cancelled;
  readonly reason: string;
  /** The caller's own reason, where a signal ended the call. */
  readonly cause: unknown;
}

/** Is notified when a call has to stop. */
export interface EndListener {
  onEnd(end: CallEnd): void;
}

/**
 * The deadline and the signal of one call. They apply to all of its attempts, waits and token fetches. The current step of
 * the call sets a listener, which is notified once.
 */
export class CallScope implements Deadline {
  /** When the call began, in milliseconds on the clock of performance.now(). */
  readonly startedAt = performance.now();
  /** Infinity without a deadline. */
  readonly passesAt: number;
  earlier: Deadline | undefined = undefined;
  later: Deadline | undefined = undefined;
  readonly #timeoutMs: number;
  readonly #deadlines: Deadlines | undefined;
  readonly #signal: AbortSignal | undefined;
  #listener: EndListener | undefined;
  #end: CallEnd | undefined;

  /**
   * @param timeoutMs 0 for no deadline
   * @param deadlines the deadlines of all calls with the same timeout
   */
  constructor(timeoutMs: number, signal: AbortSignal | undefined, deadlines = new Deadlines()) {
    this.#timeoutMs = timeoutMs;
    this.passesAt = timeoutMs === 0 ? Number.POSITIVE_INFINITY : this.startedAt + timeoutMs;
    this.#signal = signal;
    if (signal?.aborted) {
      this.handleEvent();
      return;
    }
    if (timeoutMs > 0) {
      this.#deadlines = deadlines;
      deadlines.add(this, this.startedAt);
    }
    signal?.addEventListener("abort", this);
  }

  /** Makes this object the listener of the signal, which saves a closure for each call. */
  handleEvent(): void {
    const reason: unknown = this.#signal?.reason;
    if (isTimeout(reason))
      this.#finish(Code.DeadlineExceeded, "the deadline of the caller's signal passed", reason);
    else this.#finish(Code.Cancelled, "cancelled by the caller", reason);
  }

  /** Why the call has to stop; undefined while it may go on. */
  get end(): CallEnd | undefined {
    return this.#end;
  }

  /** The remaining time in milliseconds, above 0 while the call goes on; Infinity without a deadline. */
  remainingMs(now = performance.now()): number {
    // `passesAt - now` would differ from the timeout by a rounding error.
    if (now === this.startedAt && this.#timeoutMs > 0) return this.#timeoutMs;
    return Math.max(this.passesAt - now, 0);
  }

  /**
   * Notifies `listener` when the deadline passes or the signal fires, or at once if that has happened. It replaces the
   * previous listener, because a call does one thing at a time.
   */
  setListener(listener: EndListener): void {
    if (this.#end === undefined) this.#listener = listener;
    else listener.onEnd(this.#end);
  }

  /** Waits for a promise until the call has to stop. */
  race<T>(promise: Promise<T>): Promise<{ readonly value: T } | { readonly end: CallEnd }> {
    if (this.#end !== undefined) {
      // Nobody waits for the promise any more, so its rejection must not be unhandled.
      promise.catch(() => undefined);
      return Promise.resolve({ end: this.#end });
    }
    return new Promise((resolve, reject) => {
      this.setListener({ onEnd: (end) => resolve({ end }) });
      promise.then((value) => resolve({ value }), reject);
    });
  }

  /**
   * Waits between two attempts, in milliseconds. The wait ends early with the reason if the call has to stop, or with
   * `"woken"` if the function that `onWait` received is called.
   *
   * @param onWait receives the function that ends the wait, and returns the function to call after the wait
   */
  async pause(ms: number, onWait: (wake: () => void) => () => void): Promise<CallEnd | "woken" | undefined> {
    if (this.#end !== undefined) return this.#end;
    let timer: NodeJS.Timeout | undefined;
    let afterWait: (() => void) | undefined;
    try {
      return await new Promise((resolve) => {
        timer = setTimeout(resolve, Math.min(ms, LONGEST_TIMER_MS), undefined);
        this.setListener({ onEnd: resolve });
        afterWait = onWait(() => resolve("woken"));
      });
    } finally {
      clearTimeout(timer);
      this.#listener = undefined;
      afterWait?.();
    }
  }

  /** Ends the call for a reason of its transport. */
  cancel(reason: string): void {
    this.#finish(Code.Cancelled, reason, undefined);
  }

  /** Releases the deadline and the signal. It must be called when the call is over. */
  close(): void {
    this.#deadlines?.remove(this);
    this.#signal?.removeEventListener("abort", this);
    this.#listener = undefined;
  }

  onPassed(): void {
    this.#finish(Code.DeadlineExceeded, `no response within ${Math.ceil(this.#timeoutMs)} ms`, undefined);
  }

  #finish(code: CallEnd["code"], reason: string, cause: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { code, reason, cause };
    const listener = this.#listener;
    this.close();
    listener?.onEnd(this.#end);
  }
}

/**
 * Whether a reason is that of `AbortSignal.timeout`, which `AbortSignal.any` passes on. It compares the name, because the
 * reason may come from another realm.
 */
function isTimeout(reason: unknown): boolean {
  return typeof reason === "object" && reason !== null && "name" in reason && reason.name === "TimeoutError";
}
