/** The longest timer, 2^31 − 1 ms (24.8 days). Node.js fires a longer one at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A timer that is late by more than this is not just waiting for its turn. */
const OVERDUE_MS = 100;

/** A point in time with a callback. */
export interface Deadline {
  /** In milliseconds, on the clock of performance.now(). */
  readonly passesAt: number;
  onPassed(): void;
  /** The neighbours in the list of {@link Deadlines}, which alone sets them. */
  earlier: Deadline | undefined;
  later: Deadline | undefined;
}

/**
 * Deadlines with the same timeout. They pass in the order in which they were added, so that one timer, for the first of
 * them, is enough. A timer for each call would take a fifth of the client's time for a call.
 */
export class Deadlines {
  #first: Deadline | undefined;
  #last: Deadline | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Adds a deadline that passes no earlier than those before it.
   *
   * @param now the present, on the clock of performance.now()
   */
  add(deadline: Deadline, now: number): void {
    const last = this.#last;
    this.#last = deadline;
    if (last === undefined) {
      this.#first = deadline;
      this.#setTimer(deadline, now);
    } else {
      last.later = deadline;
      deadline.earlier = last;
      this.#watchTimer(now);
    }
  }

  /** Removes a deadline, if it is in the list. Without deadlines there is no timer. */
  remove(deadline: Deadline): void {
    const { earlier, later } = deadline;
    if (earlier !== undefined) earlier.later = later;
    else if (this.#first === deadline) this.#first = later;
    else return;
    if (later !== undefined) later.earlier = earlier;
    else this.#last = earlier;
    deadline.earlier = undefined;
    deadline.later = undefined;
    // The timer of a removed deadline stays while others wait: to let it fire too early costs less than a new timer.
    if (this.#last === undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  /** Handles the timer. It fires early if its deadline was removed, or is later than the longest timer. */
  onTimer(): void {
    const now = performance.now();
    try {
      for (let first = this.#first; first !== undefined && first.passesAt <= now; first = this.#first) {
        this.remove(first);
        first.onPassed();
      }
    } finally {
      if (this.#first !== undefined) this.#setTimer(this.#first, now);
    }
  }

  /** Sets the timer again if it was lost: a test that removes its fake timers removes this one with them. */
  #watchTimer(now: number): void {
    const first = this.#first as Deadline;
    if (now - first.passesAt > OVERDUE_MS) this.#setTimer(first, now);
  }

  #setTimer({ passesAt }: Deadline, now: number): void {
    const ms = Math.ceil(Math.max(passesAt - now, 0));
    // There is a timer already if an `onPassed` has added a deadline.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(onTimer, Math.min(ms, LONGEST_TIMER_MS), this);
  }
}

function onTimer(deadlines: Deadlines): void {
  deadlines.onTimer();
}
