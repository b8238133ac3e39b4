import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  escapeSegment,
  escapeSegments,
  unescapeQuery,
  unescapeSegment,
  unescapeSegments,
} from "../../src/transcoding/percent-encoding.ts";
import { anyCharacter } from "../support/any-character.ts";

const text = fc.string({ unit: anyCharacter, maxLength: 40 });

test("does not change an id", () => {
  expect(escapeSegment("job-123_A.b~c")).toBe("job-123_A.b~c");
  expect(escapeSegments("shelves/1")).toBe("shelves/1");
});

test.each([
  ["/", "%2F", "/"],
  ["%2F", "%252F", "%252F"],
  ["!'()*", "%21%27%28%29%2A", "%21%27%28%29%2A"],
  [" +&", "%20%2B%26", "%20%2B%26"],
  ["é", "%C3%A9", "%C3%A9"],
])("escapes %j", (given, segment, segments) => {
  expect(escapeSegment(given)).toBe(segment);
  expect(escapeSegments(given)).toBe(segments);
});

test.each(["\ud800", "a\udc00", "\udc00\ud800"])("returns undefined for %j, a lone surrogate", (half) => {
  expect(escapeSegment(half)).toBeUndefined();
  expect(escapeSegments(half)).toBeUndefined();
});

// vanguard's TestPath_Escaping; http.proto: "%2F" and "%2f" are left unchanged in several segments.
test.each([
  ["foo%2Fbar", "foo/bar", "foo%2Fbar"],
  ["foo%2fbar", "foo/bar", "foo%2fbar"],
  ["foo%252Fbar", "foo%2Fbar", "foo%2Fbar"],
  ["a+b", "a+b", "a+b"],
  ["%E2%9C%93", "✓", "✓"],
])("unescapes %j", (given, segment, segments) => {
  expect(unescapeSegment(given)).toBe(segment);
  expect(unescapeSegments(given)).toBe(segments);
});

test.each(["%", "%2", "%zz", "%ff", "%E2%9C", "a%"])(
  "returns undefined for %j, an invalid escape",
  (given) => {
    expect(unescapeSegment(given)).toBeUndefined();
    expect(unescapeSegments(given)).toBeUndefined();
  },
);

test("reads a + in a query as a space", () => {
  expect(unescapeQuery("a+b%2Bc")).toBe("a b+c");
});

describe("any text", () => {
  test("survives a round trip", () => {
    fc.assert(
      fc.property(text, (given) => {
        const segment = escapeSegment(given);
        const segments = escapeSegments(given);
        expect(segment).toMatch(/^[A-Za-z0-9\-_.~%]*$/);
        expect(segments).toMatch(/^[A-Za-z0-9\-_.~%/]*$/);
        expect(unescapeSegment(segment ?? "")).toBe(given);
        expect(unescapeSegments(segments ?? "")).toBe(given);
        expect(unescapeQuery(segment ?? "")).toBe(given);
      }),
    );
  });

  test("keeps its number of segments", () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (segments) => {
        const joined = segments.join("/");
        expect(escapeSegments(joined)?.split("/").length).toBe(joined.split("/").length);
      }),
    );
  });
});
