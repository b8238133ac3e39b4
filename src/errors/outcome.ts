/**
 * The answer to "did it happen?" after a failure.
 *
 * - `"not_sent"`: no byte of the request left this process, so it did not happen.
 * - `"rejected"`: the server said no, so it did not happen.
 * - `"unknown"`: it may have happened, or may still happen.
 */
export type Outcome = "not_sent" | "rejected" | "unknown";

const gravity: Readonly<Record<Outcome, number>> = { not_sent: 0, rejected: 1, unknown: 2 };

/** What can be said of two attempts of one call: the worse of the two. */
export function worseOutcome(a: Outcome, b: Outcome): Outcome {
  return gravity[a] >= gravity[b] ? a : b;
}
