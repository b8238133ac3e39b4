import { expect, test } from "vitest";
import { readGrpcTimeout } from "../../src/testing/gateway/read-grpc-timeout.ts";
import { StatusError } from "../../src/testing/gateway/status-error.ts";

// Seen running against a real grpc-gateway v2.30 (wire-facts.md, section 4).
test.each<[header: string | undefined, ms: number | undefined]>([
  ["300m", 300],
  ["5S", 5_000],
  ["100M", 6_000_000],
  ["1H", 3_600_000],
  ["1500u", 1.5],
  ["250000n", 0.25],
  ["+5S", 5_000],
  ["123456789m", 123_456_789],
  ["0S", undefined],
  ["-5S", -5_000],
  ["", undefined],
  [undefined, undefined],
])("%s", (header, ms) => {
  expect(readGrpcTimeout(header)).toBe(ms);
});

test("a time beyond 64 bits of nanoseconds has already passed", () => {
  expect(readGrpcTimeout("2562048H")).toBeLessThan(0);
});

test.each(["500ms", "0.5S", "5", "500", "S", "5s", "5 S", "x", "9223372036854775808n"])(
  "%s is rejected",
  (header) => {
    expect(() => readGrpcTimeout(header)).toThrow(new StatusError(3, `invalid grpc-timeout: ${header}`));
  },
);
