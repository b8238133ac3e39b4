import { Code } from "../errors/code.ts";
import { type Deadline, Deadlines, LONGEST_TIMER_MS } from "./deadlines.ts";

/** Why a call was ended before it had an answer. */
export interface CallEnd {
  readonly code: typeof Code.DeadlineExceeded | typeof Code.Cancelled;
  readonly reason: string;
  /** The caller's own reason, where a signal ended the call. */
  readonly cause: unknown;
}

/** Who is at work for a call, and has to stop when the call ends. */
export interface EndListener {
  onEnd(end: CallEnd): void;
}

/**
 * The time that a call has, whatever it is doing: one deadline and one signal over attempts, waits and
 * token fetches. Whoever is at work asks to be told, and is told once.
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
   * @param timeoutMs 0 is no deadline
   * @param deadlines of calls with the same time
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

  /** As the listener of the signal: an object needs no closure of its own for each call. */
  handleEvent(): void {
    const reason: unknown = this.#signal?.reason;
    if (isTimeout(reason))
      this.#finish(Code.DeadlineExceeded, "the deadline of the caller's signal passed", reason);
    else this.#finish(Code.Cancelled, "cancelled by the caller", reason);
  }

  /** Set once the call has to stop. */
  get end(): CallEnd | undefined {
    return this.#end;
  }

  /** The time left, in milliseconds, above 0 while the call goes on; Infinity without a deadline. */
  remainingMs(now = performance.now()): number {
    // Not by the sum and its difference, which floating point makes a little more or less of.
    if (now === this.startedAt && this.#timeoutMs > 0) return this.#timeoutMs;
    return Math.max(this.passesAt - now, 0);
  }

  /**
   * Tells `listener` when the deadline passes or the signal fires, or at once if that has happened. It takes the
   * place of the one before: a call does one thing at a time.
   */
  tell(listener: EndListener): void {
    if (this.#end === undefined) this.#listener = listener;
    else listener.onEnd(this.#end);
  }

  /** Waits for a promise, but no longer than the call may last. */
  race<T>(promise: Promise<T>): Promise<{ readonly value: T } | { readonly end: CallEnd }> {
    if (this.#end !== undefined) {
      // Whatever becomes of it, nobody waits for it any more.
      promise.catch(() => undefined);
      return Promise.resolve({ end: this.#end });
    }
    return new Promise((resolve, reject) => {
      this.tell({ onEnd: (end) => resolve({ end }) });
      promise.then((value) => resolve({ value }), reject);
    });
  }

  /**
   * Waits between two attempts, in milliseconds. Ends early with the reason if the call has to stop, or with
   * `"woken"` if `onWait`'s function is called.
   *
   * @param onWait is given the function that ends the wait, and gives back what is to be called after it
   */
  async pause(ms: number, onWait: (wake: () => void) => () => void): Promise<CallEnd | "woken" | undefined> {
    if (this.#end !== undefined) return this.#end;
    let timer: NodeJS.Timeout | undefined;
    let done: (() => void) | undefined;
    try {
      return await new Promise((resolve) => {
        timer = setTimeout(resolve, Math.min(ms, LONGEST_TIMER_MS), undefined);
        this.tell({ onEnd: resolve });
        done = onWait(() => resolve("woken"));
      });
    } finally {
      clearTimeout(timer);
      this.#listener = undefined;
      done?.();
    }
  }

  /** To be called when the call is over: nothing of it stays behind. */
  close(): void {
    this.#deadlines?.remove(this);
    this.#signal?.removeEventListener("abort", this);
    this.#listener = undefined;
  }

  onPassed(): void {
    this.#finish(Code.DeadlineExceeded, `no answer within ${Math.ceil(this.#timeoutMs)} ms`, undefined);
  }

  #finish(code: CallEnd["code"], reason: string, cause: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { code, reason, cause };
    const listener = this.#listener;
    this.close();
    listener?.onEnd(this.#end);
  }
}

/** What `AbortSignal.timeout` aborts with, and `AbortSignal.any` passes on. By its name: it may be of another realm. */
function isTimeout(reason: unknown): boolean {
  return typeof reason === "object" && reason !== null && "name" in reason && reason.name === "TimeoutError";
}
