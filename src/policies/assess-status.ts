import type { Outcome } from "../errors/outcome.ts";

/**
 * When the client may retry a failed attempt.
 *
 * - `"always"`: the attempt provably did not happen.
 * - `"if_idempotent"`: it may have happened, so the client retries only an idempotent method.
 * - `"never"`: another attempt would fail the same way, or the caller no longer waits for it.
 */
export type RetrySafety = "always" | "if_idempotent" | "never";

/** What an HTTP status other than 2xx says about an attempt. */
export interface StatusAssessment {
  readonly outcome: Outcome;
  readonly retry: RetrySafety;
}

/**
 * Decides from an HTTP status other than 2xx whether the rpc happened, and whether the client may retry it.
 *
 * @param hasPushback the response has a `Retry-After` header or a google.rpc.RetryInfo detail
 */
export function assessStatus(status: number, hasPushback: boolean): StatusAssessment {
  switch (status) {
    case 429:
      // Pushback shows that a rate limit rejected the request before the work. Without pushback, a grpc-gateway sends
      // 429 also when the *reply* was too big.
      return hasPushback ? rejectedForNow : mayHaveHappened;
    case 502:
    case 503:
    case 504:
      // Pushback proves nothing here: a proxy also sends it when its upstream failed in the middle of a request.
      // google.rpc.Code says of UNAVAILABLE that it is "not always safe to retry non-idempotent operations".
      return mayHaveHappened;
    case 408:
    case 499:
      // A grpc-gateway sends these for a call that was cancelled, perhaps in the middle.
      return unknownOutcome;
    case 501:
      return rejected;
    default:
      return status >= 400 && status < 500 ? rejected : unknownOutcome;
  }
}

const rejectedForNow: StatusAssessment = { outcome: "rejected", retry: "always" };
const rejected: StatusAssessment = { outcome: "rejected", retry: "never" };
const mayHaveHappened: StatusAssessment = { outcome: "unknown", retry: "if_idempotent" };
const unknownOutcome: StatusAssessment = { outcome: "unknown", retry: "never" };
