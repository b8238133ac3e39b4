// The compiled codecs against protobuf-es and the thorough check: whatever goes in, they agree.
import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  fromJsonString,
  type Message,
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
import { PlainSchema } from "../gen/bytenite/test/v1/plain_pb.js";
import { anyMessage, scalars } from "./any-message.ts";

const text = scalars[ScalarType.STRING];
const anyPlain = anyMessage(PlainSchema, 2);
const runs = { numRuns: 2_000 };

/** The way without compiled codecs. */
function thoroughly<T extends DescMessage>(desc: T, bytes: Uint8Array) {
  validateBinary(wireSchemaOf(desc), bytes);
  return fromBinary(desc, bytes);
}

function result<T>(read: () => T): { readonly value: T } | "refused" {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof CodecError || error instanceof Error) return "refused";
    throw error;
  }
}

const encodePlain = compileEncoder(PlainSchema);
const decodePlain = compileDecoder(PlainSchema);
if (encodePlain === undefined || decodePlain === undefined) throw new Error("Plain is not plain");

test("what they write is what protobuf-es writes", () => {
  fc.assert(
    fc.property(anyPlain, (message) => {
      expect(Buffer.compare(encodePlain(message), toBinary(PlainSchema, message as never))).toBe(0);
    }),
    runs,
  );
});

test("what they read is what protobuf-es reads", () => {
  fc.assert(
    fc.property(anyPlain, (message) => {
      const bytes = toBinary(PlainSchema, message as never);
      expect(decodePlain(bytes)).toStrictEqual(fromBinary(PlainSchema, bytes));
      expect(decodePlain(Buffer.from(bytes))).toStrictEqual(fromBinary(PlainSchema, bytes));
    }),
    runs,
  );
});

test("of changed bytes, and of mere noise, they read what the thorough way reads, or nothing", () => {
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
  const seen = { agreed: 0, left: 0, refused: 0 };
  fc.assert(
    fc.property(fc.oneof(changed, changed, fc.uint8Array({ maxLength: 40 })), (bytes) => {
      const expected = result(() => thoroughly(PlainSchema, bytes));
      expect(result(() => decodeBinary(PlainSchema, bytes))).toStrictEqual(expected);
      const compiled = result(() => decodePlain(bytes));
      if (compiled !== "refused") {
        expect(compiled).toStrictEqual(expected);
        seen.agreed++;
      } else if (expected === "refused") seen.refused++;
      else seen.left++;
    }),
    { numRuns: 5_000 },
  );
  // It was worth looking: each happened often.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
});

