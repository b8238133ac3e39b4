import { toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBinary, encodeBinary } from "../../src/codecs/binary-codec.ts";
import { CodecError } from "../../src/codecs/codec-error.ts";
import { decodeJson, encodeJson } from "../../src/codecs/json-codec.ts";
import { type Everything, EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { anyEverything } from "../transcoding/support/any-everything.ts";

const runs = { numRuns: 500 };

// Compares bytes, because NaN is not equal to itself.
const hex = (message: Everything) => Buffer.from(toBinary(EverythingSchema, message)).toString("hex");

test("a message with any fields survives a round trip, in both encodings", () => {
  fc.assert(
    fc.property(anyEverything, (message) => {
      const bytes = encodeBinary(EverythingSchema, message);
      expect(hex(decodeBinary(EverythingSchema, bytes))).toBe(hex(message));
      const json = encodeJson(EverythingSchema, message);
      expect(hex(decodeJson(EverythingSchema, json))).toBe(hex(message));
    }),
    runs,
  );
});

test("changed bytes decode to a message that survives a round trip, or are a CodecError", () => {
  // Mostly replaces one byte, so that many changes stay inside a value.
  const change = fc.record({
    at: fc.nat(),
    drop: fc.constantFrom(1, 1, 1, 1, 0, 2),
    insert: fc.uint8Array({ minLength: 1, maxLength: 1 }),
  });
  let [decoded, invalid] = [0, 0];
  fc.assert(
    fc.property(anyEverything, fc.array(change, { minLength: 1, maxLength: 2 }), (message, changes) => {
      let bytes: Uint8Array = toBinary(EverythingSchema, message);
      for (const { at, drop, insert } of changes) {
        const from = at % (bytes.length + 1);
        bytes = Uint8Array.from([...bytes.subarray(0, from), ...insert, ...bytes.subarray(from + drop)]);
      }
      try {
        const first = decodeBinary(EverythingSchema, bytes);
        const second = decodeBinary(EverythingSchema, encodeBinary(EverythingSchema, first));
        expect(hex(second)).toBe(hex(first));
        decoded++;
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
        invalid++;
      }
    }),
    runs,
  );
  // Both cases occur often.
  expect(Math.min(decoded, invalid)).toBeGreaterThan(25);
});
