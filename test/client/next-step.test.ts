import { describe, expect, test } from "vitest";
import { type CallState, type NextStep, nextStep } from "../../src/client/next-step.ts";
import { retrySettings } from "../../src/policies/retry-policy.ts";
import type { AttemptFailure } from "../../src/responses/attempt-failure.ts";
import { Code } from "../../src/transport.ts";

const fresh: CallState = {
  canSendUncompressed: false,
  canFallBack: false,
  canRenew: false,
  isIdempotent: false,
  retries: 0,
  settings: retrySettings(undefined),
  isThrottled: false,
  isClosing: false,
  remainingMs: 30_000,
  random: 0.5,
};

const failed = (more: Partial<AttemptFailure> = {}, status = 503): AttemptFailure => ({
  init: { code: Code.Unavailable, reason: "", outcome: "unknown", status },
  retry: "if_idempotent",
  ...more,
});

const notSent = failed({ retry: "always" });
const rejected = failed({ retry: "never" }, 404);
const unauthenticated = failed({ retry: "never" }, 401);

describe("what follows an attempt that failed", () => {
  test.each<readonly [what: string, failure: AttemptFailure, state: Partial<CallState>, step: NextStep]>([
    ["binary was not understood", rejected, { canFallBack: true }, { kind: "fallback" }],
    [
      "binary was not understood, and 401",
      unauthenticated,
      { canFallBack: true, canRenew: true },
      { kind: "fallback" },
    ],
    [
      "compression and binary may not have been understood",
      rejected,
      { canSendUncompressed: true, canFallBack: true },
      { kind: "uncompressed" },
    ],
    ["401, with a token that may be renewed", unauthenticated, { canRenew: true }, { kind: "renew" }],
    ["401, with one that may not", unauthenticated, {}, { kind: "fail" }],
    [
      "403, with a token that may be renewed",
      failed({ retry: "never" }, 403),
      { canRenew: true },
      { kind: "fail" },
    ],
    ["not sent", notSent, {}, { kind: "wait", ms: 100 }],
    ["lost, not idempotent", failed(), {}, { kind: "fail" }],
    ["lost, idempotent", failed(), { isIdempotent: true }, { kind: "wait", ms: 100 }],
    ["rejected, idempotent", rejected, { isIdempotent: true }, { kind: "fail" }],
    ["the second retry", notSent, { retries: 1 }, { kind: "wait", ms: 200 }],
    ["the last retry", notSent, { retries: 2 }, { kind: "wait", ms: 400 }],
    ["no attempts left", notSent, { retries: 3 }, { kind: "fail" }],
    ["throttled", notSent, { isThrottled: true }, { kind: "fail" }],
    ["the transport is closing", notSent, { isClosing: true }, { kind: "fail" }],
    ["the server says when", failed({ retry: "always", pushbackMs: 7_000 }), {}, { kind: "wait", ms: 7_000 }],
    ["the server says now", failed({ retry: "always", pushbackMs: 0 }), {}, { kind: "wait", ms: 0 }],
    ["the server says when, too late", failed({ retry: "always", pushbackMs: 30_000 }), {}, { kind: "fail" }],
    ["the backoff outlasts the deadline", notSent, { remainingMs: 99 }, { kind: "fail" }],
    [
      "no deadline",
      failed({ retry: "always", pushbackMs: 1e9 }),
      { remainingMs: Infinity },
      { kind: "wait", ms: 1e9 },
    ],
  ])("%s", (_what, failure, state, step) => {
    expect(nextStep(failure, { ...fresh, ...state })).toEqual(step);
  });
});
