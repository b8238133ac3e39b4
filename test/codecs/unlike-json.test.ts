import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  PutRequestSchema,
  RangeRequestSchema,
  TxnRequestSchema,
} from "../../examples/gen/etcdserverpb/kv_pb.js";
import { decodeBinary } from "../../src/codecs/binary-codec.ts";
import { unlikeJson } from "../../src/codecs/unlike-json.ts";

/** JSON whose length is whitespace in JSON, as the length of a field in binary. */
const whitespaceLong = fc
  .record({
    json: fc.oneof(fc.json({ maxDepth: 1 }), fc.constant("null")),
    length: fc.constantFrom(9, 10, 13, 32),
  })
  .filter(({ json, length }) => /^[{n]/.test(json) && Buffer.byteLength(json) <= length)
  .map(({ json, length }) => Buffer.from(json + " ".repeat(length - Buffer.byteLength(json))));

test("a field that holds JSON does not make the message JSON, and is still the same", () => {
  fc.assert(
    fc.property(whitespaceLong, (key) => {
      const message = create(PutRequestSchema, { key: new Uint8Array(key) });
      const plain = toBinary(PutRequestSchema, message);
      const json = JSON.parse(key.toString());
      expect(JSON.parse(Buffer.from(plain).toString())).toEqual(json);
      const sent = unlikeJson(plain);
      expect(() => JSON.parse(Buffer.from(sent).toString())).toThrow(SyntaxError);
      expect(fromBinary(PutRequestSchema, sent)).toEqual(message);
      expect(decodeBinary(PutRequestSchema, sent)).toEqual(message);
    }),
  );
});

test("nor does a field of a field", () => {
  // A message of 13 bytes, in it a text of 9 and a number.
  const bytes = new Uint8Array([0x0a, 0x0d, 0x0a, 0x09, ...Buffer.from('{"a":"b"}'), 0x20, 0x09]);
  expect(unlikeJson(bytes)).toEqual(new Uint8Array([0x8a, 0x00, ...bytes.subarray(1)]));
});

test("nor does a message of whitespace, which a grpc-gateway would take for an empty request", () => {
  const range = create(RangeRequestSchema, { key: Buffer.from("          ") });
  const plain = toBinary(RangeRequestSchema, range);
  expect(Buffer.from(plain).toString().trim()).toBe("");
  expect(unlikeJson(plain)).toEqual(new Uint8Array([0x8a, 0x00, ...plain.subarray(1)]));
  expect(decodeBinary(RangeRequestSchema, unlikeJson(plain)).key).toEqual(new Uint8Array(range.key));
});

test("any other message stays as it is", () => {
  const key = Buffer.from('"a JSON text of 32 characters  "');
  for (const bytes of [
    new Uint8Array(),
    new Uint8Array([0x20, 0x0b]),
    toBinary(PutRequestSchema, create(PutRequestSchema, { key: Buffer.from("{}") })),
    toBinary(PutRequestSchema, create(PutRequestSchema, { key })),
    toBinary(TxnRequestSchema, create(TxnRequestSchema, { success: [{}] })),
  ]) {
    expect(unlikeJson(bytes)).toBe(bytes);
  }
});
