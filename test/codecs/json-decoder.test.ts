// The decoder accepts what the JSON mapping allows, with all digits, and nothing else.
import {
  create,
  createRegistry,
  fromJsonString,
  type MessageInitShape,
  toJsonString,
} from "@bufbuild/protobuf";
import { anyUnpack, ValueSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { CodecError } from "../../src/codecs/codec-error.ts";
import { decodeJson, decodeJsonField } from "../../src/codecs/json-codec.ts";
import { messageFromJson } from "../../src/codecs/json-decoder.ts";
import { integerFromText } from "../../src/codecs/parse-json.ts";
import { EverythingSchema, InnermostSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { anyEverything } from "../transcoding/support/any-everything.ts";

const registry = createRegistry(EverythingSchema, InnermostSchema, StatusSchema, ValueSchema);

function read(text: string) {
  return decodeJson(EverythingSchema, Buffer.from(text), registry);
}

describe("integers keep all their digits, also beside a google.protobuf.Value", () => {
  const MAX = 2n ** 63n - 1n;

  test.each<readonly [json: string, expected: MessageInitShape<typeof EverythingSchema>]>([
    ['{"int64Value":9007199254740993}', { int64Value: 9007199254740993n }],
    ['{"int64Value":"9007199254740993"}', { int64Value: 9007199254740993n }],
    ['{"int64Value":9007199254740993.0}', { int64Value: 9007199254740993n }],
    ['{"int64Value":9.007199254740993e15}', { int64Value: 9007199254740993n }],
    ['{"int64Value":9007199254740993000e-3}', { int64Value: 9007199254740993n }],
    ['{"int64Value":"9007199254740993.0"}', { int64Value: 9007199254740993n }],
    ['{"int64Value":123456789012345e4}', { int64Value: 1234567890123450000n }],
    ['{"int64Value":1e18}', { int64Value: 10n ** 18n }],
    [`{"int64Value":${MAX}}`, { int64Value: MAX }],
    [`{"int64Value":${-MAX - 1n}}`, { int64Value: -MAX - 1n }],
    [`{"uint64Value":${2n ** 64n - 1n}}`, { uint64Value: 2n ** 64n - 1n }],
    ['{"int64Value":5}', { int64Value: 5n }],
    ['{"int64Value":5.0}', { int64Value: 5n }],
    ['{"int64Value":5e0}', { int64Value: 5n }],
    ['{"int64Value":-0}', { int64Value: 0n }],
    ['{"int64Value":-5}', { int64Value: -5n }],
    [
      '{"int64List":[9007199254740993,"9007199254740995"]}',
      { int64List: [9007199254740993n, 9007199254740995n] },
    ],
    [
      '{"innerMap":{"1":{"innermost":{"size":9007199254740993}}}}',
      {
        innerMap: { 1: { innermost: { size: 9007199254740993n } } },
      },
    ],
    [
      '{"self":{"self":{"int64Value":9007199254740993}}}',
      { self: { self: { int64Value: 9007199254740993n } } },
    ],
    ['{"choiceInt64":9007199254740993}', { choice: { case: "choiceInt64", value: 9007199254740993n } }],
    ['{"int64Wrapper":9007199254740993}', { int64Wrapper: 9007199254740993n }],
    ['{"textLong":9007199254740993}', { textLong: "9007199254740993" }],
    ['{"int32Value":5.0,"uint32Value":"5e0"}', { int32Value: 5, uint32Value: 5 }],
    ['{"int32Value":5.000000000000000000000}', { int32Value: 5 }],
    // Numbers in a Value, a Struct or a double field are doubles, and strings stay strings.
    ['{"value":9007199254740993}', { value: { kind: { case: "numberValue", value: 9007199254740992 } } }],
    ['{"value":"9007199254740993"}', { value: { kind: { case: "stringValue", value: "9007199254740993" } } }],
    ['{"struct":{"a":[9007199254740993]}}', { struct: { a: [9007199254740992] } }],
    ['{"doubleValue":9007199254740993}', { doubleValue: 9007199254740992 }],
    ['{"stringValue":"9007199254740993"}', { stringValue: "9007199254740993" }],
    [
      '{"stringMap":{"9007199254740993":"9007199254740993"}}',
      { stringMap: { "9007199254740993": "9007199254740993" } },
    ],
  ])("%s", (json, expected) => {
    expect(read(json)).toEqual(create(EverythingSchema, expected));
  });

  test("in a message in an Any", () => {
    const any = `{"@type":"type.googleapis.com/bytenite.test.v1.Innermost","size":9007199254740993}`;
    const { any: inner } = read(`{"any":${any}}`);
    expect(inner && anyUnpack(inner, InnermostSchema)?.size).toBe(9007199254740993n);
    const nested = `{"@type":"type.googleapis.com/google.rpc.Status","details":[${any}]}`;
    const status = anyUnpack(read(`{"any":${nested}}`).any as never, StatusSchema);
    expect(status && anyUnpack(status.details[0] as never, InnermostSchema)?.size).toBe(9007199254740993n);
  });

  test("in a body that is a field", () => {
    const body = Buffer.from("[9007199254740993,5]");
    expect(decodeJsonField(EverythingSchema.field.int64List, body)).toMatchObject({
      int64List: [9007199254740993n, 5n],
    });
  });
});

describe("a value that is not of its field's type is an error", () => {
  test.each([
    ['{"duration":"3sjunk"}', "Duration"],
    ['{"duration":"3"}', "Duration"],
    ['{"duration":"+3s"}', "Duration"],
    ['{"duration":"3.1234567891s"}', "Duration"],
    ['{"duration":"315576000001s"}', "Duration"],
    ['{"timestamp":"2026-02-30T00:00:00Z"}', "Timestamp"],
    ['{"timestamp":"2026-04-31T00:00:00Z"}', "Timestamp"],
    ['{"timestamp":"2025-02-29T00:00:00Z"}', "Timestamp"],
    ['{"timestamp":"2026-01-01T24:00:00Z"}', "Timestamp"],
    ['{"timestamp":"2026-01-01T23:60:00Z"}', "Timestamp"],
    ['{"timestamp":"2026-01-01T23:59:60Z"}', "Timestamp"],
    ['{"timestamp":"2026-13-01T00:00:00Z"}', "Timestamp"],
    ['{"timestamp":"2026-01-01T00:00:00+24:00"}', "Timestamp"],
    ['{"timestamp":"2026-01-01T00:00:00"}', "Timestamp"],
    ['{"timestamp":"0000-12-31T23:59:59Z"}', "Timestamp"],
    ['{"timestamp":"9999-12-31T23:59:59-00:01"}', "Timestamp"],
    ['{"timestamp":1700000000}', "Timestamp"],
    ['{"fieldMask":"page_count"}', "FieldMask"],
    ...["0x10", "+5", " 1", "1 ", "", "1_000", "007", "1.5", "many", "Infinity", "5."].flatMap((text) =>
      ["int32Value", "uint64Value", "int64Wrapper"].map((field) => [`{"${field}":"${text}"}`, "has to be"]),
    ),
    ...["0x10", "+5", " 1", "", "007", "1e999", ".5", "5.", "nan"].map((text) => [
      `{"doubleValue":"${text}"}`,
      "double_value has to be a double",
    ]),
    ['{"int64Value":9007199254740993.5}', "int64_value has to be an int64, not a number"],
    ['{"int64Value":5.00000000000000000001}', "int64_value has to be an int64"],
    ['{"int32Value":5.00000000000000000001}', "int32_value has to be an int32"],
    ['{"int64Value":1e-400}', "int64_value has to be an int64"],
    ['{"int64Value":9223372036854775808}', "int64_value has to be an int64"],
    ['{"uint64Value":-1}', "uint64_value has to be a uint64"],
    ['{"int64Value":1e1000000000}', "int64_value has to be an int64"],
    ['{"int32Value":2147483648}', "int32_value has to be an int32"],
    ['{"doubleValue":1e999}', "double_value has to be a double"],
    ['{"floatValue":1e39}', "float_value has to be a float"],
    ['{"boolValue":"true"}', "bool_value has to be a boolean, not a string"],
    ['{"boolValue":1}', "bool_value has to be a boolean, not a number"],
    ...["YQ==YQ==", "YQ=", "Y", "YQ==\\n", " YQ==", "Y!==", "====", "YWE==", "YQ===", "é"].map((text) => [
      `{"bytesValue":"${text}"}`,
      "bytes_value has to be base64",
    ]),
    ['{"stringValue":"\\ud83d"}', "not well-formed"],
    ['{"struct":{"a":"\\ud83d"}}', "not well-formed"],
    ['{"struct":{"\\ud83d":1}}', "not well-formed"],
    ['{"value":["\\ud83d"]}', "not well-formed"],
    ['{"value":1e999}', "too large"],
    ['{"struct":{"a":1e999}}', "too large"],
    ['{"struct":[]}', "has to be an object"],
    ['{"struct":"{}"}', "has to be an object"],
    ['{"enumValue":1.5}', "enum_value has to be an int32"],
    ['{"enumValue":true}', "enum_value has to be an int32"],
    ['{"stringList":"one"}', "string_list has to be an array, not a string"],
    ['{"stringList":[null]}', "string_list contains null"],
    ['{"innerList":[null]}', "inner_list contains null"],
    ['{"inner":[]}', "has to be an object, not an array"],
    ['{"stringMap":[]}', "string_map has to be an object, not an array"],
    ['{"stringMap":{"a":null}}', "string_map contains null"],
    ['{"innerMap":{"x":{}}}', "inner_map has to be an int32"],
    ['{"innerMap":{"1":{},"1.0":{}}}', "twice"],
    ['{"choiceBool":true,"choiceString":"x"}', "choice has more than one value"],
    ['{"any":{"size":1}}', "@type"],
    ['{"any":{"@type":"x/not.Known"}}', "not.Known"],
    ["[]", "has to be an object"],
    ["null", "has to be an object"],
    ["5", "has to be an object"],
    ["", "JSON"],
    ['{"boolValue":true', "JSON"],
    ['{"boolValue":true}}', "JSON"],
    [`${'{"self":'.repeat(101)}{}${"}".repeat(101)}`, "100 deep"],
    [`{"value":${"[".repeat(101)}${"]".repeat(101)}}`, "100 deep"],
    [`{"struct":{"a":${"[".repeat(101)}${"]".repeat(101)}}}`, "100 deep"],
  ])("%s: %s", (json, problem) => {
    expect(() => read(json as string)).toThrow(CodecError);
    expect(() => read(json as string)).toThrow(problem);
  });
});

test.each<readonly [json: string, expected: MessageInitShape<typeof EverythingSchema>]>([
  ['{"duration":"-0.5s"}', { duration: { seconds: 0n, nanos: -500_000_000 } }],
  ['{"duration":"-0s"}', { duration: { seconds: 0n, nanos: 0 } }],
  [
    '{"timestamp":"2024-02-29T23:59:59.5+14:00"}',
    { timestamp: { seconds: 1709200799n, nanos: 500_000_000 } },
  ],
  ['{"timestamp":"0001-01-01T00:00:00Z"}', { timestamp: { seconds: -62135596800n } }],
  ['{"bytesValue":"-_8"}', { bytesValue: Uint8Array.of(0xfb, 0xff) }],
  ['{"bytesValue":"+/8="}', { bytesValue: Uint8Array.of(0xfb, 0xff) }],
  ['{"doubleValue":"1e3","floatValue":"-Infinity"}', { doubleValue: 1000, floatValue: -Infinity }],
  ['{"enumValue":"COLOR_NOT_YET","enumList":["COLOR_RED","COLOR_NOT_YET"]}', { enumList: [1] }],
  ['{"enumValue":99}', { enumValue: 99 as never }],
  ['{"int64_value":5,"unknown":{"deep":[{"a":1}]}}', { int64Value: 5n }],
  ['{"inner":null,"stringList":null,"stringMap":null,"choiceBool":null,"int64Value":null}', {}],
  ['{"value":null}', { value: { kind: { case: "nullValue", value: 0 } } }],
  [`{"unknown":${"[".repeat(20_000)}${"]".repeat(20_000)}}`, {}],
  ['\ufeff{"boolValue":true}', { boolValue: true }],
])("%s is valid", (json, expected) => {
  expect(read(json)).toEqual(create(EverythingSchema, expected));
});

test('"__proto__" is a key like any other', () => {
  const json = '{"stringMap":{"__proto__":"a"},"struct":{"__proto__":{"b":1}},"__proto__":5}';
  const { stringMap, struct } = read(json);
  expect(Object.entries(stringMap)).toEqual([["__proto__", "a"]]);
  expect(Object.entries(struct ?? {})).toEqual([["__proto__", { b: 1 }]]);
});

test("JSON from protobuf-es is decoded like by protobuf-es", () => {
  fc.assert(
    fc.property(anyEverything, fc.boolean(), (message, alwaysEmitImplicit) => {
      const text = toJsonString(EverythingSchema, message, { registry, alwaysEmitImplicit });
      expect(read(text)).toStrictEqual(fromJsonString(EverythingSchema, text, { registry }));
    }),
    { numRuns: 300 },
  );
});

test("integerFromText agrees with exact arithmetic", () => {
  const parts = fc.tuple(
    fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }),
    fc.integer({ min: 0, max: 6 }),
    fc.integer({ min: -8, max: 8 }),
  );
  fc.assert(
    fc.property(parts, ([digits, fractionDigits, exponent]) => {
      // digits × 10^(exponent − fractionDigits), where fractionDigits is the number of digits after the point
      const text = digits
        .toString()
        .replace("-", "")
        .padStart(fractionDigits + 1, "0");
      const point = text.length - fractionDigits;
      const fraction = fractionDigits === 0 ? "" : `.${text.slice(point)}`;
      const written = `${digits < 0n ? "-" : ""}${text.slice(0, point)}${fraction}e${exponent}`;
      const shift = exponent - fractionDigits;
      const scale = 10n ** BigInt(Math.abs(shift));
      const isWhole = shift >= 0 || digits % scale === 0n;
      const value = shift >= 0 ? digits * scale : digits / scale;
      const fits = value.toString().replace("-", "").length <= 20;
      expect(integerFromText(written)).toBe(isWhole && fits ? value : undefined);
    }),
  );
});

