import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { pushbackMs } from "../../src/policies/pushback.ts";

const now = Date.UTC(1994, 10, 6, 8, 49, 30);
const retryInfo = (seconds: bigint, nanos: number) => ({
  typeUrl: "type.googleapis.com/google.rpc.RetryInfo",
  value: toBinary(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: { seconds, nanos } })),
});

// The three forms of a date are those of RFC 9110, section 5.6.7.
test.each([
  ["120", 120_000],
  ["0", 0],
  [" 7 ", 7_000],
  ["Sun, 06 Nov 1994 08:49:37 GMT", 7_000],
  ["Sunday, 06-Nov-94 08:49:37 GMT", 7_000],
  ["Sun Nov  6 08:49:37 1994", 7_000],
  ["Sun, 06 Nov 1994 08:49:00 GMT", 0],
  ["-1", undefined],
  ["1.5", undefined],
  ["soon", undefined],
  ["", undefined],
  [undefined, undefined],
])("Retry-After: %s", (header, ms) => {
  expect(pushbackMs(header === undefined ? {} : { "retry-after": header }, [], now)).toBe(ms);
});

test("a RetryInfo detail counts too, and the longer wait wins", () => {
  expect(pushbackMs({}, [retryInfo(2n, 500_000_000)], now)).toBe(2_500);
  expect(pushbackMs({ "retry-after": "1" }, [retryInfo(2n, 0)], now)).toBe(2_000);
  expect(pushbackMs({ "retry-after": "3" }, [retryInfo(2n, 0)], now)).toBe(3_000);
  expect(pushbackMs({}, [{ typeUrl: "x/google.rpc.RetryInfo", json: { retryDelay: "1.5s" } }], now)).toBe(
    1_500,
  );
});
