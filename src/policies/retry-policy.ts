import { invalidArgument } from "../errors/invalid-argument.ts";
import type { AttemptRecord } from "../errors/rpc-error.ts";

/**
 * How often the client retries, and how long it waits, in the terms of gRPC's service config.
 *
 * The policy does not decide whether a retry is safe. The client retries only if the failed attempt provably did not
 * happen, or if the method is idempotent.
 *
 * @see https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 */
export interface RetryPolicy {
  /**
   * The number of attempts, including the first one.
   *
   * @default 4
   */
  readonly maxAttempts?: number | undefined;
  /**
   * The wait before the second attempt, in milliseconds.
   *
   * @default 100
   */
  readonly initialBackoffMs?: number | undefined;
  /**
   * The longest wait, in milliseconds. The client waits longer if the server asks for it.
   *
   * @default 5_000
   */
  readonly maxBackoffMs?: number | undefined;
  /**
   * The factor by which the wait grows with each attempt: 100 ms, 200 ms, 400 ms, …
   *
   * @default 2
   */
  readonly backoffMultiplier?: number | undefined;
  /**
   * The random part of a wait, as a fraction of it in either direction, so that clients which failed together do not
   * retry together.
   *
   * @default 0.2
   */
  readonly jitter?: number | undefined;
  /** Is called with each failed attempt that the client will retry, before the wait. */
  readonly onRetry?: ((attempt: AttemptRecord & { readonly attempt: number }) => void) | undefined;
}

/** A validated {@link RetryPolicy} with all defaults. */
export interface RetrySettings extends RetryPolicy {
  readonly maxAttempts: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly backoffMultiplier: number;
  readonly jitter: number;
}

const defaults: RetrySettings = {
  maxAttempts: 4,
  initialBackoffMs: 100,
  maxBackoffMs: 5_000,
  backoffMultiplier: 2,
  jitter: 0.2,
  onRetry: undefined,
};

const never: RetrySettings = { ...defaults, maxAttempts: 1 };

/** Validates a `retry` option. `false` is one attempt; values that the policy does not set come from `base`. */
export function retrySettings(
  policy: RetryPolicy | false | undefined,
  base: RetrySettings = defaults,
): RetrySettings {
  if (policy === undefined) return base;
  if (policy === false) return never;
  if (typeof policy !== "object" || policy === null)
    throw invalidArgument("retry must be a RetryPolicy or false");
  for (const name of Object.keys(policy)) {
    if (!Object.hasOwn(defaults, name)) throw invalidArgument(`retry has no ${JSON.stringify(name)}`);
  }
  const given = Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined));
  // A call may turn on retries that its transport has turned off.
  const settings: RetrySettings = { ...(base === never ? defaults : base), ...given };
  check(
    Number.isInteger(settings.maxAttempts) && settings.maxAttempts >= 1,
    "maxAttempts",
    "a whole number from 1 up",
  );
  check(isDuration(settings.initialBackoffMs), "initialBackoffMs", "a number of milliseconds");
  check(isDuration(settings.maxBackoffMs), "maxBackoffMs", "a number of milliseconds");
  check(isFiniteFrom(settings.backoffMultiplier, 1), "backoffMultiplier", "a number from 1 up");
  check(isFiniteFrom(settings.jitter, 0) && settings.jitter <= 1, "jitter", "a number from 0 to 1");
  check(settings.onRetry === undefined || typeof settings.onRetry === "function", "onRetry", "a function");
  return settings;
}

function check(isValid: boolean, name: string, expected: string): void {
  if (!isValid) throw invalidArgument(`retry.${name} must be ${expected}`);
}

function isDuration(value: number): boolean {
  return isFiniteFrom(value, 0);
}

function isFiniteFrom(value: number, least: number): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= least;
}
