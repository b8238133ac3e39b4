/** The size of the token bucket. Five failures in a row halve it, and at half of it retries stop. */
const MAX_TOKENS = 10;
const TOKENS_PER_SUCCESS = 0.1;

/**
 * Throttles retries while most calls fail, so that a fleet of clients does not multiply the load of an outage. In a long
 * outage, the client retries the first few calls and sends the others once.
 *
 * @see https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs
 */
export class RetryThrottle {
  #tokens = MAX_TOKENS;

  /** Counts an attempt with a 2xx response. */
  succeeded(): void {
    this.#tokens = Math.min(this.#tokens + TOKENS_PER_SUCCESS, MAX_TOKENS);
  }

  /** Counts a failure that the client would retry for an idempotent method. */
  failed(): void {
    this.#tokens = Math.max(this.#tokens - 1, 0);
  }

  /** Whether the client must not retry now. */
  get isThrottled(): boolean {
    return this.#tokens <= MAX_TOKENS / 2;
  }
}
