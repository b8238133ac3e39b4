import type { Outcome } from "../errors/outcome.ts";

/**
 * When an attempt that failed may be made again.
 *
 * - `"always"`: there is proof that it did not happen.
 * - `"if_idempotent"`: it may have happened, so only an idempotent method is called again.
 * - `"never"`: another attempt would end the same way, or nobody waits for it.
 */
export type RetrySafety = "always" | "if_idempotent" | "never";

/** What an attempt comes to that was answered with a status other than 2xx. */
export interface StatusAssessment {
  readonly outcome: Outcome;
  readonly retry: RetrySafety;
}

/**
 * What an HTTP status other than 2xx says about whether the rpc happened, and whether it may be sent again.
 *
 * @param saysWhen the response has a `Retry-After` header or a google.rpc.RetryInfo detail
 */
export function assessStatus(status: number, saysWhen: boolean): StatusAssessment {
  switch (status) {
    case 429:
      // A rate limit's own word: it is checked before the work. Without one, a grpc-gateway says 429 also when the
      // *reply* was too big.
      return saysWhen ? rejectedForNow : mayHaveHappened;
    case 502:
    case 503:
    case 504:
      // When to come back is a wait, no proof: a proxy says it too when its upstream broke off in the middle, and
      // google.rpc.Code says of UNAVAILABLE that it is "not always safe to retry non-idempotent operations".
      return mayHaveHappened;
    case 408:
    case 499:
      // A grpc-gateway says so of a call that was cancelled, perhaps in the middle.
      return unknownForGood;
    case 501:
      return rejected;
    default:
      return status >= 400 && status < 500 ? rejected : unknownForGood;
  }
}

const rejectedForNow: StatusAssessment = { outcome: "rejected", retry: "always" };
const rejected: StatusAssessment = { outcome: "rejected", retry: "never" };
const mayHaveHappened: StatusAssessment = { outcome: "unknown", retry: "if_idempotent" };
const unknownForGood: StatusAssessment = { outcome: "unknown", retry: "never" };
