/** Node fires a timer above this at once (2^31 − 1 ms, 24.8 days). */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Later than a timer is that only waits for its turn. */
const OVERDUE_MS = 100;

/** What has to happen at a certain time, unless it is no longer of interest by then. */
export interface Deadline {
  /** On the clock of performance.now(). */
  readonly passesAt: number;
  onPassed(): void;
  /** Its neighbours among those that are waited for: for {@link Deadlines} alone. */
  earlier: Deadline | undefined;
  later: Deadline | undefined;
}

/**
 * Deadlines that are equally far away when they are set, and so pass in the order in which they were set: one timer,
 * for the first of them, is enough for all. A timer for each call would be a fifth of what a call costs us.
 */
export class Deadlines {
  #first: Deadline | undefined;
  #last: Deadline | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Waits for a deadline that passes no earlier than those before it.
   *
   * @param now on the clock of performance.now()
   */
  add(deadline: Deadline, now: number): void {
    const last = this.#last;
    this.#last = deadline;
    if (last === undefined) {
      this.#first = deadline;
      this.#waitFor(deadline, now);
    } else {
      last.later = deadline;
      deadline.earlier = last;
      this.#watchTimer(now);
    }
  }

  /** Forgets a deadline, if it is one of these. Nothing is left of the last one, no timer either. */
  remove(deadline: Deadline): void {
    const { earlier, later } = deadline;
    if (earlier !== undefined) earlier.later = later;
    else if (this.#first === deadline) this.#first = later;
    else return;
    if (later !== undefined) later.earlier = earlier;
    else this.#last = earlier;
    deadline.earlier = undefined;
    deadline.later = undefined;
    // A timer for one that is gone stays where others wait: that it fires too early costs less than another timer.
    if (this.#last === undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  /** The timer has fired: early, where its deadline is gone, or further away than a timer reaches. */
  onTimer(): void {
    const now = performance.now();
    try {
      for (let first = this.#first; first !== undefined && first.passesAt <= now; first = this.#first) {
        this.remove(first);
        first.onPassed();
      }
    } finally {
      if (this.#first !== undefined) this.#waitFor(this.#first, now);
    }
  }

  /** A test that puts fake timers in place, and takes them away, takes a timer with them that would have fired. */
  #watchTimer(now: number): void {
    const first = this.#first as Deadline;
    if (now - first.passesAt > OVERDUE_MS) this.#waitFor(first, now);
  }

  #waitFor({ passesAt }: Deadline, now: number): void {
    const ms = Math.ceil(Math.max(passesAt - now, 0));
    // There is one where a deadline was added by whoever was told that another had passed.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(onTimer, Math.min(ms, LONGEST_TIMER_MS), this);
  }
}

function onTimer(deadlines: Deadlines): void {
  deadlines.onTimer();
}
