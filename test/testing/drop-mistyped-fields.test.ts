import { expect, test } from "vitest";
import { RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import { CodecError } from "../../src/codecs/codec-error.ts";
import { wireSchemaOf } from "../../src/codecs/wire-schema.ts";
import { dropMistypedFields } from "../../src/testing/gateway/drop-mistyped-fields.ts";

const schema = wireSchemaOf(RunJobRequestSchema);
const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

test.each([
  ["keeps well-typed fields", "0a 01 61 12 02 08 05", "0a 01 61 12 02 08 05"],
  ["drops a number in a string field", "08 01 12 02 08 05", "12 02 08 05"],
  ["drops it in a nested message too", "12 05 0a 01 61 10 05", "12 02 10 05"],
  ["keeps unknown fields", "7a 01 61 80 01 05", "7a 01 61 80 01 05"],
  ["accepts no bytes", "", ""],
])("%s", (_, bytes, rest) => {
  expect(Buffer.from(dropMistypedFields(schema, hex(bytes))).toString("hex")).toBe(rest.replaceAll(" ", ""));
});

test.each(["12 01 08", "0a 05 61", "ff ff ff ff ff ff ff ff ff ff ff"])("%s is not protobuf", (bytes) => {
  expect(() => dropMistypedFields(schema, hex(bytes))).toThrow(CodecError);
});
