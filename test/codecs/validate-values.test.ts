import { create, createFileRegistry, type DescMethodUnary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  anyPack,
  DurationSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  TimestampSchema,
} from "@bufbuild/protobuf/wkt";
import { expect, onTestFinished, test } from "vitest";
import { LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { decodeBinary, encodeBinary } from "../../src/codecs/binary-codec.ts";
import { CodecError } from "../../src/codecs/codec-error.ts";
import { decodeJson, encodeJson } from "../../src/codecs/json-codec.ts";
import { Code, createClient, createRestTransport, RpcError } from "../../src/transport.ts";
import { type Everything, EverythingSchema, InnerSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { PlainLeafSchema, PlainSchema } from "../gen/bytenite/test/v1/plain_pb.js";
import { caught } from "../support/caught.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { type RuleText, ruleMethod } from "../transcoding/support/rule-method.ts";

type Init = MessageInitShape<typeof EverythingSchema>;

function expectInvalid(message: object, problem: string): void {
  const error = new CodecError(problem);
  expect(() => encodeBinary(EverythingSchema, message as Everything)).toThrow(error);
  expect(() => encodeJson(EverythingSchema, message as Everything)).toThrow(error);
}

const half = "half of \ud83d";
const replaced = "\ufffd";

const rows: readonly (readonly [place: string, init: (text: string) => Init])[] = [
  ["string_value", (text) => ({ stringValue: text })],
  ["opt_string", (text) => ({ optString: text })],
  ["string_list[1]", (text) => ({ stringList: ["whole", text] })],
  ["inner.name", (text) => ({ inner: { name: text } })],
  ["inner_list[1].name", (text) => ({ innerList: [{}, { name: text }] })],
  ["self.self.string_value", (text) => ({ self: { self: { stringValue: text } } })],
  ["choice_string", (text) => ({ choice: { case: "choiceString", value: text } })],
  ["choice_inner.name", (text) => ({ choice: { case: "choiceInner", value: { name: text } } })],
  ["choice_wrapper.value", (text) => ({ choice: { case: "choiceWrapper", value: { value: text } } })],
  ["string_wrapper", (text) => ({ stringWrapper: text })],
  ["a key of string_map", (text) => ({ stringMap: { [text]: "whole" } })],
  ['string_map["whole"]', (text) => ({ stringMap: { whole: text } })],
  ['inner_map["7"].name', (text) => ({ innerMap: { 7: { name: text } } })],
  ["a key of struct", (text) => ({ struct: { [text]: 1 } })],
  ["struct.key[1].deep", (text) => ({ struct: { key: [1, { deep: text }] } })],
  ["value.string_value", (text) => ({ value: { kind: { case: "stringValue", value: text } } })],
];

test.each(rows)("a lone surrogate in %s is an error, in both encodings", (field, init) => {
  const message = create(EverythingSchema, init(half));
  expectInvalid(message, `${field} is not well-formed Unicode`);
});

test.each(rows)("U+FFFD and its bytes as text are valid in %s", (_field, init) => {
  for (const text of [replaced, "\\ud83d", "😀"]) {
    const message = create(EverythingSchema, init(text));
    expect(decodeBinary(EverythingSchema, encodeBinary(EverythingSchema, message))).toEqual(message);
    expect(decodeJson(EverythingSchema, encodeJson(EverythingSchema, message))).toEqual(message);
  }
});

test("bytes and packed messages may have any content", () => {
  const any = anyPack(InnerSchema, create(InnerSchema, { name: replaced }));
  const message = create(EverythingSchema, { bytesValue: Buffer.from(replaced), any });
  expect(decodeBinary(EverythingSchema, encodeBinary(EverythingSchema, message)).any).toEqual(any);
});

test("compiled types have the same validation", () => {
  const plain = create(PlainSchema, { stringValue: half });
  expect(() => encodeBinary(PlainSchema, plain)).toThrow("string_value is not well-formed Unicode");
  expect(() => encodeJson(PlainSchema, plain)).toThrow("string_value is not well-formed Unicode");
  const leaf = create(PlainLeafSchema, { id: `${"x".repeat(5_000)}${half}` });
  expect(() => encodeBinary(PlainLeafSchema, leaf)).toThrow("id is not well-formed Unicode");
  expect(() => encodeJson(PlainLeafSchema, leaf)).toThrow("id is not well-formed Unicode");
});

test.each<readonly [values: object, problem: string]>([
  [{ boolValue: "false" }, "bool_value has to be a boolean, not a string"],
  [{ stringValue: 5 }, "string_value has to be a string, not a number"],
  [{ stringValue: null }, "string_value has to be a string, not null"],
  [{ doubleValue: "1.5" }, "double_value has to be a number, not a string"],
  [{ floatValue: 1e39 }, "float_value has to be a number in the range of a float, not a number"],
  [{ int32Value: 1.5 }, "int32_value has to be an int32, not 1.5"],
  [{ uint32Value: -1 }, "uint32_value has to be a uint32, not -1"],
  [{ int64Value: "many" }, "int64_value has to be an int64, not a string"],
  [{ int64Value: 2 ** 63 }, "int64_value has to be an int64, not 9223372036854776000"],
  [{ uint64Value: -1n }, "uint64_value has to be a uint64, not a bigint"],
  [{ enumValue: "COLOR_RED" }, "enum_value has to be an int32, not a string"],
  [{ bytesValue: "aGk=" }, "bytes_value has to be a Uint8Array, not a string"],
  [{ stringList: "one" }, "string_list has to be an array, not a string"],
  [{ stringList: new Set(["one"]) }, "string_list has to be an array, not a Set"],
  [{ int32List: 5 }, "int32_list has to be an array, not a number"],
  [{ stringList: ["one", 2] }, "string_list[1] has to be a string, not a number"],
  [{ stringList: Array(1) }, "string_list[0] has to be a string, not undefined"],
  [{ inner: null }, "inner has to be a bytenite.test.v1.Inner, not null"],
  [{ inner: [] }, "inner has to be a bytenite.test.v1.Inner, not an array"],
  [{ inner: { name: "x" } }, "inner has to be a bytenite.test.v1.Inner, not an object"],
  [
    { inner: create(PlainLeafSchema) },
    "inner has to be a bytenite.test.v1.Inner, not a bytenite.test.v1.PlainLeaf",
  ],
  [{ inner: create(InnerSchema, { itemCount: 0.5 }) }, "inner.item_count has to be an int32, not 0.5"],
  [{ innerList: [null] }, "inner_list[0] has to be a bytenite.test.v1.Inner, not null"],
  [{ innerMap: { 1: null } }, 'inner_map["1"] has to be a bytenite.test.v1.Inner, not null'],
  [{ stringMap: new Map([["a", "b"]]) }, "string_map has to be an object, not a Map"],
  [{ innerMap: { x: create(InnerSchema) } }, "a key of inner_map has to be an int32, not a string"],
  [
    { innerMap: { 2147483648: create(InnerSchema) } },
    "a key of inner_map has to be an int32, not 2147483648",
  ],
  [{ innerMap: { "01": create(InnerSchema) } }, "a key of inner_map has to be an int32, not a string"],
  [{ int32Value: 0n }, "int32_value has to be an int32, not a bigint"],
  [{ int32Value: "0" }, "int32_value has to be an int32, not a string"],
  [{ enumValue: "0" }, "enum_value has to be an int32, not a string"],
  [{ stringValue: undefined }, "string_value has to be a string, not undefined"],
  [{ stringList: undefined }, "string_list has to be an array, not undefined"],
  [{ stringMap: undefined }, "string_map has to be an object, not undefined"],
  [{ choice: { case: "choiceString" } }, "choice_string has to be a string, not undefined"],
  [
    { choice: { case: "choiceInner", value: undefined } },
    "choice_inner has to be a bytenite.test.v1.Inner, not undefined",
  ],
  [{ choice: undefined }, "choice has to be an object, not undefined"],
  [{ choice: "choiceBool" }, "choice has to be an object, not a string"],
  [{ choice: { case: "choiceBoolean", value: true } }, 'choice has no case "choiceBoolean"'],
  [{ stringMap: { a: 1 } }, 'string_map["a"] has to be a string, not a number'],
  [{ struct: [] }, "struct has to be an object, not an array"],
  [{ struct: { at: new Date(0) } }, "struct.at has to be a JSON value, not a Date"],
  [{ struct: { list: [1, undefined] } }, "struct.list[1] has to be a JSON value, not undefined"],
  [{ stringWrapper: 5 }, "string_wrapper has to be a string, not a number"],
  [{ int64Wrapper: true }, "int64_wrapper has to be an int64, not a boolean"],
  [{ choice: { case: "choiceBool", value: "false" } }, "choice_bool has to be a boolean, not a string"],
  [{ timestamp: new Date(0) }, "timestamp has to be a google.protobuf.Timestamp, not a Date"],
])("%o is invalid, in both encodings", (values, problem) => {
  // As from JavaScript, `any` or parsed JSON.
  expectInvalid(Object.assign(create(EverythingSchema), values), problem);
});

const TIMESTAMP = "timestamp has to be a Timestamp of the years 1 to 9999, with 0 to 999,999,999 nanos";
const DURATION =
  "duration has to be a Duration of up to 315,576,000,000 seconds, with nanos of the same sign, up to 999,999,999";

test.each<readonly [init: Init, problem: string]>([
  [{ timestamp: { seconds: 253402300800n } }, TIMESTAMP],
  [{ timestamp: { seconds: -62135596801n } }, TIMESTAMP],
  [{ timestamp: { nanos: 1_000_000_000 } }, TIMESTAMP],
  [{ timestamp: { nanos: -1 } }, TIMESTAMP],
  [{ duration: { seconds: 315576000001n } }, DURATION],
  [{ duration: { seconds: 1n, nanos: -1 } }, DURATION],
  [{ duration: { seconds: -1n, nanos: 1 } }, DURATION],
  [{ duration: { nanos: -1_000_000_000 } }, DURATION],
])("%o is out of range, in both encodings", (init, problem) => {
  expectInvalid(create(EverythingSchema, init), problem);
  // The well-known type itself is compiled.
  const [desc, value] =
    init.timestamp === undefined ? [DurationSchema, init.duration] : [TimestampSchema, init.timestamp];
  const message = create(desc as typeof TimestampSchema, value as never);
  expect(() => encodeBinary(desc, message)).toThrow(problem.replace(/^\w+/, "the message"));
});

test("a value that protobuf-es converts without loss is valid", () => {
  const values = { int64Value: 5, uint64Value: "7", int64List: [5n], doubleList: new Float64Array([1, 2]) };
  const message = Object.assign(create(EverythingSchema), values) as never;
  const expected = { int64Value: 5n, uint64Value: 7n, int64List: [5n], doubleList: [1, 2] };
  expect(decodeBinary(EverythingSchema, encodeBinary(EverythingSchema, message))).toMatchObject(expected);
  expect(decodeJson(EverythingSchema, encodeJson(EverythingSchema, message))).toMatchObject(expected);
});

test("a field with presence may be undefined", () => {
  const unset = { optString: undefined, optDouble: undefined, inner: undefined, stringWrapper: undefined };
  const message = Object.assign(create(EverythingSchema), { ...unset, struct: undefined });
  expect(encodeBinary(EverythingSchema, message as never)).toHaveLength(0);
  expect(Buffer.from(encodeJson(EverythingSchema, message as never)).toString()).toBe("{}");
});

test("the message is not changed", () => {
  const message = Object.assign(create(EverythingSchema, { stringMap: { a: "b" } }), {
    int64Value: 5,
    struct: { a: [1, null] },
  }) as unknown as Everything;
  const before = structuredClone(message);
  for (const part of [message, message.stringMap, message.struct]) Object.freeze(part);
  encodeBinary(EverythingSchema, message);
  encodeJson(EverythingSchema, message);
  expect(message).toEqual(before);
});

test.each(["protobuf", "json"] as const)(
  "a call with an invalid value fails, and nothing is sent, in %s",
  async (encoding) => {
    const server = await scriptedServer({ status: 500 });
    const transport = createRestTransport({ baseUrl: server.baseUrl, encoding });
    onTestFinished(() => transport.close());
    const library = createClient(LibraryService, transport);
    const error = await caught(library.checkOutBook({ name: "shelves/1/books/2", reader: half }));
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({
      code: Code.InvalidArgument,
      outcome: "not_sent",
      reason: "reader is not well-formed Unicode",
    });
    // The body is one field (`body: "book"`).
    await expect(
      library.updateBook({ book: { name: "shelves/1/books/2", title: half } }),
    ).rejects.toMatchObject({
      code: Code.InvalidArgument,
      outcome: "not_sent",
      reason: expect.stringContaining("title is not well-formed Unicode"),
    });
    expect(server.seen).toEqual([]);
  },
);

test.each<readonly [rule: RuleText, values: object, problem: string]>([
  ["GET /v1/x", { inner: "abc" }, "inner has to be a bytenite.test.v1.Inner, not a string"],
  ["GET /v1/x", { stringList: "abc" }, "string_list has to be an array, not a string"],
  ["GET /v1/x", { int32List: 5 }, "int32_list has to be an array, not a number"],
  ["GET /v1/{int64_value}", { boolValue: 0 }, "bool_value has to be a boolean, not a number"],
  ["POST /v1/x body:inner", { int32List: 5 }, "int32_list has to be an array, not a number"],
])("an invalid value in a query is an error, too: %s with %o", async (rule, values, problem) => {
  const server = await scriptedServer({ status: 500 });
  const transport = createRestTransport({ baseUrl: server.baseUrl });
  onTestFinished(() => transport.close());
  const message = Object.assign(create(EverythingSchema), values);
  const error = await caught(transport.unary(ruleMethod(rule, EverythingSchema) as DescMethodUnary, message));
  expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent", reason: problem });
  expect(server.seen).toEqual([]);
});

test("a 64-bit map key may have any value, also one that a number cannot represent", () => {
  const entry = {
    name: "NamesEntry",
    field: [
      { name: "key", number: 1, type: FieldDescriptorProto_Type.INT64 },
      { name: "value", number: 2, type: FieldDescriptorProto_Type.STRING },
    ],
    options: { mapEntry: true },
  };
  const names = {
    name: "names",
    number: 1,
    label: FieldDescriptorProto_Label.REPEATED,
    type: FieldDescriptorProto_Type.MESSAGE,
    typeName: ".example.Keys.NamesEntry",
  };
  const file = create(FileDescriptorProtoSchema, {
    name: "keys.proto",
    package: "example",
    syntax: "proto3",
    messageType: [{ name: "Keys", field: [names], nestedType: [entry] }],
  });
  const desc = createFileRegistry(file, () => undefined).getMessage("example.Keys");
  if (desc === undefined) throw new Error("no message");
  for (const key of [2n ** 53n, -(2n ** 53n), 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 5n]) {
    const message = create(desc, { names: { [String(key)]: "x" } } as never);
    expect(decodeBinary(desc, encodeBinary(desc, message))).toEqual(message);
    expect(decodeJson(desc, encodeJson(desc, message))).toEqual(message);
  }
  // Beside "1", it would be the same key twice.
  for (const key of ["01", "-0", "1.0", "+1", "x"]) {
    const message = create(desc, { names: { [key]: "x" } } as never);
    for (const encode of [encodeBinary, encodeJson])
      expect(() => encode(desc, message)).toThrow("a key of names");
  }
});
