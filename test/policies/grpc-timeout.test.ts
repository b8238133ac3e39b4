import fc from "fast-check";
import { expect, test } from "vitest";
import { formatGrpcTimeout } from "../../src/policies/grpc-timeout.ts";

test.each([
  [300, "300m"],
  [0.2, "1m"],
  [0, "1m"],
  [99_999_999, "99999999m"],
  [100_000_000, "100000S"],
  [100_000_000_000, "1666667M"],
  [2_562_046.5 * 3_600_000, "2562047H"],
  [Number.MAX_VALUE, "2562047H"],
])("%d ms are written as %s", (ms, text) => {
  expect(formatGrpcTimeout(ms)).toBe(text);
});

test("the timeout is never 0, never more than eight digits, and never shorter than the remaining time", () => {
  const unit = { m: 1, S: 1_000, M: 60_000, H: 3_600_000 };
  fc.assert(
    fc.property(fc.double({ min: 0, max: 9.2e12, noNaN: true }), (ms) => {
      const [, count = "", letter = "m"] = /^([1-9]\d{0,7})([mSMH])$/.exec(formatGrpcTimeout(ms)) ?? [];
      expect(Number(count) * unit[letter as keyof typeof unit]).toBeGreaterThanOrEqual(ms);
    }),
  );
});