const odd = fc.constantFrom<unknown>(
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

/** A value of any kind is refused, or written as protobuf-es writes it, and then it comes back as it was. */
function refusedOrSame(
  write: (message: Message) => Uint8Array,
  writeLikeIt: (message: never) => Uint8Array | string,
  read: (bytes: Uint8Array) => object,
): void {
  const outcomes = { same: 0, refused: 0 };
  fc.assert(
    fc.property(anyField, odd, (name, value) => {
      const message = { ...create(PlainSchema), [name]: value } as Message;
      const written = result(() => write(message));
      if (written === "refused") {
        outcomes.refused++;
        return;
      }
      outcomes.same++;
      const { value: bytes } = written;
      expect(Buffer.from(bytes).equals(Buffer.from(writeLikeIt(message as never)))).toBe(true);
      const back = (read(bytes) as Record<string, unknown>)[name];
      expect(typeof back === "bigint" ? BigInt(value as bigint) : value).toEqual(back);
    }),
    { numRuns: 3_000 },
  );
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(20);
}

test("values of another kind are refused, or nothing of them is lost", () => {
  refusedOrSame(
    (message) => encodeBinary(PlainSchema, message),
    (message) => toBinary(PlainSchema, message),
    (bytes) => fromBinary(PlainSchema, bytes),
  );
});

describe("JSON", () => {
  const decode = (text: string) => decodeJson(PlainSchema, Buffer.from(text));
  const seen = { read: 0, refused: 0 };

  /** protobuf-es takes more for numbers and base64 than the JSON mapping does (see json-decoder.test.ts). */
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

  /** What is read is what protobuf-es reads, and what it refuses is refused. */
  function agree(text: string): void {
    const literals = text.match(/"(?:[^"\\]|\\.)*"/gs) ?? [];
    if (!text.isWellFormed() || literals.some((literal) => isLoose(unescaped(literal)))) return;
    // Integers that protobuf-es rounds, or reads as minus zero.
    if (/\d{16}|-0(?![.\d])/.test(text)) return;
    const expected = result(() => fromJsonString(PlainSchema, text, { ignoreUnknownFields: true }));
    const read = result(() => decode(text));
    if (read !== expected) expect([text, read]).toStrictEqual([text, expected]);
    seen[read === "refused" ? "refused" : "read"]++;
  }

  const json = anyPlain.map((message) => toJsonString(PlainSchema, message as never));
  const whole = anyPlain.map((message) =>
    toJsonString(PlainSchema, message as never, { alwaysEmitImplicit: true }),
  );

  test("values of another kind are refused, or nothing of them is lost", () => {
    refusedOrSame(
      (message) => encodeJson(PlainSchema, message),
      (message) => toJsonString(PlainSchema, message),
      (bytes) => fromJsonString(PlainSchema, Buffer.from(bytes).toString()),
    );
  });

  test("what is read is what protobuf-es reads", () => {
    Object.assign(seen, { read: 0, refused: 0 });
    fc.assert(fc.property(fc.oneof(json, whole), agree), runs);
    expect(seen).toMatchObject({ refused: 0 });
  });

  test("also of other values, of texts that were changed, and of keys that stand twice", () => {
    Object.assign(seen, { read: 0, refused: 0 });
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
    fc.assert(fc.property(fc.oneof(object, object, spaced), agree), { numRuns: 5_000 });
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
  ])("%s is refused: %s stands there twice", (textOf, key) => {
    expect(() => decode(textOf)).toThrow(key);
  });

  test("null is no value, and colons in texts are no keys", () => {
    expect(decode('{"leaf":null,"stringValue":"a:\\":b","boolList":null}')).toStrictEqual(
      create(PlainSchema, { stringValue: 'a:":b' }),
    );
  });
});

test("in a field that is a google.protobuf.Value, null is a value", () => {
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

describe("what is not of the everyday kind is left to protobuf-es", () => {
  test.each([
    ["an unknown field", "a2f77f00"],
    ["a message that comes twice", "8a010208018a01021001"],
    ["a message that is cut", "0a"],
    ["a group", "0b0c"],
  ])("%s", (_what, hex) => {
    expect(() => decodePlain(Buffer.from(hex, "hex"))).toThrow(UNSUPPORTED);
  });

  test("unknown fields that a message kept are written again", () => {
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

test("fields can be left out, and the message is not touched", () => {
  const encode = compileEncoder(RunJobRequestSchema, new Set(["job_id"]));
  const message = create(RunJobRequestSchema, { jobId: "job-1", config: { taskTimeout: 3600n } });
  expect(Buffer.from(encode?.(message) ?? []).toString("hex")).toBe("120308901c");
  expect(message.jobId).toBe("job-1");
});

test("what was written stays as it is when the next is written", () => {
  const [first, second] = ["a", "b"].map((requestId) =>
    encodeBinary(GenericResponseSchema, create(GenericResponseSchema, { requestId })),
  );
  expect([first, second].map((bytes) => Buffer.from(bytes ?? []).toString("hex"))).toEqual([
    "120161",
    "120162",
  ]);
});

test("every kind of field is in the test", () => {
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

test("text of any length is read as it was written, and refused wherever it is not UTF-8", () => {
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
      const cut = bytes.slice();
      cut[cut.length - 1] = 0xc3;
      expect(() => decodeBinary(GenericResponseSchema, cut)).toThrow(CodecError);
    }
  }
});

test("a getter that writes another message does not disturb the one that is being written", () => {
  const inner = create(PlainSchema, { stringValue: "inner", int64Value: 7n });
  const outer = create(PlainSchema, { doubleValue: 1.5, stringValue: "outer", boolValue: true });
  const expected = Buffer.from(toBinary(PlainSchema, outer)).toString("hex");
  const seen: string[] = [];
  Object.defineProperty(outer, "boolValue", {
    enumerable: true,
    get: () => {
      seen.push(Buffer.from(encodeBinary(PlainSchema, inner)).toString("hex"));
      return true;
    },
  });
  expect(Buffer.from(encodeBinary(PlainSchema, outer)).toString("hex")).toBe(expected);
  expect(seen).toContain(Buffer.from(toBinary(PlainSchema, inner)).toString("hex"));
});
