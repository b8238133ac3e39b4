import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BookSchema } from "../../examples/gen/library/v1/library_pb.js";
import { encodeBinary } from "../../src/codecs/binary-codec.ts";
import { encoderThatWrites, output } from "../../src/codecs/output.ts";

/** Characters of one, two, three and four bytes, and lone surrogates. */
const character = fc.constantFrom("a", "\u0000", "\u007f", "é", "߿", "ࠀ", "�", "😀", "\ud83d", "\ude00");
/** Mostly ASCII, with other characters at the beginning, in the middle and, most often, at the end. */
const text = fc
  .tuple(
    fc.array(character, { maxLength: 4 }),
    fc.constantFrom(0, 20, 31, 32, 1_018, 1_023, 1_024, 1_025, 5_000, 20_000),
    fc.array(character, { maxLength: 4 }),
    fc.constantFrom(0, 1, 30, 5_000),
    fc.array(character, { maxLength: 4 }),
  )
  .map(([a, x, b, y, c]) => `${a.join("")}${"x".repeat(x)}${b.join("")}${"y".repeat(y)}${c.join("")}`);

test("text of any length is encoded like by TextEncoder", () => {
  const encoder = new TextEncoder();
  const encode = encoderThatWrites((_message, value: string) => output.writeUtf8(value));
  const message = create(BookSchema);
  fc.assert(
    fc.property(text, (value) => {
      expect(encode(message, value).equals(encoder.encode(value))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("text in a message is encoded like by protobuf-es, also after other fields", () => {
  const wellFormed = text.map((value) => value.toWellFormed());
  fc.assert(
    fc.property(wellFormed, wellFormed, fc.array(wellFormed, { maxLength: 3 }), (name, title, authors) => {
      const book = create(BookSchema, { name, title, authors });
      expect(Buffer.from(toBinary(BookSchema, book)).equals(encodeBinary(BookSchema, book))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
