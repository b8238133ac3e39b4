import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  type Struct,
  StructSchema,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { JobConfigSchema } from "../../gen/bytenite/job/job_pb.js";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { decodeBinary, encodeBinary } from "../../src/codecs/binary-codec.ts";
import { CodecError } from "../../src/codecs/codec-error.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

describe("bytes that are not a GenericResponse", () => {
  test.each([
    [
      "a Status: its code is not a bool",
      toBinary(StatusSchema, create(StatusSchema, { code: 5, message: "x" })),
    ],
    ["a bool of 2", hex("08 02")],
    ["a bool in ten bytes", hex("08 81 80 80 80 80 80 80 80 80 01")],
    ["a string with the wire type of a number", hex("10 01")],
    ["a message with the wire type of a number", hex("20 05")],
    ["a string that is not UTF-8", hex("12 02 c3 28")],
    ["a length beyond the end", hex("12 05 61 62")],
    ["a length beyond 32 bits", hex("12 ff ff ff ff ff 01")],
    ["the end in the middle of a tag", hex("92")],
    ["the end in the middle of a number", hex("08")],
    ["the end in the middle of an unknown fixed64", hex("79 01 02 03")],
    ["field number 0", hex("02 00")],
    ["an unknown group", hex("7b 7c")],
    ["the end of a group that was not started", hex("0c")],
    ["the end of a group that was not started, in the place of a bool", hex("0c 01")],
    ["the end of a group that was not started, in a nested message", hex("22 02 0c 01")],
    ["an invalid nested message", hex("22 02 12 05")],
    ["a nested message that ends beyond its own end", hex("22 02 12 01 61")],
    ["a nested message that is another message", hex("22 03 0a 01 61")],
    ["a number of more than 64 bits", hex("78 ff ff ff ff ff ff ff ff ff 02")],
    ["HTML", Buffer.from("<!doctype html><html><body>502 Bad Gateway</body></html>")],
  ])("%s", (_name, bytes) => {
    expect(() => decodeBinary(GenericResponseSchema, bytes)).toThrow(CodecError);
  });

  test("protobuf-es alone decodes a Status as a response with ok: true", () => {
    const status = toBinary(StatusSchema, create(StatusSchema, { code: 5, message: "not found" }));
    expect(fromBinary(GenericResponseSchema, status)).toMatchObject({ ok: true, requestId: "not found" });
  });
});

test("unknown fields are allowed and kept", () => {
  const bytes = hex("08 01 78 05 f9 07 01 02 03 04 05 06 07 08 fa 07 01 61 fd 07 01 02 03 04");
  const message = decodeBinary(GenericResponseSchema, bytes);
  expect(message.ok).toBe(true);
  expect(message.$unknown?.map(({ no }) => no)).toEqual([15, 127, 127, 127]);
  expect(encodeBinary(GenericResponseSchema, message)).toEqual(bytes);
});

test("no bytes are the message without set fields", () => {
  expect(decodeBinary(GenericResponseSchema, new Uint8Array())).toEqual(create(GenericResponseSchema));
});

test("32-bit numbers that would be truncated are an error, however they were encoded", () => {
  // RetryInfo.retry_delay.nanos is an int32 in field 2 of the Duration in field 1.
  const nanos = (varint: string) =>
    hex(`0a ${(varint.length / 2 + 1).toString(16).padStart(2, "0")} 10 ${varint}`);
  const read = (bytes: Uint8Array) => decodeBinary(RetryInfoSchema, bytes).retryDelay?.nanos;
  expect(read(nanos("ffffffff07"))).toBe(2 ** 31 - 1);
  expect(read(nanos("ffffffffffffffffff01"))).toBe(-1);
  expect(read(nanos("ffffffff0f"))).toBe(-1);
  expect(() => read(nanos("ffffffff1f"))).toThrow(CodecError);
  expect(() => read(nanos("8080808010"))).toThrow(CodecError);
});

test("repeated numbers may be packed or not", () => {
  const paths = create(FileDescriptorProtoSchema, { publicDependency: [1, 300, 70_000] });
  const unpacked = toBinary(FileDescriptorProtoSchema, paths);
  expect(decodeBinary(FileDescriptorProtoSchema, unpacked)).toEqual(paths);
  expect(decodeBinary(FileDescriptorProtoSchema, hex("52 06 01 ac 02 f0 a2 04"))).toEqual(paths);
  expect(() => decodeBinary(FileDescriptorProtoSchema, hex("52 03 01 ac ac"))).toThrow(CodecError);
});

test("maps and recursive messages are validated at any depth", () => {
  const message = create(StructSchema, {
    fields: {
      a: { kind: { case: "stringValue", value: "ü" } },
      b: { kind: { case: "numberValue", value: 1 } },
    },
  });
  const bytes = toBinary(StructSchema, message);
  expect(decodeBinary(StructSchema, bytes)).toEqual(message);
  // The same map entry with a value whose text is not UTF-8.
  expect(() => decodeBinary(StructSchema, hex("0a 09 0a 01 61 12 04 1a 02 c3 28"))).toThrow(CodecError);
});

test("messages nested more than a hundred deep are an error, not a stack overflow", () => {
  // Struct.fields[""] = Value.struct_value = Struct…: each level is one map entry with a Value in it.
  const nested = (depth: number): Struct =>
    create(StructSchema, {
      fields: depth === 0 ? {} : { "": { kind: { case: "structValue", value: nested(depth - 1) } } },
    });
  expect(decodeBinary(StructSchema, toBinary(StructSchema, nested(30)))).toEqual(nested(30));
  expect(() => decodeBinary(StructSchema, toBinary(StructSchema, nested(200)))).toThrow(CodecError);
});

test("bytes from protobuf-es are valid", () => {
  const jobConfig = fc.record({
    taskTimeout: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    jobTimeout: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    isTestJob: fc.boolean(),
  });
  fc.assert(
    fc.property(jobConfig, (init) => {
      const message = create(JobConfigSchema, init);
      expect(decodeBinary(JobConfigSchema, toBinary(JobConfigSchema, message))).toEqual(message);
    }),
  );
  const field = fc.record({
    name: fc.string({ unit: "grapheme" }),
    number: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  });
  fc.assert(
    fc.property(field, (init) => {
      const message = create(FieldDescriptorProtoSchema, init);
      expect(decodeBinary(FieldDescriptorProtoSchema, toBinary(FieldDescriptorProtoSchema, message))).toEqual(
        message,
      );
    }),
  );
});

test("random bytes are a message or a CodecError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        const message = decodeBinary(GenericResponseSchema, bytes);
        expect(decodeBinary(GenericResponseSchema, encodeBinary(GenericResponseSchema, message))).toEqual(
          message,
        );
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError);
      }
    }),
    { numRuns: 5_000 },
  );
});