test("a long number that is not in an integer field is the double of JSON.parse", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = JSON.stringify({ doubleValue: value, value });
      const back = JSON.parse(text).value as number;
      expect(read(text)).toMatchObject({ doubleValue: back, value: { kind: { value: back } } });
    }),
  );
});

test("what is nested too deeply for V8 to read exactly is an error of the response", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  expect(() => read(`{"int64Value":1e17,"unknown":${deep}}`)).toThrow(CodecError);
  expect(() => read(`{"int64Value":12345678901234567,"unknown":${deep}}`)).toThrow(CodecError);
});

describe("unknown names are errors for JSON that somebody typed", () => {
  const strictly = (text: string) =>
    messageFromJson(EverythingSchema, text, { registry, unknownFields: "error" });

  test.each([
    ['{"nope":1}', 'message bytenite.test.v1.Everything has no field "nope"'],
    ['{"int32_valu":1}', ': did you mean "int32Value"?'],
    ['{"inner":{"nope":null}}', 'has no field "nope"'],
    ['{"innerList":[{},{"nope":{}}]}', 'has no field "nope"'],
    ['{"[not.an.extension]":1}', 'has no field "[not.an.extension]"'],
    ['{"enumValue":"NOPE"}', 'is "NOPE", which is not a value of bytenite.test.v1.'],
    ['{"enumList":["NOPE"]}', 'is "NOPE", which is not a value of bytenite.test.v1.'],
  ])("%s", (text, reason) => {
    expect(() => strictly(text)).toThrow(CodecError);
    expect(() => strictly(text)).toThrow(reason);
    expect(() => read(text)).not.toThrow();
  });

  test("every message that the JSON mapping can write is accepted", () => {
    fc.assert(
      fc.property(anyEverything, (message) => {
        const text = toJsonString(EverythingSchema, message, { registry });
        expect(strictly(text)).toEqual(fromJsonString(EverythingSchema, text, { registry }));
      }),
      { numRuns: 100 },
    );
  });
});
