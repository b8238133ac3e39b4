import type { Outcome } from "../errors/outcome.ts";

/**
 * What an HTTP status other than 2xx says about whether the rpc happened.
 *
 * Refusals (4xx, 501) come before anything is done, but for 408 and 499: with these a grpc-gateway says that
 * the call was cancelled, perhaps in the middle. The rest may come from something in between that lost
 * the server in the middle of a call, and a grpc-gateway says 429 also when the *reply* was too big, so these
 * prove nothing, unless the server itself says when to try again.
 *
 * @param askedToWait the answer holds a Retry-After header or a RetryInfo detail
 */
export function outcomeOfStatus(status: number, askedToWait: boolean): Outcome {
  if (status === 429 || status === 503) return askedToWait ? "rejected" : "unknown";
  if (status === 408 || status === 499) return "unknown";
  if (status === 501 || (status >= 400 && status < 500)) return "rejected";
  return "unknown";
}
