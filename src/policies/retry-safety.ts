/**
 * When an attempt that failed may be made again.
 *
 * - `"always"`: there is proof that it did not happen.
 * - `"if_idempotent"`: it may have happened, so only a method that may happen twice is called again.
 * - `"never"`: another attempt would end the same way, or nobody waits for it.
 */
export type RetrySafety = "always" | "if_idempotent" | "never";

/**
 * What an HTTP status other than 2xx allows.
 *
 * @param askedToWait the answer holds a Retry-After header or a RetryInfo detail
 */
export function retrySafetyOfStatus(status: number, askedToWait: boolean): RetrySafety {
  switch (status) {
    case 429:
    case 503:
      return askedToWait ? "always" : "if_idempotent";
    case 502:
    case 504:
      return "if_idempotent";
    default:
      return "never";
  }
}
