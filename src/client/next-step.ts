import { backoffMs } from "../policies/backoff.ts";
import type { RetrySettings } from "../policies/retry-policy.ts";
import type { AttemptFailure } from "../responses/attempt-failure.ts";

/** What a call does after an attempt that failed. */
export type NextStep =
  /** Sends the same request again at once, uncompressed. */
  | { readonly kind: "uncompressed" }
  /** Sends the same request again at once, in JSON. */
  | { readonly kind: "fallback" }
  /** Resolves its dynamic headers again. If a value changed, sends the request again at once. */
  | { readonly kind: "renew" }
  /** Waits, in milliseconds, and sends the request again. */
  | { readonly kind: "wait"; readonly ms: number }
  /** Ends with the error of this attempt. */
  | { readonly kind: "fail" };

/** What the decision depends on, besides the failure. */
export interface CallState {
  /** The request was compressed, and the server may not have understood that. */
  readonly canSendUncompressed: boolean;
  /** The server did not understand binary, and the call has not been sent in JSON yet. */
  readonly canFallBack: boolean;
  /** The request had a dynamic header that may have a new value, and the call has not renewed its headers yet. */
  readonly canRenew: boolean;
  /** The method may run twice: by its `idempotency_level`, or because the caller gave an idempotency key. */
  readonly isIdempotent: boolean;
  /** How many retries the call has made. Only those that follow a wait count. */
  readonly retries: number;
  readonly settings: RetrySettings;
  /** Retries are suspended, because too many recent attempts failed (gRPC A6). */
  readonly isThrottled: boolean;
  /** The transport is being closed. */
  readonly isClosing: boolean;
  /** What is left of the deadline, in milliseconds. */
  readonly remainingMs: number;
  /** From 0 up to 1, for the jitter of the backoff. */
  readonly random: number;
}

/**
 * Decides what follows an attempt that failed. The first row that applies decides:
 *
 * | the attempt | next step |
 * | --- | --- |
 * | was rejected, perhaps because it was compressed | `uncompressed` |
 * | was rejected because it was binary, and JSON has not been tried | `fallback` |
 * | was rejected with 401, and a dynamic header may have another value | `renew` |
 * | is safe to repeat: it provably did not happen (`retry: "always"`), or it may have happened and the method is idempotent (`"if_idempotent"`). Also, attempts are left, retries are not throttled, the transport is open, and the wait ends before the deadline | `wait` |
 * | anything else | `fail` |
 *
 * What is sent again uncompressed, fallback and renewal do not count against `maxAttempts`. If the wait would outlast the deadline, the call fails at once, so
 * that the caller does not wait in vain. `failure.retry` was set where the failure was read (`assessStatus`, `readHttpFailure`).
 */
export function nextStep(failure: AttemptFailure, state: CallState): NextStep {
  if (state.canSendUncompressed) return { kind: "uncompressed" };
  if (state.canFallBack) return { kind: "fallback" };
  if (state.canRenew && failure.init.status === 401) return { kind: "renew" };
  const isSafe = failure.retry === "always" || (failure.retry === "if_idempotent" && state.isIdempotent);
  const hasAttemptsLeft = state.retries + 1 < state.settings.maxAttempts;
  if (!isSafe || !hasAttemptsLeft || state.isThrottled || state.isClosing) return { kind: "fail" };
  const ms = failure.pushbackMs ?? backoffMs(state.settings, state.retries, state.random);
  return ms < state.remainingMs ? { kind: "wait", ms } : { kind: "fail" };
}
