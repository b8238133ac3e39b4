import { create } from "@bufbuild/protobuf";
import { anyPack, EmptySchema, ListValueSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import { Color, InnerSchema } from "../../gen/bytenite/test/v1/everything_pb.js";
import { all, type InvalidRow, invalid, names, type SentRow, sent } from "../support/row.ts";

const rule = "GET /v1";

/** Messages, lists and oneofs in a query. */
export const queryMessages: readonly SentRow[] = [
  sent(
    "http.proto",
    rule,
    all({ inner: { name: "A", itemCount: 2 } }),
    "GET /v1?inner.name=A&inner.itemCount=2",
  ),
  sent(
    "http.proto",
    rule,
    all({ inner: { innermost: { id: "x", size: 3n } } }),
    "GET /v1?inner.innermost.id=x&inner.innermost.size=3",
  ),
  sent("http.proto", rule, all({ inner: { tags: ["a", "b"] } }), "GET /v1?inner.tags=a&inner.tags=b"),
  sent("proto JSON", rule, all({ inner: { note: "" } }), "GET /v1?inner.note="),
  sent("vanguard", rule, all({ self: { doubleValue: 1.234 } }), "GET /v1?self.doubleValue=1.234"),
  sent(
    "vanguard",
    rule,
    all({ self: { self: { self: { stringValue: "deep" } } } }),
    "GET /v1?self.self.self.stringValue=deep",
  ),
  sent(
    "vanguard",
    rule,
    all({ self: { timestamp: { seconds: 0n } } }),
    "GET /v1?self.timestamp=1970-01-01T00%3A00%3A00Z",
  ),
  sent("vanguard", rule, all({ self: { int64Wrapper: 3n } }), "GET /v1?self.int64Wrapper=3"),
  sent("gax", rule, all({ inner: {} }), "GET /v1", { readAs: all() }),
  sent("gax", rule, all({ empty: {} }), "GET /v1", { readAs: all() }),
  sent("http.proto", rule, all({ stringList: ["A", "B"] }), "GET /v1?stringList=A&stringList=B"),
  sent(
    "grpc-gateway",
    rule,
    all({ stringList: ["a,b", "", "c"] }),
    "GET /v1?stringList=a%2Cb&stringList=&stringList=c",
  ),
  sent("http.proto", rule, all({ int32List: [1, 0, -1] }), "GET /v1?int32List=1&int32List=0&int32List=-1"),
  sent(
    "http.proto",
    rule,
    all({ int64List: [1n, -9223372036854775808n] }),
    "GET /v1?int64List=1&int64List=-9223372036854775808",
  ),
  sent("vanguard", rule, all({ doubleList: [1.234, Number.NaN] }), "GET /v1?doubleList=1.234&doubleList=NaN"),
  sent(
    "vanguard",
    rule,
    all({ enumList: [Color.RED, Color.UNSPECIFIED, 5 as Color] }),
    "GET /v1?enumList=COLOR_RED&enumList=COLOR_UNSPECIFIED&enumList=5",
  ),
  sent(
    "http.proto",
    rule,
    all({ bytesList: [new Uint8Array([255]), new Uint8Array()] }),
    "GET /v1?bytesList=_w%3D%3D&bytesList=",
  ),
  sent(
    "grpc-gateway",
    rule,
    all({ timestampList: [{ seconds: 0n }, { seconds: 1n, nanos: 500_000_000 }] }),
    "GET /v1?timestampList=1970-01-01T00%3A00%3A00Z&timestampList=1970-01-01T00%3A00%3A01.500Z",
  ),
  sent(
    "grpc-gateway",
    rule,
    all({ durationList: [{ seconds: -1n }, {}] }),
    "GET /v1?durationList=-1s&durationList=0s",
  ),
  sent(
    "grpc-gateway",
    rule,
    all({ fieldMaskList: [{ paths: ["a_b", "c.d"] }, {}, { paths: ["e"] }] }),
    "GET /v1?fieldMaskList=a_b%2Cc.d&fieldMaskList=&fieldMaskList=e",
  ),
  sent(
    "vanguard",
    rule,
    all({ fieldMaskList: [{ paths: ["a_b", "c.d"] }, { paths: ["e_f"] }] }),
    "GET /v1?fieldMaskList=aB%2Cc.d&fieldMaskList=eF",
    { queryFieldMask: "camelCase" },
  ),
  sent(
    "grpc-gateway",
    rule,
    all({
      stringWrapperList: [{ value: "a,b" }, {}, { value: "&" }],
      boolWrapperList: [{}, { value: true }],
    }),
    "GET /v1?boolWrapperList=false&boolWrapperList=true&stringWrapperList=a%2Cb&stringWrapperList=&stringWrapperList=%26",
  ),
  sent(
    "grpc-gateway",
    rule,
    all({
      self: {
        int64WrapperList: [{ value: -(2n ** 63n) }],
        bytesWrapperList: [{ value: new Uint8Array([255]) }],
      },
    }),
    "GET /v1?self.int64WrapperList=-9223372036854775808&self.bytesWrapperList=_w%3D%3D",
  ),
  sent("ours", rule, all({ timestampList: [], stringWrapperList: [] }), "GET /v1"),
  sent("vanguard", rule, all({ choice: { case: "choiceString", value: "" } }), "GET /v1?choiceString="),
  sent("vanguard", rule, all({ choice: { case: "choiceInt64", value: 0n } }), "GET /v1?choiceInt64=0"),
  sent(
    "vanguard",
    rule,
    all({ choice: { case: "choiceEnum", value: Color.UNSPECIFIED } }),
    "GET /v1?choiceEnum=COLOR_UNSPECIFIED",
  ),
  sent("vanguard", rule, all({ choice: { case: "choiceBool", value: false } }), "GET /v1?choiceBool=false"),
  sent(
    "vanguard",
    rule,
    all({ choice: { case: "choiceInner", value: { name: "x" } } }),
    "GET /v1?choiceInner.name=x",
  ),
  sent(
    "vanguard",
    rule,
    all({ choice: { case: "choiceWrapper", value: { value: "w" } } }),
    "GET /v1?choiceWrapper=w",
  ),
  sent(
    "vanguard",
    rule,
    all({ choice: { case: "choiceTimestamp", value: { seconds: 1n } } }),
    "GET /v1?choiceTimestamp=1970-01-01T00%3A00%3A01Z",
  ),
  sent("gax", rule, all({ choice: { case: "choiceInner", value: {} } }), "GET /v1", { readAs: all() }),
  // Keys are JSON names, in the order of the .proto file.
  sent(
    "ours",
    rule,
    all({ timestamp: { seconds: 0n }, stringValue: "s", optInt32: 1, doubleValue: 1 }),
    "GET /v1?doubleValue=1&stringValue=s&optInt32=1&timestamp=1970-01-01T00%3A00%3A00Z",
  ),
  sent("proto JSON", rule, all({ renamed: "x" }), "GET /v1?otherName=x"),
  sent("ours", rule, all({ odd: "x" }), "GET /v1?a%20b%26c=x"),
  sent("ours", rule, all({ dotted: "x" }), "GET /v1?dotted=x"),
  // Fields that are in the path are not in the query, also nested ones.
  sent(
    "api-core",
    "GET /v1/{inner.name}",
    all({ inner: { name: "n", itemCount: 5 } }),
    "GET /v1/n?inner.itemCount=5",
  ),
  sent(
    "api-core",
    "GET /v1/{inner.innermost.id}",
    all({ inner: { name: "n", innermost: { id: "i", size: 1n } } }),
    "GET /v1/i?inner.name=n&inner.innermost.size=1",
  ),
  sent(
    "ours",
    "GET /v1/{inner.name}",
    all({ inner: { name: "n" }, self: { inner: { name: "m" } } }),
    "GET /v1/n?self.inner.name=m",
  ),
  sent(
    "ours",
    "GET /v1/{self.self.string_value}",
    all({ self: { self: { stringValue: "n", boolValue: true, self: { stringValue: "o" } } } }),
    "GET /v1/n?self.self.boolValue=true&self.self.self.stringValue=o",
  ),
  sent("http.proto", "DELETE /v1/{name}", names({ name: "n", foo: "f" }), "DELETE /v1/n?foo=f"),
  sent("http.proto", "POST /v1/{name}:run", names({ name: "n", a: 1n }), "POST /v1/n:run?a=1"),
  sent("http.proto", "HEAD /v1/{name}", names({ name: "n", foo: "f" }), "HEAD /v1/n?foo=f"),
  sent("http.proto", "PROPFIND /v1/{name}", names({ name: "n" }), "PROPFIND /v1/n"),
];

const no = (what: string) => `${what}, which cannot be a query parameter`;

/** What cannot be a query parameter is an error when it is set, and never left out in silence. */
export const unsupportedInQuery: readonly InvalidRow[] = [
  invalid("design 4", rule, all({ stringMap: { a: "b" } }), no("string_map is a map")),
  invalid("design 4", rule, all({ innerMap: { 1: {} } }), no("inner_map is a map")),
  invalid("http.proto", rule, all({ innerList: [{ name: "x" }] }), no("inner_list is a repeated message")),
  invalid(
    "http.proto",
    rule,
    all({ self: { innerList: [{ name: "x" }] } }),
    no("self.inner_list is a repeated message"),
  ),
  invalid("design 4", rule, all({ struct: { a: 1 } }), no("struct is a google.protobuf.Struct")),
  invalid("design 4", rule, all({ struct: {} }), no("struct is a google.protobuf.Struct")),
  invalid(
    "design 4",
    rule,
    all({ value: create(ValueSchema, { kind: { case: "boolValue", value: true } }) }),
    no("value is a google.protobuf.Value"),
  ),
  invalid(
    "ours",
    rule,
    all({ listValue: create(ListValueSchema) }),
    no("list_value is a google.protobuf.ListValue"),
  ),
  invalid(
    "design 4",
    rule,
    all({ any: anyPack(EmptySchema, create(EmptySchema)) }),
    no("any is a google.protobuf.Any"),
  ),
  invalid(
    "design 4",
    rule,
    all({ self: { self: { stringMap: { a: "b" } } } }),
    no("self.self.string_map is a map"),
  ),
  invalid(
    "design 4",
    "POST /v1 body:inner",
    all({ inner: create(InnerSchema), stringMap: { a: "b" } }),
    no("string_map is a map"),
  ),
  invalid("design 4", "GET /v1/{name}", names({ name: "n", labels: { a: "b" } }), no("labels is a map")),
];
