import { equals, type JsonObject, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { compileRoute } from "../../src/transcoding/compile-route.ts";
import type { BodyContent } from "../../src/transcoding/place-body.ts";
import { readRequest } from "../../src/transcoding/read-request.ts";
import { createRouter } from "../../src/transcoding/router.ts";
import { TranscodingError } from "../../src/transcoding/transcoding-error.ts";
import { Color, type Everything, EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { all } from "./support/row.ts";
import { ruleMethod } from "./support/rule-method.ts";
import { thrownBy } from "./support/thrown-by.ts";

function read(rule: string, request: string, body?: BodyContent): Everything {
  const [verb = "", path = "", query = ""] = request.split(/[ ?]/);
  const match = createRouter([compileRoute(ruleMethod(rule, EverythingSchema))]).match(verb, path);
  if (typeof match !== "object") throw new Error("no route");
  return readRequest(match, query, body) as Everything;
}

const readQuery = (query: string) => read("GET /v1", `GET /v1?${query}`);

describe("a query is read as a gateway reads it", () => {
  test.each([
    // Names.
    ["stringValue=a", all({ stringValue: "a" })],
    ["string_value=a", all({ stringValue: "a" })],
    ["otherName=a", all({ renamed: "a" })],
    ["renamed=a", all({ renamed: "a" })],
    ["a%20b%26c=x", all({ odd: "x" })],
    ["dotted=x", all({ dotted: "x" })],
    ["inner.item_count=3", all({ inner: { itemCount: 3 } })],
    ["self.self.stringValue=x", all({ self: { self: { stringValue: "x" } } })],
    // Unknown keys are ignored.
    ["nope=1&inner.nope=2&StringValue=3&&=4&int32Value.x=5", all()],
    ["stringMap[a]=b&inner[name]=x", all()],
    ["timestamp.seconds=4&int64Wrapper.value=3", all()],
    ["innerList.name=x", all()],
    // Text.
    ["stringValue=a+b%2Bc", all({ stringValue: "a b+c" })],
    ["stringValue=a=b", all({ stringValue: "a=b" })],
    ["optString", all({ optString: "" })],
    ["optString=", all({ optString: "" })],
    ["%73tringValue=%E2%9C%93", all({ stringValue: "✓" })],
    // Booleans: Go's ParseBool.
    ["boolValue=1", all({ boolValue: true })],
    ["boolValue=T", all({ boolValue: true })],
    ["optBool=False", all({ optBool: false })],
    // Numbers.
    ["int32Value=010", all({ int32Value: 10 })],
    ["doubleValue=1e3", all({ doubleValue: 1000 })],
    ["doubleValue=.5", all({ doubleValue: 0.5 })],
    ["floatValue=0.1", all({ floatValue: Math.fround(0.1) })],
    ["textLong=-7", all({ textLong: "-7" })],
    // Enums by name or number.
    ["enumValue=COLOR_RED", all({ enumValue: Color.RED })],
    ["enumValue=1", all({ enumValue: Color.RED })],
    ["enumValue=-1", all({ enumValue: Color.NEGATIVE })],
    ["enumValue=42", all({ enumValue: 42 as Color })],
    // Base64 in either alphabet, padded or not.
    ["bytesValue=-_8=", all({ bytesValue: new Uint8Array([0xfb, 0xff]) })],
    ["bytesValue=%2B/8=", all({ bytesValue: new Uint8Array([0xfb, 0xff]) })],
    ["bytesValue=-_8", all({ bytesValue: new Uint8Array([0xfb, 0xff]) })],
    // Well-known types.
    ["timestamp=2021-01-01T01:00:00%2B01:00", all({ timestamp: { seconds: 1609459200n } })],
    ["timestamp=1969-12-31T23:59:59.5Z", all({ timestamp: { seconds: -1n, nanos: 500000000 } })],
    ["duration=1.5s", all({ duration: { seconds: 1n, nanos: 500000000 } })],
    ["duration=-0.5s", all({ duration: { nanos: -500000000 } })],
    ["fieldMask=fooBar,baz.quxQuux", all({ fieldMask: { paths: ["foo_bar", "baz.qux_quux"] } })],
    ["fieldMask=foo_bar,baz", all({ fieldMask: { paths: ["foo_bar", "baz"] } })],
    ["fieldMask=line_2,a.b_c", all({ fieldMask: { paths: ["line_2", "a.b_c"] } })],
    ["fieldMask=line2,a.bC", all({ fieldMask: { paths: ["line2", "a.b_c"] } })],
    // An underscore shows that the client does not write camelCase.
    [
      "fieldMask=labels.releaseYear,page_count",
      all({ fieldMask: { paths: ["labels.releaseYear", "page_count"] } }),
    ],
    ["fieldMask=", all({ fieldMask: {} })],
    ["boolWrapper=false&int64Wrapper=0", all({ boolWrapper: false, int64Wrapper: 0n })],
    // Lists and oneofs.
    ["stringList=a&stringList=a,b&stringList=", all({ stringList: ["a", "a,b", ""] })],
    ["string_list=a&stringList=b", all({ stringList: ["a", "b"] })],
    ["choiceInt64=0", all({ choice: { case: "choiceInt64", value: 0n } })],
    [
      "choiceInner.name=a&choiceInner.itemCount=1",
      all({ choice: { case: "choiceInner", value: { name: "a", itemCount: 1 } } }),
    ],
    ["choiceWrapper=a", all({ choice: { case: "choiceWrapper", value: { value: "a" } } })],
  ])("%s", (query, expected) => {
    expect(readQuery(query)).toEqual(expected);
    expect(equals(EverythingSchema, readQuery(query), expected)).toBe(true);
  });

  test.each([
    ["stringValue=a&stringValue=b", "string_value is given twice"],
    ["stringValue=a&string_value=b", "string_value is given twice"],
    ["inner.name=a&inner.name=b", "inner.name is given twice"],
    ["stringValue=%zz", "string_value is not percent-encoded UTF-8"],
    ["%zz=1", "%zz is not percent-encoded UTF-8"],
    ["int32Value=", "int32_value is not an int32"],
    ["int32Value=1.0", "int32_value is not an int32"],
    ["int32Value=0x10", "int32_value is not an int32"],
    ["int32Value=1_000", "int32_value is not an int32"],
    ["int32Value=%201", "int32_value is not an int32"],
    ["int32Value=2147483648", "int32_value is out of range for an int32"],
    ["uint32Value=-1", "uint32_value is out of range for a uint32"],
    ["uint64Value=18446744073709551616", "uint64_value is out of range for a uint64"],
    ["int64Value=-9223372036854775809", "int64_value is out of range for an int64"],
    ["doubleValue=x", "double_value is not a number"],
    ["doubleValue=inf", "double_value is not a number"],
    ["doubleValue=", "double_value is not a number"],
    ["doubleValue=1e400", "double_value is out of range for a double"],
    ["floatValue=1.7976931348623157e%2B308", "float_value is out of range for a float"],
    ["boolValue=yes", "bool_value is not a bool"],
    ["boolValue=", "bool_value is not a bool"],
    ["enumValue=unknown", "enum_value is not a value of bytenite.test.v1.Color"],
    ["enumValue=", "enum_value is not a value of bytenite.test.v1.Color"],
    ["enumValue=2147483648", "enum_value is out of range for an int32"],
    ["bytesValue=***", "bytes_value is not base64"],
    ["bytesValue=AQ=", "bytes_value is not base64"],
    ["bytesValue=A", "bytes_value is not base64"],
    ["timestamp=yesterday", "timestamp is not a google.protobuf.Timestamp"],
    ["timestamp=2021-13-01T00:00:00Z", "timestamp is not a google.protobuf.Timestamp"],
    ["duration=1h", "duration is not a google.protobuf.Duration"],
    ["duration=1.5sx", "duration is not a google.protobuf.Duration"],
    ["int64Wrapper=", "int64_wrapper is not an int64"],
    ["int32List=1&int32List=x", "int32_list[1] is not an int32"],
    ["int64WrapperList=1&int64_wrapper_list=", "int64_wrapper_list[1] is not an int64"],
    ["timestampList=yesterday", "timestamp_list[0] is not a google.protobuf.Timestamp"],
    ["self.durationList=1s&self.durationList=1h", "self.duration_list[1] is not a google.protobuf.Duration"],
    [
      "choiceString=a&choiceInt64=1",
      "choice_int64 is given beside choice_string: both are in the oneof choice",
    ],
    [
      "choiceString=a&choiceInner.name=b",
      "choice_inner is given beside choice_string: both are in the oneof choice",
    ],
    ["inner=x", "inner is a message: a query has to name its fields"],
    ["stringMap=x", "string_map is a map, which cannot be a query parameter"],
    ["struct={}", "struct is a google.protobuf.Struct, which cannot be a query parameter"],
    ["innerList=x", "inner_list is a repeated message, which cannot be a query parameter"],
  ])("%s is an error", (query, message) => {
    const error = thrownBy(() => readQuery(query));
    expect(error).toBeInstanceOf(TranscodingError);
    expect(error).toHaveProperty("message", message);
  });
});

describe("body, path and query together", () => {
  const body = (message: Everything): BodyContent => ({ kind: "message", desc: EverythingSchema, message });
  const json = (message: Everything) => toJson(EverythingSchema, message) as JsonObject;

  test("the path overrides the body", () => {
    const message = read(
      "POST /v1/{string_value} body:*",
      "POST /v1/path",
      body(all({ stringValue: "body", int32Value: 1 })),
    );
    expect(json(message)).toEqual({ stringValue: "path", int32Value: 1 });
  });

  test("the path overrides another member of its oneof", () => {
    const given = all({ choice: { case: "choiceInt64", value: 4n } });
    expect(json(read("POST /v1/{choice_string} body:*", "POST /v1/x", body(given)))).toEqual({
      choiceString: "x",
    });
  });

  test("a nested path value is merged into the message of the body", () => {
    const given = all({ inner: { name: "body", itemCount: 3, innermost: { size: 1n } } });
    expect(json(read("POST /v1/{inner.innermost.id} body:*", "POST /v1/x", body(given)))).toEqual({
      inner: { name: "body", itemCount: 3, innermost: { id: "x", size: "1" } },
    });
  });

  test('with body: "*", the query is ignored, even an invalid one', () => {
    expect(json(read("POST /v1 body:*", "POST /v1?stringValue=x&int32Value=x", body(all())))).toEqual({});
  });

  test("the query cannot set fields of the path or the body", () => {
    const inner: BodyContent = {
      kind: "field",
      field: EverythingSchema.field.inner,
      holder: all({ inner: { name: "b" } }),
    };
    const request = "POST /v1/p?stringValue=q&inner.name=q&inner.note=q&int32Value=1&string_value=q";
    expect(json(read("POST /v1/{string_value} body:inner", request, inner))).toEqual({
      stringValue: "p",
      inner: { name: "b" },
      int32Value: 1,
    });
    expect(json(read("GET /v1/{inner.name}", "GET /v1/p?inner.name=q&inner.itemCount=2"))).toEqual({
      inner: { name: "p", itemCount: 2 },
    });
  });

  test("a request may lack the body of its rule", () => {
    expect(json(read("POST /v1/{string_value} body:*", "POST /v1/p"))).toEqual({ stringValue: "p" });
    expect(json(read("POST /v1 body:inner", "POST /v1?int32Value=1"))).toEqual({ int32Value: 1 });
  });

  test("the error of an invalid path value names the field", () => {
    const error = (path: string) => thrownBy(() => read(`GET /v1/{${path}}`, "GET /v1/x"));
    expect(error("int32_value")).toHaveProperty("message", "int32_value is not an int32");
    expect(error("inner.item_count")).toHaveProperty("message", "inner.item_count is not an int32");
    expect(error("inner.item_count")).toHaveProperty("field", "inner.item_count");
  });
});
