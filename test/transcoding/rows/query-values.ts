import { Color } from "../../gen/bytenite/test/v1/everything_pb.js";
import { all, type InvalidRow, invalid, names, type SentRow, sent } from "../support/row.ts";

const rule = "GET /v1";

/** Values of every type in a query. */
export const queryValues: readonly SentRow[] = [
  sent(
    "http.proto",
    "GET /v1/messages/{name}",
    names({ name: "123456", a: 2n, nest: { sub: "foo" } }),
    "GET /v1/messages/123456?a=2&nest.sub=foo",
  ),
  sent("gax", rule, names({ field: "value", a: 42n }), "GET /v1?field=value&a=42"),
  sent(
    "gax",
    "GET /v3/{parent=projects/*}/supportedLanguages",
    names({ parent: "projects/project", field: "value" }),
    "GET /v3/projects/project/supportedLanguages?field=value",
  ),
  sent(
    "gax",
    rule,
    names({ tags: ["1", "2", "z z z"], nest: { sub: "string", sub2: "z" } }),
    "GET /v1?nest.sub=string&nest.sub2=z&tags=1&tags=2&tags=z%20z%20z",
  ),
  sent("gax", rule, names({ snakeCaseFirst: "value" }), "GET /v1?snakeCaseFirst=value"),
  sent("ours", rule, names(), "GET /v1"),
  sent(
    "vanguard",
    rule,
    all({ doubleValue: Number.MAX_VALUE }),
    "GET /v1?doubleValue=1.7976931348623157e%2B308",
  ),
  sent("vanguard", rule, all({ doubleValue: Number.NaN }), "GET /v1?doubleValue=NaN"),
  sent("vanguard", rule, all({ doubleValue: Infinity }), "GET /v1?doubleValue=Infinity"),
  sent("vanguard", rule, all({ doubleValue: -Infinity }), "GET /v1?doubleValue=-Infinity"),
  sent("proto JSON", rule, all({ doubleValue: -0 }), "GET /v1?doubleValue=-0"),
  sent("proto JSON", rule, all({ doubleValue: 1e21 }), "GET /v1?doubleValue=1e%2B21"),
  sent("proto JSON", rule, all({ doubleValue: 5e-324 }), "GET /v1?doubleValue=5e-324"),
  sent("vanguard", rule, all({ floatValue: 3.4028234663852886e38 }), "GET /v1?floatValue=3.4028235e%2B38"),
  sent("vanguard", rule, all({ floatValue: Math.fround(0.1) }), "GET /v1?floatValue=0.1"),
  sent("vanguard", rule, all({ floatValue: Number.NaN }), "GET /v1?floatValue=NaN"),
  sent("vanguard", rule, all({ int32Value: 2147483647 }), "GET /v1?int32Value=2147483647"),
  sent("vanguard", rule, all({ int64Value: 9223372036854775807n }), "GET /v1?int64Value=9223372036854775807"),
  sent("vanguard", rule, all({ uint32Value: 4294967295 }), "GET /v1?uint32Value=4294967295"),
  sent(
    "vanguard",
    rule,
    all({ uint64Value: 18446744073709551615n }),
    "GET /v1?uint64Value=18446744073709551615",
  ),
  sent("vanguard", rule, all({ sint32Value: 2147483647 }), "GET /v1?sint32Value=2147483647"),
  sent(
    "vanguard",
    rule,
    all({ sint64Value: -9223372036854775808n }),
    "GET /v1?sint64Value=-9223372036854775808",
  ),
  sent(
    "grpc-gateway",
    rule,
    all({ fixed32Value: 1, fixed64Value: 2n, sfixed32Value: -3, sfixed64Value: -4n }),
    "GET /v1?fixed32Value=1&fixed64Value=2&sfixed32Value=-3&sfixed64Value=-4",
  ),
  sent("ours", rule, all({ textLong: "9223372036854775807" }), "GET /v1?textLong=9223372036854775807"),
  sent("vanguard", rule, all({ boolValue: true }), "GET /v1?boolValue=true"),
  sent("vanguard", rule, all({ stringValue: "hello world" }), "GET /v1?stringValue=hello%20world"),
  sent(
    "RFC 3986",
    rule,
    all({ stringValue: "a&b=c+d;e#f/g?h" }),
    "GET /v1?stringValue=a%26b%3Dc%2Bd%3Be%23f%2Fg%3Fh",
  ),
  sent("http.proto", rule, all({ stringValue: "é😀" }), "GET /v1?stringValue=%C3%A9%F0%9F%98%80"),
  sent(
    "vanguard",
    rule,
    all({ bytesValue: new TextEncoder().encode("abc123!?$*&()'-=@~") }),
    "GET /v1?bytesValue=YWJjMTIzIT8kKiYoKSctPUB-",
  ),
  sent("design 4", rule, all({ bytesValue: new Uint8Array([0xff, 0xee]) }), "GET /v1?bytesValue=_-4%3D"),
  sent("vanguard", rule, all({ enumValue: Color.RED }), "GET /v1?enumValue=COLOR_RED"),
  sent("design 4", rule, all({ enumValue: 12 as Color }), "GET /v1?enumValue=12"),
  // With presence: sent if set, zero or not.
  sent("proto JSON", rule, all({ optString: "" }), "GET /v1?optString="),
  sent("proto JSON", rule, all({ optInt32: 0 }), "GET /v1?optInt32=0"),
  sent("proto JSON", rule, all({ optBool: false }), "GET /v1?optBool=false"),
  sent("proto JSON", rule, all({ optEnum: Color.UNSPECIFIED }), "GET /v1?optEnum=COLOR_UNSPECIFIED"),
  sent("proto JSON", rule, all({ optBytes: new Uint8Array() }), "GET /v1?optBytes="),
  sent("proto JSON", rule, all({ optDouble: 0 }), "GET /v1?optDouble=0"),
  // Default values without presence are not sent.
  sent("design 4", rule, all({ int32Value: 0, stringValue: "", boolValue: false, enumValue: 0 }), "GET /v1"),
  // Wrappers: only the value.
  sent(
    "vanguard",
    rule,
    all({ doubleWrapper: Number.MAX_VALUE }),
    "GET /v1?doubleWrapper=1.7976931348623157e%2B308",
  ),
  sent(
    "vanguard",
    rule,
    all({ floatWrapper: 3.4028234663852886e38 }),
    "GET /v1?floatWrapper=3.4028235e%2B38",
  ),
  sent("vanguard", rule, all({ int32Wrapper: 2147483647 }), "GET /v1?int32Wrapper=2147483647"),
  sent(
    "vanguard",
    rule,
    all({ int64Wrapper: 9223372036854775807n }),
    "GET /v1?int64Wrapper=9223372036854775807",
  ),
  sent("vanguard", rule, all({ uint32Wrapper: 4294967295 }), "GET /v1?uint32Wrapper=4294967295"),
  sent("vanguard", rule, all({ uint64Wrapper: 1n }), "GET /v1?uint64Wrapper=1"),
  sent("vanguard", rule, all({ boolWrapper: false }), "GET /v1?boolWrapper=false"),
  sent(
    "vanguard",
    rule,
    all({ stringWrapper: '"hello world"' }),
    "GET /v1?stringWrapper=%22hello%20world%22",
  ),
  sent(
    "vanguard",
    rule,
    all({ bytesWrapper: new TextEncoder().encode("abc123!?$*&()'-=@~") }),
    "GET /v1?bytesWrapper=YWJjMTIzIT8kKiYoKSctPUB-",
  ),
  sent("ours", rule, all({ int32Wrapper: 0, stringWrapper: "" }), "GET /v1?int32Wrapper=0&stringWrapper="),
  // Well-known types.
  sent(
    "vanguard",
    rule,
    all({ timestamp: { seconds: 1609459200n } }),
    "GET /v1?timestamp=2021-01-01T00%3A00%3A00Z",
  ),
  sent(
    "proto JSON",
    rule,
    all({ timestamp: { seconds: -1n, nanos: 500000000 } }),
    "GET /v1?timestamp=1969-12-31T23%3A59%3A59.500Z",
  ),
  sent("vanguard", rule, all({ duration: { seconds: 1n } }), "GET /v1?duration=1s"),
  sent("vanguard", rule, all({ duration: { seconds: 3n, nanos: 1 } }), "GET /v1?duration=3.000000001s"),
  sent("proto JSON", rule, all({ duration: { seconds: 0n, nanos: -500000000 } }), "GET /v1?duration=-0.500s"),
  sent(
    "vanguard",
    rule,
    all({ fieldMask: { paths: ["foo", "bar.baz"] } }),
    "GET /v1?fieldMask=foo%2Cbar.baz",
  ),
  sent(
    "design 4",
    rule,
    all({ fieldMask: { paths: ["page_count", "author.full_name", "line_2"] } }),
    "GET /v1?fieldMask=page_count%2Cauthor.full_name%2Cline_2",
  ),
  // The key of a map, a name that is in camelCase in the .proto file, and one with two underscores.
  sent(
    "grpc-gateway",
    rule,
    all({ fieldMask: { paths: ["labels.releaseYear", "pageCount", "a__b", "line_2_"] } }),
    "GET /v1?fieldMask=labels.releaseYear%2CpageCount%2Ca__b%2Cline_2_",
  ),
  sent(
    "grpc-gateway",
    rule,
    all({ self: { fieldMask: { paths: ["page_count"] } } }),
    "GET /v1?self.fieldMask=page_count",
  ),
  sent(
    "vanguard",
    rule,
    all({ fieldMask: { paths: ["page_count", "author.full_name", "line2", "_odd"] } }),
    "GET /v1?fieldMask=pageCount%2Cauthor.fullName%2Cline2%2COdd",
    { queryFieldMask: "camelCase" },
  ),
  sent(
    "vanguard",
    rule,
    all({ self: { fieldMask: { paths: ["page_count"] } } }),
    "GET /v1?self.fieldMask=pageCount",
    { queryFieldMask: "camelCase" },
  ),
  sent("ours", rule, all({ fieldMask: {} }), "GET /v1?fieldMask=", { queryFieldMask: "camelCase" }),
  sent("ours", rule, all({ fieldMask: {} }), "GET /v1?fieldMask="),
];

