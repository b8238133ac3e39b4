import { expect, test } from "vitest";
import { backoffMs } from "../../src/policies/backoff.ts";
import { type RetryPolicy, retrySettings } from "../../src/policies/retry-policy.ts";
import { RetryThrottle } from "../../src/policies/retry-throttle.ts";

test("waits double from 100 ms to 5 s, ± 20 %", () => {
  const settings = retrySettings(undefined);
  const waits = Array.from({ length: 8 }, (_, i) => backoffMs(settings, i, 0.5));
  expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  expect(backoffMs(settings, 0, 0)).toBe(80);
  expect(backoffMs(settings, 0, 1)).toBe(120);
  expect(backoffMs(retrySettings({ jitter: 0, initialBackoffMs: 7 }), 0, 0.9)).toBe(7);
});

test("a call's policy takes missing values from the transport's policy", () => {
  const base = retrySettings({ maxAttempts: 2, maxBackoffMs: 9 });
  expect(retrySettings({ maxBackoffMs: 10 }, base)).toMatchObject({ maxAttempts: 2, maxBackoffMs: 10 });
  expect(retrySettings(undefined, base)).toBe(base);
  expect(retrySettings(false, base).maxAttempts).toBe(1);
  expect(retrySettings({}, retrySettings(false)).maxAttempts).toBe(4);
});

test.each([
  [{ maxAttempts: 0 }, "retry.maxAttempts must be a whole number from 1 up"],
  [{ maxAttempts: 1.5 }, "retry.maxAttempts must be a whole number from 1 up"],
  [{ initialBackoffMs: -1 }, "retry.initialBackoffMs must be a number of milliseconds"],
  [{ maxBackoffMs: Number.POSITIVE_INFINITY }, "retry.maxBackoffMs must be a number of milliseconds"],
  [{ backoffMultiplier: 0.5 }, "retry.backoffMultiplier must be a number from 1 up"],
  [{ jitter: 1.1 }, "retry.jitter must be a number from 0 to 1"],
  [{ maxTries: 3 }, 'retry has no "maxTries"'],
  [true, "retry must be a RetryPolicy or false"],
])("%j is invalid", (policy, reason) => {
  expect(() => retrySettings(policy as RetryPolicy)).toThrow(reason);
});

test("five failures in a row throttle retries until calls succeed again", () => {
  const throttle = new RetryThrottle();
  for (let i = 0; i < 4; i++) throttle.failed();
  expect(throttle.isThrottled).toBe(false);
  throttle.failed();
  expect(throttle.isThrottled).toBe(true);
  throttle.succeeded();
  expect(throttle.isThrottled).toBe(false);
  throttle.failed();
  for (let i = 0; i < 9; i++) throttle.succeeded();
  expect(throttle.isThrottled).toBe(true);
  throttle.succeeded();
  expect(throttle.isThrottled).toBe(false);
});
