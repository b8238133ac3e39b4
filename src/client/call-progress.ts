import { Code } from "../errors/code.ts";
import { type Outcome, worseOutcome } from "../errors/outcome.ts";
import type { AttemptRecord, RpcError } from "../errors/rpc-error.ts";
import type { CallEnd } from "../policies/call-scope.ts";
import { type AttemptFailure, errorOf } from "../responses/attempt-failure.ts";

/** What has become of a call so far. */
export class CallProgress {
  readonly #method: string;
  #history: AttemptRecord[] = [];
  #outcome: Outcome = "not_sent";
  #startedAt = 0;

  constructor(method: string) {
    this.#method = method;
  }

  get attempts(): number {
    return this.#history.length;
  }

  /** The attempt that has ended last. */
  get last(): AttemptRecord {
    return this.#history.at(-1) as AttemptRecord;
  }

  /** A copy: an error that was thrown must not change afterwards. */
  get history(): readonly AttemptRecord[] {
    return this.#history.slice();
  }

  /** @param now on the clock of performance.now() */
  begin(now: number): void {
    this.#startedAt = now;
  }

  /** The history of a call that is over. */
  succeeded(status: number): readonly AttemptRecord[] {
    const record = { code: Code.OK, status, durationMs: performance.now() - this.#startedAt };
    this.#history = this.#history.length === 0 ? [record] : [...this.#history, record];
    return this.#history;
  }

  failed({ init: { code, status, outcome } }: AttemptFailure): void {
    this.#outcome = worseOutcome(this.#outcome, outcome);
    this.#history.push({ code, status, outcome, durationMs: performance.now() - this.#startedAt });
  }

  /** The last attempt, and how long it is to be followed by a wait, in milliseconds. */
  beforeWait(waitMs: number): AttemptRecord {
    return { ...this.last, waitedMs: waitMs };
  }

  /** The last attempt was followed by a wait, in milliseconds, and another one is to come. */
  waited(waitedMs: number): void {
    this.#history.push({ ...(this.#history.pop() as AttemptRecord), waitedMs });
  }

  /** The error of a call that ends with this failure. */
  error(failure: AttemptFailure): RpcError {
    return errorOf(failure, {
      method: this.#method,
      outcome: this.#outcome,
      attempts: this.attempts,
      history: this.history,
    });
  }

  /** The error of a call that was ended between two attempts, which adds nothing to its outcome. */
  ended(end: CallEnd, last: AttemptFailure): RpcError {
    const { status, headers, details, body } = last.init;
    return this.error({
      init: { ...end, status, headers, details, body, outcome: this.#outcome },
      retry: "never",
    });
  }
}
