// Compares the JSON with that of protobuf-es. It differs only for minus zero, and for 64-bit integers as numbers.
import {
  create,
  createRegistry,
  type DescMessage,
  fromBinary,
  fromJsonString,
  type Message,
  type MessageInitShape,
  type MessageShape,
  type Registry,
  setExtension,
  toBinary,
  toJson,
  toJsonString,
} from "@bufbuild/protobuf";
import {
  AnySchema,
  anyPack,
  EmptySchema,
  Int64ValueSchema,
  ListValueSchema,
  NullValue,
  StructSchema,
  TimestampSchema,
  UInt64ValueSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import { BadRequestSchema, QuotaFailureSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { CodecError } from "../../src/codecs/codec-error.ts";
import { decodeJson, encodeJson, encodeJsonField } from "../../src/codecs/json-codec.ts";
import type { JsonWriteOptions } from "../../src/codecs/json-encoder.ts";
import { EverythingSchema, InnerSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { IntegersSchema, PackedIntegersSchema } from "../gen/bytenite/test/v1/integers_pb.js";
import {
  ExtendableSchema,
  ext_grade,
  ext_int64,
  ext_message,
  ext_struct,
  ext_uint64_list,
  ext_wrapper,
  file_bytenite_test_v1_kinds_proto2,
} from "../gen/bytenite/test/v1/kinds_proto2_pb.js";
import { PlainLeafSchema, PlainSchema } from "../gen/bytenite/test/v1/plain_pb.js";
import { ModernSchema } from "../gen/bytenite/test/v1/presence_edition_pb.js";
import { Grade, LegacySchema } from "../gen/bytenite/test/v1/presence_proto2_pb.js";
import { anyEverything } from "../transcoding/support/any-everything.ts";
import { anyMessage } from "./any-message.ts";

const runs = { numRuns: 1_000 };
const registry: Registry = createRegistry(
  file_bytenite_test_v1_kinds_proto2,
  PlainLeafSchema,
  IntegersSchema,
  PackedIntegersSchema,
  StructSchema,
  TimestampSchema,
  Int64ValueSchema,
  UInt64ValueSchema,
  AnySchema,
  EmptySchema,
);

function written(desc: DescMessage, message: Message, options?: JsonWriteOptions): string {
  return Buffer.from(encodeJson(desc, message, options)).toString();
}

function expectAsProtobufEs(desc: DescMessage, message: Message, emit: "set" | "defaults" = "set"): void {
  const text = written(desc, message, { registry, emit });
  const options = { registry, alwaysEmitImplicit: emit === "defaults" };
  const typed = message as MessageShape<DescMessage>;
  const json = toJson(desc, typed, options);
  // toJson keeps the sign of a zero, but JSON.stringify drops it.
  expect(JSON.parse(text)).toStrictEqual(json);
  const theirs = toJsonString(desc, typed, options);
  if (hasMinusZero(json)) expect(JSON.stringify(JSON.parse(text))).toBe(theirs);
  else expect(text).toBe(theirs);
}

function hasMinusZero(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Object.is(value, -0);
  return Object.values(value).some(hasMinusZero);
}

const types = [
  PlainSchema,
  EverythingSchema,
  IntegersSchema,
  PackedIntegersSchema,
  ExtendableSchema,
  LegacySchema,
  ModernSchema,
];

describe.each(types.map((desc) => [desc.name, desc] as const))("%s", (_name, desc) => {
  test("is encoded like by protobuf-es, and survives a round trip", () => {
    fc.assert(
      fc.property(
        anyMessage(desc, 3),
        fc.constantFrom("set" as const, "defaults" as const),
        (message, emit) => {
          expectAsProtobufEs(desc, message, emit);
          const bytes = encodeJson(desc, message, { registry });
          expect(hex(desc, decodeJson(desc, bytes, registry))).toBe(hex(desc, message));
        },
      ),
      runs,
    );
  });
});

// Compares bytes, because NaN is not equal to itself.
function hex(desc: DescMessage, message: Message): string {
  return Buffer.from(toBinary(desc, message as MessageShape<DescMessage>)).toString("hex");
}

test("every field of messages with all fields is encoded like by protobuf-es", () => {
  fc.assert(
    fc.property(anyEverything, (message) => expectAsProtobufEs(EverythingSchema, message)),
    { numRuns: 300 },
  );
});

describe("64-bit integers as numbers", () => {
  /** In the text form, only the 64-bit integers and the keys have digits in quotes. */
  const unquoted = (text: string) => text.replace(/"(-?\d+)"(?!:)/g, "$1");

  test("have all their digits in any field, and survive a round trip in both forms", () => {
    let long = 0;
    fc.assert(
      fc.property(anyMessage(IntegersSchema, 3), (message) => {
        const text = written(IntegersSchema, message);
        const numbers = written(IntegersSchema, message, { jsonInt64: "number" });
        expect(numbers).toBe(unquoted(text));
        const expected = hex(IntegersSchema, message);
        expect(hex(IntegersSchema, fromJsonString(IntegersSchema, text))).toBe(expected);
        expect(hex(IntegersSchema, decodeJson(IntegersSchema, Buffer.from(text)))).toBe(expected);
        expect(hex(IntegersSchema, decodeJson(IntegersSchema, Buffer.from(numbers)))).toBe(expected);
        if (/(?<!")-?\d{17}/.test(numbers)) long++;
      }),
      runs,
    );
    expect(long).toBeGreaterThan(100);
  });

  test("have all their digits in a google.protobuf.Any of any depth", () => {
    fc.assert(
      fc.property(anyMessage(IntegersSchema, 2), (message) => {
        const any = anyPack(IntegersSchema, message as MessageShape<typeof IntegersSchema>);
        const packed = create(PackedIntegersSchema, {
          any: anyPack(PackedIntegersSchema, create(PackedIntegersSchema, { any, anyList: [any] })),
          anyList: [any, anyPack(AnySchema, any)],
        });
        const text = written(PackedIntegersSchema, packed, { registry });
        const numbers = written(PackedIntegersSchema, packed, { registry, jsonInt64: "number" });
        expect(numbers).toBe(unquoted(text));
        expect(text).toBe(toJsonString(PackedIntegersSchema, packed, { registry }));
      }),
      { numRuns: 300 },
    );
  });

  test.each<readonly [what: string, init: MessageInitShape<typeof IntegersSchema>, text: string]>([
    ["alone", { uint64Value: 18446744073709551615n }, '{"uint64Value":18446744073709551615}'],
    ["kept as text", { int64Text: "-9223372036854775808" }, '{"int64Text":-9223372036854775808}'],
    ["in a list", { sint64List: [9007199254740993n, 0n] }, '{"sint64List":[9007199254740993,0]}'],
    [
      "as key and value",
      { fixed64Map: { "9007199254740993": 9007199254740993n } },
      '{"fixed64Map":{"9007199254740993":9007199254740993}}',
    ],
    ["in a oneof", { choice: { case: "choiceUint64", value: 0n } }, '{"choiceUint64":0}'],
    ["wrapped", { uint64Wrapper: 9007199254740993n }, '{"uint64Wrapper":9007199254740993}'],
    [
      "wrapped in a oneof",
      { choice: { case: "choiceWrapper", value: { value: -1n } } },
      '{"choiceWrapper":-1}',
    ],
    ["wrapped in a list", { int64WrapperList: [{ value: 5n }, {}] }, '{"int64WrapperList":[5,0]}'],
    ["wrapped in a map", { uint64WrapperMap: { 1: { value: 5n } } }, '{"uint64WrapperMap":{"1":5}}'],
    [
      "within messages",
      { selfMap: { true: { self: { optInt64: 0n } } } },
      '{"selfMap":{"true":{"self":{"optInt64":0}}}}',
    ],
  ])("%s", (_what, init, text) => {
    expect(written(IntegersSchema, create(IntegersSchema, init), { jsonInt64: "number" })).toBe(text);
  });

  test("a wrapper that is the whole body", () => {
    const wrapper = create(UInt64ValueSchema, { value: 18446744073709551615n });
    expect(written(UInt64ValueSchema, wrapper, { jsonInt64: "number" })).toBe("18446744073709551615");
    expect(written(UInt64ValueSchema, wrapper)).toBe('"18446744073709551615"');
  });

  test("a field that is the whole body, also one that is not set", () => {
    const { int64Value, fixed64List, sint64Map, choiceUint64, optInt64 } = IntegersSchema.field;
    const field = (...[desc, init]: [typeof int64Value, MessageInitShape<typeof IntegersSchema>]) =>
      Buffer.from(encodeJsonField(desc, create(IntegersSchema, init), { jsonInt64: "number" })).toString();
    expect(field(int64Value, { int64Value: 9007199254740993n })).toBe("9007199254740993");
    expect(field(int64Value, {})).toBe("0");
    expect(field(fixed64List, { fixed64List: [9007199254740993n] })).toBe("[9007199254740993]");
    expect(field(fixed64List, {})).toBe("[]");
    expect(field(sint64Map, { sint64Map: { "1": 2n } })).toBe('{"1":2}');
    expect(field(sint64Map, {})).toBe("{}");
    expect(field(choiceUint64, { choice: { case: "choiceUint64", value: 0n } })).toBe("0");
    expect(field(choiceUint64, {})).toBe("null");
    expect(field(optInt64, {})).toBe("null");
  });

  test("that are numbers or strings in JavaScript get no leading zeros", () => {
    const values = { int64Value: 5, uint64Value: "007", int64Text: "-0", opt_int64: undefined };
    const message = Object.assign(create(IntegersSchema), values) as never;
    expect(written(IntegersSchema, message, { jsonInt64: "number" })).toBe(
      '{"int64Value":5,"uint64Value":7,"int64Text":0}',
    );
  });

  test("32-bit integers, floats and strings do not change", () => {
    fc.assert(
      fc.property(anyMessage(RunJobRequestSchema, 2), anyMessage(InnerSchema, 0), (request, inner) => {
        const numbers = { jsonInt64: "number" } as const;
        expect(written(RunJobRequestSchema, request, numbers)).toBe(
          written(RunJobRequestSchema, request).replace(/("\w+Timeout":)"(-?\d+)"/g, "$1$2"),
        );
        expect(written(InnerSchema, inner, numbers)).toBe(written(InnerSchema, inner));
      }),
      { numRuns: 200 },
    );
  });
});

test("with useProtoNames, keys are the names of the .proto file, at any depth", () => {
  fc.assert(
    fc.property(anyEverything, (message) => {
      const text = written(EverythingSchema, message, { registry, useProtoNames: true });
      expect(JSON.parse(text)).toStrictEqual(
        toJson(EverythingSchema, message, { registry, useProtoFieldName: true }),
      );
      expect(hex(EverythingSchema, decodeJson(EverythingSchema, Buffer.from(text), registry))).toBe(
        hex(EverythingSchema, message),
      );
    }),
    { numRuns: 100 },
  );
});

test("minus zero is written for every float and double", () => {
  const message = create(EverythingSchema, {
    doubleValue: -0,
    floatValue: -0,
    optDouble: -0,
    doubleList: [-0, 0],
    doubleWrapper: -0,
    floatWrapper: -0,
    struct: { deep: [-0, { deeper: -0 }] },
    value: { kind: { case: "numberValue", value: -0 } },
    listValue: { values: [{ kind: { case: "numberValue", value: -0 } }] },
  });
  const text = written(EverythingSchema, message);
  expect(text).toBe(
    '{"doubleValue":-0,"floatValue":-0,"optDouble":-0,"doubleList":[-0,0],"doubleWrapper":-0,"floatWrapper":-0,' +
      '"struct":{"deep":[-0,{"deeper":-0}]},"value":-0,"listValue":[-0]}',
  );
  expect(hex(EverythingSchema, decodeJson(EverythingSchema, Buffer.from(text)))).toBe(
    hex(EverythingSchema, message),
  );
});

describe("with the default options of a grpc-gateway", () => {
  const gateway = { emit: "unpopulated", registry } as const;

  test("unset fields are written", () => {
    expect(written(GenericResponseSchema, create(GenericResponseSchema), gateway)).toBe(
      '{"ok":false,"requestId":"","message":"","error":null}',
    );
    expect(written(StatusSchema, create(StatusSchema, { code: 5 }), gateway)).toBe(
      '{"code":5,"message":"","details":[]}',
    );
    expect(written(QuotaFailureSchema, create(QuotaFailureSchema), gateway)).toBe('{"violations":[]}');
  });

  test("unset fields are written in messages, lists and maps, too", () => {
    const request = create(RunJobRequestSchema, { config: { jobTimeout: 9n } });
    expect(written(RunJobRequestSchema, request, gateway)).toBe(
      '{"jobId":"","config":{"taskTimeout":"0","jobTimeout":"9","isTestJob":false}}',
    );
    const bad = create(BadRequestSchema, { fieldViolations: [{ field: "a" }] });
    expect(written(BadRequestSchema, bad, gateway)).toBe(
      '{"fieldViolations":[{"field":"a","description":"","reason":"","localizedMessage":null}]}',
    );
    const map = create(EverythingSchema, { innerMap: { 1: {} } });
    expect(JSON.parse(written(EverythingSchema, map, gateway)).innerMap).toStrictEqual({
      1: { name: "", itemCount: 0, tags: [], innermost: null },
    });
  });

  test("unset oneofs and optional fields are not written, messages are null", () => {
    const json = JSON.parse(written(EverythingSchema, create(EverythingSchema), gateway));
    expect(Object.keys(json).filter((key) => /^(choice|opt)/.test(key))).toEqual([]);
    expect(json).toMatchObject({
      inner: null,
      stringWrapper: null,
      any: null,
      stringMap: {},
      int64Value: "0",
    });
    expect(written(GenericResponseSchema, create(GenericResponseSchema), { emit: "defaults" })).toBe(
      '{"ok":false,"requestId":"","message":""}',
    );
  });
});

describe("proto2 and editions", () => {
  const extended = create(ExtendableSchema, { own: 0n, first: "1st", grades: [Grade.B] });
  setExtension(extended, ext_uint64_list, [18446744073709551615n, 0n]);
  setExtension(extended, ext_int64, -9007199254740993n);
  setExtension(extended, ext_message, create(ExtendableSchema, { own: 1n }));
  setExtension(extended, ext_wrapper, 7n as never);
  setExtension(extended, ext_grade, Grade.A);
  setExtension(extended, ext_struct, { a: [-1] } as never);

  test("extensions in the registry are written, also those of a decoded message", () => {
    for (const message of [extended, fromBinary(ExtendableSchema, toBinary(ExtendableSchema, extended))]) {
      expectAsProtobufEs(ExtendableSchema, message);
      const text = written(ExtendableSchema, message, { registry, jsonInt64: "number" });
      expect(text).toContain('"[bytenite.test.v1.ext_uint64_list]":[18446744073709551615,0]');
      expect(text).toContain('"[bytenite.test.v1.ext_int64]":-9007199254740993');
      expect(text).toContain('"[bytenite.test.v1.ext_wrapper]":7');
    }
    expect(written(ExtendableSchema, extended)).toBe('{"7":"1st","own":"0","grades":["GRADE_B"]}');
  });

  test("an empty list of an extension is not written", () => {
    const message = create(ExtendableSchema);
    setExtension(message, ext_uint64_list, []);
    message.$unknown = [{ no: 101, wireType: 2, data: Uint8Array.of(0) }];
    expectAsProtobufEs(ExtendableSchema, message);
  });

  test("default values are written only if they are set", () => {
    expectAsProtobufEs(ExtendableSchema, create(ExtendableSchema));
    expect(written(ExtendableSchema, create(ExtendableSchema))).toBe("{}");
    expect(written(ExtendableSchema, create(ExtendableSchema, { own: -1n, ratio: 0.5 }))).toBe(
      '{"own":"-1","ratio":0.5}',
    );
  });

  test("an inherited message is not set, whatever is written of unset fields", () => {
    const next = create(LegacySchema, { id: "inherited" });
    const message = Object.assign(Object.create(create(LegacySchema, { id: "a", next })), {
      id: "a",
      tags: [],
    });
    expect(written(LegacySchema, message)).toBe('{"id":"a"}');
    expect(written(LegacySchema, message, { emit: "unpopulated" })).toBe('{"id":"a","tags":[],"next":null}');
  });

  test("keys that are array indexes come first, and __proto__ is a key", () => {
    const message = create(ExtendableSchema, {
      own: 1n,
      first: "x",
      proto: "y",
      nullValue: NullValue.NULL_VALUE,
    });
    expect(written(ExtendableSchema, message)).toBe('{"7":"x","own":"1","nullValue":null,"__proto__":"y"}');
    const map = create(EverythingSchema, {
      stringMap: { b: "", "2": "", ["__proto__"]: "p", a: "", "1": "" },
    });
    expectAsProtobufEs(EverythingSchema, map);
  });
});

describe("the error of a value without a JSON form names the field", () => {
  const packedBroken = { typeUrl: `x/${IntegersSchema.typeName}`, value: Uint8Array.of(8) };

  test.each<readonly [desc: DescMessage, init: Record<string, unknown>, message: RegExp]>([
    [
      EverythingSchema,
      { timestamp: { seconds: 1n << 40n } },
      /^timestamp has to be a Timestamp of the years 1 to 9999/,
    ],
    [
      EverythingSchema,
      { self: { timestampList: [{}, { nanos: -1 }] } },
      /^self\.timestamp_list\[1\] has to be a Timestamp .* nanos/,
    ],
    [
      EverythingSchema,
      { choice: { case: "choiceTimestamp", value: { nanos: -1 } } },
      /^choice_timestamp has to be a Timestamp .* nanos/,
    ],
    [
      EverythingSchema,
      { duration: { seconds: 1n, nanos: -1 } },
      /^duration has to be a Duration .* of the same sign/,
    ],
    [EverythingSchema, { fieldMask: { paths: ["a__b"] } }, /^field_mask: .*"a__b" is irreversible/],
    [EverythingSchema, { value: {} }, /^value: .*must have a value/],
    [EverythingSchema, { value: { kind: { case: "numberValue", value: Number.NaN } } }, /^value: .*NaN/],
    [EverythingSchema, { struct: { a: [Number.POSITIVE_INFINITY] } }, /^struct: .*Infinity/],
    [
      EverythingSchema,
      { any: { typeUrl: "x/unknown.Type" } },
      /^any: "x\/unknown.Type" is not in the type registry$/,
    ],
    [PackedIntegersSchema, { anyList: [{}, packedBroken] }, /^any_list\[1\]: /],
    [LegacySchema, { id: "x", next: {} }, /^next\.id: it is required, and not set$/],
    [ModernSchema, {}, /^key: it is required, and not set$/],
  ])("%s %o", (desc, init, message) => {
    const write = () => encodeJson(desc, create(desc, init), { registry });
    expect(write).toThrow(CodecError);
    expect(write).toThrow(message);
  });

  test("a message of another type", () => {
    expect(() => encodeJson(PlainSchema, create(InnerSchema))).toThrow(
      "the message has to be a bytenite.test.v1.Plain, not a bytenite.test.v1.Inner",
    );
  });

  test("a nested value of another type in a well-known type", () => {
    const message = create(EverythingSchema, { self: { timestamp: {} } });
    Object.assign(message.self?.timestamp ?? {}, { seconds: "soon" });
    expect(() => encodeJson(EverythingSchema, message)).toThrow(
      "self.timestamp.seconds has to be an int64, not a string",
    );
    const list = create(ListValueSchema, { values: [create(ValueSchema)] });
    Object.assign(list.values[0] ?? {}, { kind: { case: "stringValue", value: 5 } });
    expect(() => encodeJson(ListValueSchema, list)).toThrow(
      "values[0].string_value has to be a string, not a number",
    );
  });

  test("a message that contains itself", () => {
    const message = create(EverythingSchema);
    message.self = message;
    expect(() => encodeJson(EverythingSchema, message)).toThrow(/call stack/);
  });
});
