// Compares the compiled codecs with protobuf-es and the validation: for any input, they agree.
import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  fromJsonString,
  type Message,
  type MessageInitShape,
  ScalarType,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import {
  FeatureSet_FieldPresence,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  file_google_protobuf_struct,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import { decodeBinary, encodeBinary } from "../../src/codecs/binary-codec.ts";
import { CodecError } from "../../src/codecs/codec-error.ts";
import { compilableFieldsOf } from "../../src/codecs/compiled/compilable-fields.ts";
import { compileDecoder } from "../../src/codecs/compiled/decoder.ts";
import { compileEncoder } from "../../src/codecs/compiled/encoder.ts";
import { UNSUPPORTED } from "../../src/codecs/compiled/unsupported.ts";
import { decodeJson, encodeJson } from "../../src/codecs/json-codec.ts";
import { validateBinary } from "../../src/codecs/validate-binary.ts";
import { wireSchemaOf } from "../../src/codecs/wire-schema.ts";
import { EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { type Plain, PlainLeafSchema, PlainSchema } from "../gen/bytenite/test/v1/plain_pb.js";
import { anyMessage, scalars } from "./any-message.ts";

const text = scalars[ScalarType.STRING];
const anyPlain = anyMessage(PlainSchema, 2);
const runs = { numRuns: 2_000 };

/** Decodes without compiled codecs. */
function decodeUncompiled<T extends DescMessage>(desc: T, bytes: Uint8Array) {
  validateBinary(wireSchemaOf(desc), bytes);
  return fromBinary(desc, bytes);
}

function result<T>(run: () => T): { readonly value: T } | "error" {
  try {
    return { value: run() };
  } catch (error) {
    if (error instanceof CodecError || error instanceof Error) return "error";
    throw error;
  }
}

const encodePlain = compileEncoder(PlainSchema);
const decodePlain = compileDecoder(PlainSchema);
if (encodePlain === undefined || decodePlain === undefined) throw new Error("Plain cannot be compiled");

test("they encode like protobuf-es", () => {
  fc.assert(
    fc.property(anyPlain, (message) => {
      expect(Buffer.compare(encodePlain(message), toBinary(PlainSchema, message as never))).toBe(0);
    }),
    runs,
  );
});

test("they encode nested messages of changing lengths like protobuf-es", () => {
  // Lengths of one to three bytes, around the size of the buffer and beyond it.
  const length = fc.oneof(fc.nat(300), fc.nat(20_000), fc.integer({ min: 16_200, max: 16_500 }));
  const leaf = fc.tuple(length, fc.boolean()).map(([count, isText]) => {
    return { id: isText ? "a".repeat(count) : "ü".repeat(count >> 1) };
  });
  fc.assert(
    fc.property(fc.array(leaf, { maxLength: 8 }), fc.array(length, { maxLength: 3 }), (leafList, depths) => {
      let plain: MessageInitShape<typeof PlainSchema> = { leafList };
      for (const count of depths) plain = { self: plain, int32List: Array(count).fill(count) };
      const message = create(PlainSchema, plain);
      expect(Buffer.compare(encodePlain(message), toBinary(PlainSchema, message))).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("the order of properties, and which of them are inherited, does not change what is encoded", () => {
  fc.assert(
    fc.property(anyPlain, fc.infiniteStream(fc.nat(20)), (message, random) => {
      const entries = Object.entries(message).map(([key, value]) => ({
        key,
        value,
        rank: random.next().value,
      }));
      const shuffled = entries.sort((a, b) => a.rank - b.rank).map(({ key, value }) => [key, value]);
      const half = shuffled.length / 2;
      const partlyInherited = Object.assign(
        Object.create(Object.fromEntries(shuffled.slice(0, half))),
        Object.fromEntries(shuffled.slice(half)),
      );
      for (const encode of [encodeBinary, encodeJson] as const) {
        const expected = hexOf(encode(PlainSchema, message));
        expect(hexOf(encode(PlainSchema, Object.fromEntries(shuffled)))).toBe(expected);
        expect(hexOf(encode(PlainSchema, partlyInherited))).toBe(expected);
      }
    }),
    runs,
  );
});

test("they decode like protobuf-es", () => {
  fc.assert(
    fc.property(anyPlain, (message) => {
      const bytes = toBinary(PlainSchema, message as never);
      expect(decodePlain(bytes)).toStrictEqual(fromBinary(PlainSchema, bytes));
      expect(decodePlain(Buffer.from(bytes))).toStrictEqual(fromBinary(PlainSchema, bytes));
    }),
    runs,
  );
});

test("they decode changed bytes and noise like protobuf-es, or not at all", () => {
  const change = fc.record({
    at: fc.nat(),
    drop: fc.constantFrom(1, 1, 1, 0, 2, 5),
    insert: fc.uint8Array({ minLength: 0, maxLength: 2 }),
  });
  const changed = fc
    .tuple(anyPlain, fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([message, changes]) => {
      let bytes: Uint8Array = toBinary(PlainSchema, message as never);
      for (const { at, drop, insert } of changes) {
        const from = at % (bytes.length + 1);
        bytes = Uint8Array.from([...bytes.subarray(0, from), ...insert, ...bytes.subarray(from + drop)]);
      }
      return bytes;
    });
  const seen = { decoded: 0, unsupported: 0, invalid: 0 };
  fc.assert(
    fc.property(fc.oneof(changed, changed, fc.uint8Array({ maxLength: 40 })), (bytes) => {
      const expected = result(() => decodeUncompiled(PlainSchema, bytes));
      expect(result(() => decodeBinary(PlainSchema, bytes))).toStrictEqual(expected);
      const compiled = result(() => decodePlain(bytes));
      if (compiled !== "error") {
        expect(compiled).toStrictEqual(expected);
        seen.decoded++;
      } else if (expected === "error") seen.invalid++;
      else seen.unsupported++;
    }),
    { numRuns: 5_000 },
  );
  // Each case occurred often.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
});

const anyValue = fc.constantFrom<unknown>(
  "1",
  "",
  1,
  1.5,
  -1,
  1n,
  2n ** 64n,
  2 ** 40,
  null,
  true,
  [],
  Array(2),
  {},
  "\ud800",
  new Date(0),
);
const anyField = fc.constantFrom(...PlainSchema.fields.map(({ localName }) => localName));

/** Expects of any value in any field: an error, or the same encoding as protobuf-es, which decodes to the value. */
function expectErrorOrSame(
  write: (message: Message) => Uint8Array,
  writeReference: (message: never) => Uint8Array | string,
  read: (bytes: Uint8Array) => object,
): void {
  const outcomes = { same: 0, invalid: 0 };
  fc.assert(
    fc.property(anyField, anyValue, (name, value) => {
      const message = { ...create(PlainSchema), [name]: value } as Message;
      const written = result(() => write(message));
      if (written === "error") {
        outcomes.invalid++;
        return;
      }
      outcomes.same++;
      const { value: bytes } = written;
      expect(Buffer.from(bytes).equals(Buffer.from(writeReference(message as never)))).toBe(true);
      const back = (read(bytes) as Record<string, unknown>)[name];
      expect(typeof back === "bigint" ? BigInt(value as bigint) : value).toEqual(back);
    }),
    { numRuns: 3_000 },
  );
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(20);
}

test("values of another type are an error, or nothing of them is lost", () => {
  expectErrorOrSame(
    (message) => encodeBinary(PlainSchema, message),
    (message) => toBinary(PlainSchema, message),
    (bytes) => fromBinary(PlainSchema, bytes),
  );
});

describe("JSON", () => {
  const decode = (text: string) => decodeJson(PlainSchema, Buffer.from(text));
  const seen = { decoded: 0, invalid: 0 };

  /** Whether protobuf-es reads a number or base64 that the JSON mapping does not allow (see json-decoder.test.ts). */
  const isLoose = (literal: string) =>
    literal !== "" &&
    !/^-?(?:0|[1-9]\d*)$/.test(literal) &&
    (Number.isFinite(Number(literal)) || /^[\w\s+/=-]*[\s=][\w\s+/=-]*$/.test(literal));

  const unescaped = (literal: string): string => {
    try {
      return JSON.parse(literal);
    } catch {
      return "";
    }
  };

  /** Expects the same message as from protobuf-es, or an error from both. */
  function expectSameAsReference(text: string): void {
    const literals = text.match(/"(?:[^"\\]|\\.)*"/gs) ?? [];
    if (!text.isWellFormed() || literals.some((literal) => isLoose(unescaped(literal)))) return;
    // protobuf-es rounds these integers, or reads them as minus zero.
    if (/\d{16}|-0(?![.\d])/.test(text)) return;
    const expected = result(() => fromJsonString(PlainSchema, text, { ignoreUnknownFields: true }));
    const read = result(() => decode(text));
    if (read !== expected) expect([text, read]).toStrictEqual([text, expected]);
    seen[read === "error" ? "invalid" : "decoded"]++;
  }

  const json = anyPlain.map((message) => toJsonString(PlainSchema, message as never));
  const whole = anyPlain.map((message) =>
    toJsonString(PlainSchema, message as never, { alwaysEmitImplicit: true }),
  );

  test("values of another type are an error, or nothing of them is lost", () => {
    expectErrorOrSame(
      (message) => encodeJson(PlainSchema, message),
      (message) => toJsonString(PlainSchema, message),
      (bytes) => fromJsonString(PlainSchema, Buffer.from(bytes).toString()),
    );
  });

  test("is decoded like by protobuf-es", () => {
    Object.assign(seen, { decoded: 0, invalid: 0 });
    fc.assert(fc.property(fc.oneof(json, whole), expectSameAsReference), runs);
    expect(seen).toMatchObject({ invalid: 0 });
  });

  test("with other values, changed text or repeated keys is decoded like by protobuf-es", () => {
    Object.assign(seen, { decoded: 0, invalid: 0 });
    const field = fc.constantFrom(...PlainSchema.fields);
    const value = fc.oneof(
      fc.constantFrom(
        "1",
        "",
        "-0",
        "007",
        "1e3",
        1,
        -0,
        1.5,
        1e21,
        2 ** 31,
        2 ** 53,
        true,
        null,
        [],
        {},
        "\ud800",
      ),
      fc.constantFrom(
        "SHADE_DARK",
        "SHADE_NONE",
        [null],
        [1],
        ["1"],
        [true],
        { id: "x" },
        { id: "x", size: "1" },
        [{}],
      ),
      fc.integer(),
      text,
    );
    const entry = fc.tuple(
      field.chain(({ name, jsonName }) => fc.constantFrom(jsonName, jsonName, jsonName, name)),
      value,
    );
    const object = fc
      .array(entry, { maxLength: 4 })
      .map(
        (entries) =>
          `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${JSON.stringify(each)}`).join(", ")}}`,
      );
    const spaced = fc
      .tuple(object, fc.nat(), fc.constantFrom(" ", "\n", ":", '"', "}", "0", "\\", ","))
      .map(([textOf, at, insert]) => {
        const from = at % (textOf.length + 1);
        return textOf.slice(0, from) + insert + textOf.slice(from);
      });
    fc.assert(fc.property(fc.oneof(object, object, spaced), expectSameAsReference), { numRuns: 5_000 });
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(200);
  });

  test.each([
    ['{"boolValue":true,"boolValue":false}', "boolValue"],
    ['{"boolValue" : true , "boolValue" :false}', "boolValue"],
    ['{"stringValue":"a:b","stringValue":"c"}', "stringValue"],
    ['{"leaf":{"id":"a","id":"b"}}', "id"],
    ['{"stringValue":"\\":","boolValue":true,"boolValue":true}', "boolValue"],
    ['{"leaf":{},"le\\u0061f":{}}', "leaf"],
    ['{"unknown":{"a":1,"b":[{"c":1,"c":2}]}}', "c"],
    ['{"leaf":{"id":"a"},"boolValue":true,"leaf":{"id":"b"}}', "leaf"],
    ['{"optBool":true,"opt_bool":false}', "optBool"],
    ['{"opt_bool":null,"optBool":false}', "optBool"],
  ])("%s is an error: %s is repeated", (textOf, key) => {
    expect(() => decode(textOf)).toThrow(key);
  });

  test("null leaves a field unset, and colons in strings are not keys", () => {
    expect(decode('{"leaf":null,"stringValue":"a:\\":b","boolList":null}')).toStrictEqual(
      create(PlainSchema, { stringValue: 'a:":b' }),
    );
  });
});

test("null is a value of a google.protobuf.Value field", () => {
  const file = create(FileDescriptorProtoSchema, {
    name: "holder.proto",
    package: "example",
    syntax: "proto3",
    dependency: ["google/protobuf/struct.proto"],
    messageType: [
      {
        name: "Holder",
        field: [
          {
            name: "value",
            number: 1,
            type: FieldDescriptorProto_Type.MESSAGE,
            typeName: ".google.protobuf.Value",
          },
        ],
      },
    ],
  });
  const desc = createFileRegistry(file, () => file_google_protobuf_struct).getMessage("example.Holder");
  if (desc === undefined) throw new Error("no message");
  const message = fromJson(desc, { value: null });
  expect(message).toMatchObject({ value: { kind: { case: "nullValue" } } });
  expect(decodeJson(desc, encodeJson(desc, message))).toStrictEqual(message);
});

describe("unsupported input falls back to protobuf-es", () => {
  test.each([
    ["an unknown field", "a2f77f00"],
    ["a message field that occurs twice", "9201040a026964920102100a"],
    ["a truncated message", "0a"],
    ["a group", "0b0c"],
  ])("%s", (_what, hex) => {
    expect(() => decodePlain(Buffer.from(hex, "hex"))).toThrow(UNSUPPORTED);
  });

  test("a message field that occurs twice is merged", () => {
    // leaf { id: "id" } and leaf { size: 10 }
    const bytes = Buffer.from("9201040a026964920102100a", "hex");
    expect(() => decodePlain(bytes)).toThrow(UNSUPPORTED);
    expect(decodeBinary(PlainSchema, bytes)).toStrictEqual(fromBinary(PlainSchema, bytes));
    expect(decodeBinary(PlainSchema, bytes).leaf).toMatchObject({ id: "id", size: 10n });
  });

  test("the bytes of two messages in a row are decoded as one merged message", () => {
    const anyLeaf = fc.option(anyMessage(PlainLeafSchema, 1), { nil: undefined });
    const seen = { decoded: 0, unsupported: 0 };
    fc.assert(
      fc.property(anyPlain, anyPlain, anyLeaf, anyLeaf, (first, second, leaf, otherLeaf) => {
        const both = [
          { ...first, leaf },
          { ...second, leaf: otherLeaf },
        ].map((message) => toBinary(PlainSchema, message as never));
        const bytes = new Uint8Array(Buffer.concat(both));
        const expected = fromBinary(PlainSchema, bytes);
        expect(decodeBinary(PlainSchema, bytes)).toStrictEqual(expected);
        const compiled = result(() => decodePlain(bytes));
        if (compiled !== "error") expect(compiled.value).toStrictEqual(expected);
        seen[compiled === "error" ? "unsupported" : "decoded"]++;
      }),
      runs,
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });

  test("unknown fields of a message are encoded again", () => {
    const bytes = Buffer.from("08019a06023a3a", "hex");
    const message = decodeBinary(GenericResponseSchema, bytes);
    expect(message.$unknown).toHaveLength(1);
    expect(Buffer.from(encodeBinary(GenericResponseSchema, message)).toString("hex")).toBe("08019a06023a3a");
  });

  test("types with maps, oneofs and wrappers", () => {
    expect(compilableFieldsOf(EverythingSchema)).toBeUndefined();
    expect(compileEncoder(EverythingSchema)).toBeUndefined();
    expect(compileDecoder(EverythingSchema)).toBeUndefined();
  });
});

test("fields can be omitted, and the message is not changed", () => {
  const encode = compileEncoder(RunJobRequestSchema, new Set(["job_id"]));
  const message = create(RunJobRequestSchema, { jobId: "job-1", config: { taskTimeout: 3600n } });
  expect(Buffer.from(encode?.(message) ?? []).toString("hex")).toBe("120308901c");
  expect(message.jobId).toBe("job-1");
});

test("a message after longer ones of its type does not keep as much memory as they took", () => {
  const encode = (length: number) =>
    encodeBinary(PlainSchema, create(PlainSchema, { stringValue: "a".repeat(length) }));
  for (const lengths of [
    [3_000_000, 17_000],
    [3_000_000, 3_000_000, 17_000],
    [17_000, 3_000_000, 40_000],
  ]) {
    const [last] = lengths.map(encode).slice(-1);
    expect(last?.buffer.byteLength).toBeLessThan(2 * (last?.length ?? 0) + 32_768);
  }
});

test("encoding a message does not change the bytes of the previous one", () => {
  const [first, second] = ["a", "b"].map((requestId) =>
    encodeBinary(GenericResponseSchema, create(GenericResponseSchema, { requestId })),
  );
  expect([first, second].map((bytes) => Buffer.from(bytes ?? []).toString("hex"))).toEqual([
    "120161",
    "120162",
  ]);
});

test("the test message has every kind of field", () => {
  const kinds = new Set(
    PlainSchema.fields.map(({ scalar, fieldKind, presence }) => `${fieldKind} ${scalar} ${presence}`),
  );
  for (const scalar of Object.keys(scalars)) {
    for (const [kind, presence] of [
      ["scalar", FeatureSet_FieldPresence.IMPLICIT],
      ["scalar", FeatureSet_FieldPresence.EXPLICIT],
      ["list", FeatureSet_FieldPresence.IMPLICIT],
    ] as const) {
      expect(kinds).toContain(`${kind} ${scalar} ${presence}`);
    }
  }
});

test("text of any length survives a round trip, and invalid UTF-8 is an error", () => {
  for (const length of [0, 1, 12, 13, 63, 64, 65, 66, 200, 5_000]) {
    for (const text of [
      "x".repeat(length),
      `${"x".repeat(Math.max(length - 2, 0))}é`,
      "\ufeff".repeat(length),
    ]) {
      const message = create(GenericResponseSchema, { message: text });
      const bytes = toBinary(GenericResponseSchema, message);
      expect(decodeBinary(GenericResponseSchema, bytes)).toEqual(message);
      expect(Buffer.from(encodeBinary(GenericResponseSchema, message)).equals(bytes)).toBe(true);
      if (text === "") continue;
      const invalid = bytes.slice();
      invalid[invalid.length - 1] = 0xc3;
      expect(() => decodeBinary(GenericResponseSchema, invalid)).toThrow(CodecError);
    }
  }
});

test("a large message that turns out to be unsupported leaves no large buffer for the next one", () => {
  const large = {
    ...create(GenericResponseSchema, { message: "x".repeat(1_000_000) }),
    error: "unsupported",
  };
  expect(() => encodeBinary(GenericResponseSchema, large as never)).toThrow();
  const bytes = encodeBinary(GenericResponseSchema, create(GenericResponseSchema, { requestId: "a" }));
  expect(bytes.buffer.byteLength).toBeLessThan(100_000);
});

describe("a getter that encodes another message does not disturb the outer one", () => {
  const long = "x".repeat(100_000);

  test.each([
    ["binary", encodeBinary, toBinary, "inner", "outer"],
    ["binary, a long inner message", encodeBinary, toBinary, long, "outer"],
    ["binary, a long outer message", encodeBinary, toBinary, "inner", long],
    ["JSON", encodeJson, toJsonBytes, "inner", "outer"],
    ["JSON, a long inner message", encodeJson, toJsonBytes, long, "outer"],
    ["JSON, a long outer message", encodeJson, toJsonBytes, "inner", long],
  ] as const)("%s", (_name, encode, encodeLikeProtobufEs, innerText, outerText) => {
    const inner = create(PlainSchema, { stringValue: innerText, int64Value: 7n });
    const outer = create(PlainSchema, { doubleValue: 1.5, stringValue: outerText, boolValue: true });
    const expected = hexOf(encodeLikeProtobufEs(PlainSchema, outer));
    const expectedInner = hexOf(encodeLikeProtobufEs(PlainSchema, inner));
    const seen: string[] = [];
    Object.defineProperty(outer, "boolValue", {
      enumerable: true,
      get: () => {
        seen.push(hexOf(encode(PlainSchema, inner)));
        return true;
      },
    });
    expect(hexOf(encode(PlainSchema, outer))).toBe(expected);
    expect(new Set(seen)).toStrictEqual(new Set([expectedInner]));
  });
});

function toJsonBytes(desc: typeof PlainSchema, message: Plain): Uint8Array {
  return Buffer.from(toJsonString(desc, message));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
