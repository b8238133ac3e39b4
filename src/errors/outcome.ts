/**
 * Whether the server did what a failed call asked for.
 *
 * - `"not_sent"`: no byte of the request was sent, so it did not happen.
 * - `"rejected"`: the server rejected the request, so it did not happen.
 * - `"unknown"`: it may have happened, or may still happen.
 */
export type Outcome = "not_sent" | "rejected" | "unknown";

const severity: Readonly<Record<Outcome, number>> = { not_sent: 0, rejected: 1, unknown: 2 };

/** The outcome of a call that made two attempts: the less certain of the two. */
export function worseOutcome(a: Outcome, b: Outcome): Outcome {
  return severity[a] >= severity[b] ? a : b;
}
