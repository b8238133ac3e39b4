/** Whoever waits for a deadline. */
export interface Expiring {
  /** Called when the time may be over; where the clock says otherwise, it is up to this to wait on. */
  onTimer(): void;
}

/** More than this lie idle only after a burst; they are not worth keeping. */
const MAX_IDLE = 1_024;
/** What a timer can hold; it does nothing when it fires. */
const KEEPER_MS = 2 ** 30;

/**
 * Timers of one duration that are used again and again. A call's deadline is hardly ever reached, and a timer that
 * is made for it and thrown away is the dearest part of a small call: about a tenth of its CPU time, most of it
 * garbage collection. Restarting one with `refresh()` makes no garbage.
 *
 * A timer that lies idle goes on to run, fires once and does nothing.
 */
export class DeadlineTimers {
  /** In milliseconds. */
  readonly durationMs: number;
  readonly #idle: DeadlineTimer[] = [];
  #inUse = 0;
  /** Keeps the process alive while a call waits; ref() and unref() of each timer would cost more. */
  #keeper: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(durationMs: number) {
    this.durationMs = durationMs;
  }

  start(owner: Expiring): DeadlineTimer {
    if (this.#inUse++ === 0) {
      this.#keeper ??= setInterval(nothing, KEEPER_MS);
      this.#keeper.ref();
    }
    const timer = this.#idle.pop() ?? new DeadlineTimer(this.durationMs);
    timer.start(owner);
    return timer;
  }

  stop(timer: DeadlineTimer): void {
    timer.owner = undefined;
    if (this.#isClosed || this.#idle.length >= MAX_IDLE) timer.clear();
    else this.#idle.push(timer);
    if (--this.#inUse > 0) return;
    this.#keeper?.unref();
    if (this.#isClosed) this.#clearKeeper();
  }

  /** Clears the timers that lie idle, and the others when they are stopped. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#idle.splice(0)) timer.clear();
    if (this.#inUse === 0) this.#clearKeeper();
  }

  #clearKeeper(): void {
    clearInterval(this.#keeper);
    this.#keeper = undefined;
  }
}

/** A timer of {@link DeadlineTimers}, which belongs to one owner after the other. */
export class DeadlineTimer {
  owner: Expiring | undefined;
  readonly #timeout: NodeJS.Timeout;
  #isNew = true;

  constructor(durationMs: number) {
    this.#timeout = setTimeout(fire, durationMs, this).unref();
  }

  start(owner: Expiring): void {
    this.owner = owner;
    if (!this.#isNew) this.#timeout.refresh();
    this.#isNew = false;
  }

  clear(): void {
    clearTimeout(this.#timeout);
  }
}

function fire(timer: DeadlineTimer): void {
  timer.owner?.onTimer();
}

function nothing(): void {
  // The keeper is there to be waited for, not to do anything.
}
