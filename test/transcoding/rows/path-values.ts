import { Color } from "../../gen/bytenite/test/v1/everything_pb.js";
import { all, type InvalidRow, invalid, type SentRow, sent } from "../support/row.ts";

/** Values of every type in a path, each as the text that JSON has between the quotes. */
export const pathValues: readonly SentRow[] = [
  sent("grpc-gateway", "GET /v1/{double_value}", all({ doubleValue: 1.5 }), "GET /v1/1.5"),
  sent(
    "vanguard",
    "GET /v1/{double_value}",
    all({ doubleValue: Number.MAX_VALUE }),
    "GET /v1/1.7976931348623157e%2B308",
  ),
  sent("vanguard", "GET /v1/{double_value}", all({ doubleValue: Number.NaN }), "GET /v1/NaN"),
  sent("vanguard", "GET /v1/{double_value}", all({ doubleValue: -Infinity }), "GET /v1/-Infinity"),
  sent("ours", "GET /v1/{double_value}", all({ doubleValue: -0 }), "GET /v1/-0"),
  sent(
    "vanguard",
    "GET /v1/{float_value}",
    all({ floatValue: 3.4028234663852886e38 }),
    "GET /v1/3.4028235e%2B38",
  ),
  sent("grpc-gateway", "GET /v1/{int32_value}", all({ int32Value: -2147483648 }), "GET /v1/-2147483648"),
  sent("grpc-gateway", "GET /v1/{uint32_value}", all({ uint32Value: 4294967295 }), "GET /v1/4294967295"),
  sent("grpc-gateway", "GET /v1/{sint32_value}", all({ sint32Value: -1 }), "GET /v1/-1"),
  sent("grpc-gateway", "GET /v1/{fixed32_value}", all({ fixed32Value: 7 }), "GET /v1/7"),
  sent("grpc-gateway", "GET /v1/{sfixed32_value}", all({ sfixed32Value: -7 }), "GET /v1/-7"),
  sent(
    "grpc-gateway",
    "GET /v1/{int64_value}",
    all({ int64Value: -9223372036854775808n }),
    "GET /v1/-9223372036854775808",
  ),
  sent(
    "vanguard",
    "GET /v1/{uint64_value}",
    all({ uint64Value: 18446744073709551615n }),
    "GET /v1/18446744073709551615",
  ),
  sent(
    "grpc-gateway",
    "GET /v1/{sint64_value}",
    all({ sint64Value: 9223372036854775807n }),
    "GET /v1/9223372036854775807",
  ),
  sent(
    "grpc-gateway",
    "GET /v1/{fixed64_value}",
    all({ fixed64Value: 9007199254740993n }),
    "GET /v1/9007199254740993",
  ),
  sent("grpc-gateway", "GET /v1/{sfixed64_value}", all({ sfixed64Value: -1n }), "GET /v1/-1"),
  sent("ours", "GET /v1/{text_long}", all({ textLong: "-12" }), "GET /v1/-12"),
  sent("grpc-gateway", "GET /v1/{bool_value}", all({ boolValue: true }), "GET /v1/true"),
  sent(
    "grpc-gateway",
    "GET /v1/{bytes_value}",
    all({ bytesValue: new Uint8Array([0xfb, 0xff, 0xfe, 0x01]) }),
    "GET /v1/-__-AQ%3D%3D",
  ),
  sent(
    "grpc-gateway",
    "GET /v1/{enum_value}",
    all({ enumValue: Color.DARK_BLUE }),
    "GET /v1/COLOR_DARK_BLUE",
  ),
  sent("design 4", "GET /v1/{enum_value}", all({ enumValue: 99 as Color }), "GET /v1/99"),
  sent("design 4", "GET /v1/{enum_value}", all({ enumValue: Color.NEGATIVE }), "GET /v1/COLOR_NEGATIVE"),
  // Not set, without presence: the zero value.
  sent("design 4", "GET /v1/{int32_value}", all(), "GET /v1/0"),
  sent("design 4", "GET /v1/{int64_value}", all(), "GET /v1/0"),
  sent("design 4", "GET /v1/{double_value}", all(), "GET /v1/0"),
  sent("design 4", "GET /v1/{bool_value}", all(), "GET /v1/false"),
  sent("design 4", "GET /v1/{enum_value}", all(), "GET /v1/COLOR_UNSPECIFIED"),
  sent("design 4", "GET /v1/{inner.item_count}", all({ inner: {} }), "GET /v1/0"),
  // Set, with presence.
  sent("design 4", "GET /v1/{opt_int32}", all({ optInt32: 0 }), "GET /v1/0"),
  sent("design 4", "GET /v1/{opt_bool}", all({ optBool: false }), "GET /v1/false"),
  sent(
    "design 4",
    "GET /v1/{choice_int64}",
    all({ choice: { case: "choiceInt64", value: 0n } }),
    "GET /v1/0",
  ),
  sent(
    "design 4",
    "GET /v1/{choice_inner.name}",
    all({ choice: { case: "choiceInner", value: { name: "x" } } }),
    "GET /v1/x",
  ),
  // Well-known types.
  sent("grpc-gateway", "GET /v1/{int64_wrapper}", all({ int64Wrapper: 5n }), "GET /v1/5"),
  sent("grpc-gateway", "GET /v1/{string_wrapper}", all({ stringWrapper: "a b" }), "GET /v1/a%20b"),
  sent(
    "grpc-gateway",
    "GET /v1/{bytes_wrapper}",
    all({ bytesWrapper: new Uint8Array([1]) }),
    "GET /v1/AQ%3D%3D",
  ),
  sent(
    "grpc-gateway",
    "GET /v1/{choice_wrapper}",
    all({ choice: { case: "choiceWrapper", value: { value: "w" } } }),
    "GET /v1/w",
  ),
  sent(
    "grpc-gateway",
    "GET /v1/{timestamp}",
    all({ timestamp: { seconds: 1609459200n } }),
    "GET /v1/2021-01-01T00%3A00%3A00Z",
  ),
  sent(
    "grpc-gateway",
    "GET /v1/{duration}",
    all({ duration: { seconds: 3n, nanos: 1 } }),
    "GET /v1/3.000000001s",
  ),
  sent(
    "vanguard",
    "GET /v1/{field_mask}",
    all({ fieldMask: { paths: ["foo", "bar.baz_qux"] } }),
    "GET /v1/foo%2Cbar.bazQux",
  ),
];

