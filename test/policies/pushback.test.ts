import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
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
  ["Sun, 06 Nov 1994 23:59:60 GMT", 54_630_000],
  ["Monday, 01-Jan-96 00:00:00 GMT", Date.UTC(1996, 0, 1) - now],
  // A year more than 50 years ahead belongs to the previous century.
  ["Friday, 06-Nov-44 08:49:37 GMT", Date.UTC(2044, 10, 6, 8, 49, 37) - now],
  ["Sunday, 06-Nov-45 08:49:37 GMT", 0],
  ["Thu Feb 29 00:00:00 1996", Date.UTC(1996, 1, 29) - now],
  // Date.parse accepts these.
  ["Sun 5", undefined],
  ["Sun, 6 Nov 1994 08:49:37 GMT", undefined],
  ["Sun, 06 Nov 1994 08:49:37", undefined],
  ["Sun, 06 Nov 1994 08:49:37 UTC", undefined],
  ["Sun, 06 Nov 1994 08:49:37 +0000", undefined],
  ["Sun, 06 Nov 1994 08:49 GMT", undefined],
  ["Sun, 06 Nov 94 08:49:37 GMT", undefined],
  ["sun, 06 nov 1994 08:49:37 gmt", undefined],
  ["Sun, 06 November 1994 08:49:37 GMT", undefined],
  ["Sun, 06-Nov-94 08:49:37 GMT", undefined],
  ["Sunday, 06-Nov-1994 08:49:37 GMT", undefined],
  ["Sun Nov 6 08:49:37 1994", undefined],
  ["Sun Nov  6 08:49:37 1994 GMT", undefined],
  ["1994-11-06T08:49:37Z", undefined],
  ["Nov 06 1994", undefined],
  // Days and times that do not exist.
  ["Sun, 31 Nov 1994 08:49:37 GMT", undefined],
  ["Wed, 29 Feb 1995 08:49:37 GMT", undefined],
  ["Sun, 00 Nov 1994 08:49:37 GMT", undefined],
  ["Sun, 06 Nov 1994 24:00:00 GMT", undefined],
  ["Sun, 06 Nov 1994 08:60:00 GMT", undefined],
  ["Sun, 06 Nov 1994 08:49:61 GMT", undefined],
  ["+5", undefined],
  ["5s", undefined],
  ["5, 5", undefined],
  ["0x10", undefined],
  ["1e3", undefined],
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

test("any date in the form of HTTP is read to the second", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(now), max: new Date("9999-12-31"), noInvalidDate: true }), (date) => {
      const seconds = Math.floor(date.getTime() / 1_000) * 1_000;
      expect(pushbackMs({ "retry-after": date.toUTCString() }, [], now)).toBe(seconds - now);
    }),
  );
});