const wrong = (value: unknown) => value as never;

/** Values that cannot be written. */
export const invalidQueryValues: readonly InvalidRow[] = [
  invalid(
    "proto JSON",
    rule,
    all({ stringValue: wrong(5) }),
    "string_value has to be a string, not a number",
  ),
  invalid("proto JSON", rule, all({ stringValue: "\ud800" }), "string_value is not well-formed Unicode"),
  invalid(
    "proto JSON",
    rule,
    all({ stringList: ["ok", wrong(false)] }),
    "string_list has to be a string, not a boolean",
  ),
  invalid("proto JSON", rule, all({ int32List: [1, 2 ** 31] }), "int32_list is out of range for an int32"),
  invalid(
    "proto JSON",
    rule,
    all({ inner: { itemCount: 0.5 } }),
    "inner.item_count has to be an int32, not 0.5",
  ),
  invalid(
    "proto JSON",
    rule,
    all({ self: { inner: { name: wrong([]) } } }),
    "self.inner.name has to be a string, not an array",
  ),
  invalid(
    "proto JSON",
    rule,
    all({ timestamp: wrong("2021-01-01T00:00:00Z") }),
    "timestamp has to be a google.protobuf.Timestamp",
  ),
  invalid(
    "proto JSON",
    rule,
    all({ int64Wrapper: wrong(true) }),
    "int64_wrapper has to be an int64, not a boolean",
  ),
  ...["a__b", "line_2", "labels.releaseYear"].map((path) =>
    invalid(
      "proto JSON",
      rule,
      all({ fieldMask: { paths: ["page_count", path] } }),
      `field_mask has the path "${path}", which cannot be written in camelCase`,
      { queryFieldMask: "camelCase" },
    ),
  ),
  invalid(
    "ours",
    rule,
    all({ fieldMask: { paths: ["a", wrong(5)] } }),
    "field_mask has a path that is not a string",
  ),
  invalid(
    "ours",
    rule,
    all({ fieldMask: { paths: ["a,b"] } }),
    'field_mask has the path "a,b", which cannot be sent',
    { queryFieldMask: "camelCase" },
  ),
  invalid(
    "ours",
    rule,
    all({ fieldMask: { paths: ["a,b"] } }),
    'field_mask has the path "a,b", which cannot be sent',
  ),
  invalid(
    "ours",
    rule,
    all({ fieldMask: { paths: [""] } }),
    'field_mask has the path "", which cannot be sent',
  ),
  invalid(
    "proto JSON",
    rule,
    all({ choice: { case: "choiceInt64", value: 2n ** 63n } }),
    "choice_int64 is out of range for an int64",
  ),
  invalid(
    "proto JSON",
    rule,
    all({ choice: { case: "choiceWrapper", value: wrong("w") } }),
    "choice_wrapper has to be a google.protobuf.StringValue",
  ),
];
