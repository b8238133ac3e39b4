import { backoffMs } from "../../src/policies/backoff.ts";
import { type RetrySettings, retrySettings } from "../../src/policies/retry-policy.ts";
import { RetryThrottle } from "../../src/policies/retry-throttle.ts";
import type { Random } from "../fuzz/random.ts";

/** The retry behavior of a fleet's clients. */
export interface RetryBehavior {
  readonly name: string;
  readonly settings: RetrySettings;
  /** Whether clients throttle retries while most calls fail. */
  readonly throttles: boolean;
}

export const behaviors: readonly RetryBehavior[] = [
  { name: "bytenite-jobs", settings: retrySettings(undefined), throttles: true },
  { name: "3 retries each", settings: retrySettings(undefined), throttles: false },
  { name: "no retries", settings: retrySettings(false), throttles: false },
];

/** The phases of a run, in milliseconds: before, during and after the outage. */
export const OUTAGE_FROM_MS = 30_000;
export const OUTAGE_TO_MS = 90_000;
const END_MS = 150_000;
const CLIENTS = 500;
const CALLS_PER_SECOND = 2;
/**
 * The server's capacity per millisecond, and how much unused capacity it keeps. A thousand calls per second use two thirds.
 * A rejected request costs capacity too, so that too many requests can keep the server down.
 */
const WORK_PER_MS = 1.5;
const MOST_WORK = 150;
const WORK_TO_REFUSE = 0.4;
const ANSWER_MS = 20;

/** One call of one client. */
export interface SimulatedCall {
  readonly startedAt: number;
  requests: number;
  succeeded: boolean;
}

/** Simulates the calls of a fleet through an outage, in virtual time, with the library's retry policies. */
export function simulateFleet(
  { settings, throttles }: RetryBehavior,
  random: Random,
): readonly SimulatedCall[] {
  const calls: SimulatedCall[] = [];
  const timeline = new Timeline();
  const server = new Server();
  const attempt = (call: SimulatedCall, throttle: RetryThrottle, now: number) => {
    call.requests++;
    const isServed = server.serves(now);
    timeline.at(now + ANSWER_MS, (later) => {
      if (isServed) {
        call.succeeded = true;
        throttle.succeeded();
        return;
      }
      throttle.failed();
      if (call.requests >= settings.maxAttempts || (throttles && throttle.isThrottled)) return;
      const waitMs = backoffMs(settings, call.requests - 1, random.below(1_000) / 1_000);
      timeline.at(later + waitMs, (then) => attempt(call, throttle, then));
    });
  };
  for (let client = 0; client < CLIENTS; client++) {
    const throttle = new RetryThrottle();
    const callAndGoOn = (now: number) => {
      const call = { startedAt: now, requests: 0, succeeded: false };
      calls.push(call);
      attempt(call, throttle, now);
      timeline.at(now + pauseMs(random), callAndGoOn);
    };
    timeline.at(pauseMs(random), callAndGoOn);
  }
  timeline.run(END_MS);
  return calls;
}

/** The random time between two calls of the fleet (exponentially distributed). */
function pauseMs(random: Random): number {
  return (-Math.log(1 - random.below(1_000_000) / 1_000_000) * 1_000) / CALLS_PER_SECOND;
}

class Server {
  #work = MOST_WORK;
  #lastAt = 0;

  serves(now: number): boolean {
    if (now >= OUTAGE_FROM_MS && now < OUTAGE_TO_MS) return false;
    this.#work = Math.min(this.#work + (now - this.#lastAt) * WORK_PER_MS, MOST_WORK);
    this.#lastAt = now;
    const isServed = this.#work >= 1;
    this.#work = Math.max(this.#work - (isServed ? 1 : WORK_TO_REFUSE), 0);
    return isServed;
  }
}

/** The scheduled events, by the millisecond. */
class Timeline {
  readonly #events = new Map<number, ((now: number) => void)[]>();
  #now = 0;

  at(ms: number, event: (now: number) => void): void {
    const tick = Math.max(Math.ceil(ms), this.#now + 1);
    const events = this.#events.get(tick);
    if (events === undefined) this.#events.set(tick, [event]);
    else events.push(event);
  }

  run(endMs: number): void {
    for (; this.#now <= endMs; this.#now++) {
      for (const event of this.#events.get(this.#now) ?? []) event(this.#now);
      this.#events.delete(this.#now);
    }
  }
}
