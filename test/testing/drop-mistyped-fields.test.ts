import { expect, test } from "vitest";
import { RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import { CodecError } from "../../src/codecs/codec-error.ts";
import { wireSchemaOf } from "../../src/codecs/wire-schema.ts";
import { dropMistypedFields } from "../../src/testing/gateway/drop-mistyped-fields.ts";

const shape = wireSchemaOf(RunJobRequestSchema);
const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

test.each([
  ["what fits stays", "0a 01 61 12 02 08 05", "0a 01 61 12 02 08 05"],
  ["a number where text belongs goes", "08 01 12 02 08 05", "12 02 08 05"],
  ["also within a message", "12 05 0a 01 61 10 05", "12 02 10 05"],
  ["unknown fields stay", "7a 01 61 80 01 05", "7a 01 61 80 01 05"],
  ["nothing is nothing", "", ""],
])("%s", (_, bytes, rest) => {
  expect(Buffer.from(dropMistypedFields(shape, hex(bytes))).toString("hex")).toBe(rest.replaceAll(" ", ""));
});

test.each(["12 01 08", "0a 05 61", "ff ff ff ff ff ff ff ff ff ff ff"])("%s is no protobuf", (bytes) => {
  expect(() => dropMistypedFields(shape, hex(bytes))).toThrow(CodecError);
});
