/** As many failures without any success between them use the bucket up to the half below which it stops retries. */
const MAX_TOKENS = 10;
const TOKENS_PER_SUCCESS = 0.1;

/**
 * Holds retries back while most calls fail, so that a fleet does not multiply an outage: in one that lasts,
 * the first few calls are retried and the rest go out once.
 *
 * @see https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs
 */
export class RetryThrottle {
  #tokens = MAX_TOKENS;

  /** An attempt was answered with 2xx. */
  succeeded(): void {
    this.#tokens = Math.min(this.#tokens + TOKENS_PER_SUCCESS, MAX_TOKENS);
  }

  /** An attempt failed in a way that is worth a retry for some method. */
  failed(): void {
    this.#tokens = Math.max(this.#tokens - 1, 0);
  }

  /** Whether retries are held back. */
  get isThrottled(): boolean {
    return this.#tokens <= MAX_TOKENS / 2;
  }
}
