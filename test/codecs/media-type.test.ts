import { expect, test } from "vitest";
import { encodingOf } from "../../src/codecs/media-type.ts";

test.each([
  ["application/x-protobuf", "protobuf"],
  ["Application/X-ProtoBuf; charset=utf-8", "protobuf"],
  ["application/protobuf", "protobuf"],
  ["application/vnd.google.protobuf;proto=a.B", "protobuf"],
  ["application/octet-stream", "protobuf"],
  ["application/json", "json"],
  ["application/json;charset=UTF-8", "json"],
  ["application/problem+json", "json"],
  ["text/x+json", "json"],
  ["text/html", undefined],
  ["text/plain; application/json", undefined],
  ["application/jsonp", undefined],
  ["", undefined],
  [undefined, undefined],
])("%s is read as %s", (contentType, encoding) => {
  expect(encodingOf(contentType)).toBe(encoding);
});

test("a media type of the caller's own is binary too", () => {
  expect(encodingOf("application/x-google-protobuf; a=b", "application/x-google-protobuf")).toBe("protobuf");
});