const wrong = (value: unknown) => value as never;

/** Values that their own type does not allow: found before anything is sent. */
export const invalidPathValues: readonly InvalidRow[] = [
  invalid(
    "design 4",
    "GET /v1/{opt_int32}",
    all(),
    "opt_int32 is not set, and the path needs it (/v1/{opt_int32})",
  ),
  invalid(
    "design 4",
    "GET /v1/{opt_string}",
    all({ optString: "" }),
    "opt_string is empty, and the path needs it (/v1/{opt_string})",
  ),
  invalid(
    "design 4",
    "GET /v1/{choice_int64}",
    all({ choice: { case: "choiceString", value: "x" } }),
    "choice_int64 is not set, and the path needs it (/v1/{choice_int64})",
  ),
  invalid(
    "design 4",
    "GET /v1/{int64_wrapper}",
    all(),
    "int64_wrapper is not set, and the path needs it (/v1/{int64_wrapper})",
  ),
  invalid(
    "design 4",
    "GET /v1/{timestamp}",
    all(),
    "timestamp is not set, and the path needs it (/v1/{timestamp})",
  ),
  invalid(
    "design 4",
    "GET /v1/{bytes_value}",
    all(),
    "bytes_value is empty, and the path needs it (/v1/{bytes_value})",
  ),
  invalid(
    "design 4",
    "GET /v1/{field_mask}",
    all({ fieldMask: {} }),
    "field_mask is empty, and the path needs it (/v1/{field_mask})",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{string_value}",
    all({ stringValue: wrong(5) }),
    "string_value has to be a string, not a number",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{int32_value}",
    all({ int32Value: wrong("5") }),
    "int32_value has to be an int32, not a string",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{int32_value}",
    all({ int32Value: 1.5 }),
    "int32_value has to be an int32, not 1.5",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{int32_value}",
    all({ int32Value: 2147483648 }),
    "int32_value is out of range for an int32",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{uint32_value}",
    all({ uint32Value: -1 }),
    "uint32_value is out of range for a uint32",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{int64_value}",
    all({ int64Value: 9223372036854775808n }),
    "int64_value is out of range for an int64",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{uint64_value}",
    all({ uint64Value: -1n }),
    "uint64_value is out of range for a uint64",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{int64_value}",
    all({ int64Value: wrong(2 ** 53) }),
    "int64_value has to be an int64, not 9007199254740992",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{bool_value}",
    all({ boolValue: wrong(1) }),
    "bool_value has to be a boolean, not a number",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{bytes_value}",
    all({ bytesValue: wrong("AQ==") }),
    "bytes_value has to be a Uint8Array, not a string",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{float_value}",
    all({ floatValue: 1e39 }),
    "float_value is out of range for a float",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{enum_value}",
    all({ enumValue: wrong("COLOR_RED") }),
    "enum_value has to be an int32, not a string",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{inner.name}",
    all({ inner: { name: wrong(null) } }),
    "inner.name is empty, and the path needs it (/v1/{inner.name})",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{timestamp}",
    all({ timestamp: { nanos: -1 } }),
    "timestamp cannot be written: cannot encode message google.protobuf.Timestamp to JSON: nanos must not be negative",
  ),
  invalid(
    "proto JSON",
    "GET /v1/{duration}",
    all({ duration: { seconds: 315576000001n } }),
    "duration cannot be written: cannot encode message google.protobuf.Duration to JSON: value out of range",
  ),
];
