import type { RetrySettings } from "./retry-policy.ts";

/**
 * Computes the wait before the next attempt, in milliseconds: with the defaults 100, 200, 400, … up to 5,000,
 * each ± 20 %.
 *
 * @param retries the number of earlier retries: 0 before the second attempt
 * @param random a number from 0 to 1
 */
export function backoffMs(settings: RetrySettings, retries: number, random: number): number {
  const { initialBackoffMs, maxBackoffMs, backoffMultiplier, jitter } = settings;
  const wait = Math.min(initialBackoffMs * backoffMultiplier ** retries, maxBackoffMs);
  return wait * (1 + jitter * (2 * random - 1));
}
