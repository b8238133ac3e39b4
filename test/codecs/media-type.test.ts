import { expect, test } from "vitest";
import { contentTypeOf, encodingOf } from "../../src/codecs/media-type.ts";

test.each([
  ["application/x-protobuf", "protobuf"],
  ["Application/X-ProtoBuf; charset=utf-8", "protobuf"],
  ["application/protobuf", "protobuf"],
  ["application/vnd.google.protobuf;proto=a.B", "protobuf"],
  ["application/octet-stream", "protobuf"],
  ["application/x-protobuffer", "protobuf"],
  ["application/proto", "protobuf"],
  ['application/x-google-protobuf; messageType="a.B"', "protobuf"],
  // The same media type twice counts once, whatever its parameters.
  ["application/proto, application/proto", "protobuf"],
  ["application/x-protobuf,Application/X-Protobuf; charset=utf-8", "protobuf"],
  ["application/json, application/json", "json"],
  ['application/json; a="b, application/xml; \\""; c=d', "json"],
  ["application/json; charset=utf-8, application/json", "json"],
  // Two different media types are invalid.
  ["application/json, application/x-protobuf", undefined],
  ["application/x-protobuf, application/octet-stream", undefined],
  ["application/json, ", undefined],
  ["application/protoc", undefined],
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

test("the caller's own media type is binary, too", () => {
  expect(encodingOf("application/x-acme; a=b", "application/x-acme")).toBe("protobuf");
  expect(encodingOf("application/x-acme; a=b")).toBeUndefined();
});

test.each([
  [{ "content-type": ["application/proto", "application/proto; v=1"] }, "protobuf"],
  [{ "content-type": ["application/json", "application/proto"] }, undefined],
  [{ "content-type": "application/json" }, "json"],
  [{}, undefined],
])("a repeated header is one list: %j is read as %s", (headers, encoding) => {
  expect(encodingOf(contentTypeOf(headers))).toBe(encoding);
});
