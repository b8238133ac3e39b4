import fc from "fast-check";
import { expect, test } from "vitest";
import { anyBody, anyCut } from "./support/bodies.ts";
import { cut, readValues, split } from "./support/split.ts";

test("any messages in any form, cut anywhere, are split into just these messages", () => {
  fc.assert(
    fc.property(anyBody, anyCut, ({ bytes, contentType, messages }, lengths) => {
      expect(split(cut(bytes, lengths), contentType)).toEqual({
        messages: messages.map(({ text }) => text),
        end: "clean",
      });
    }),
    { numRuns: 3_000 },
  );
});

test("objects that are whole in a chunk can be read there, in turn with other messages", () => {
  let inPlace = 0;
  fc.assert(
    fc.property(anyBody, anyCut, ({ bytes, contentType, messages }, lengths) => {
      const { values, readInPlace } = readValues(cut(bytes, lengths), contentType);
      expect(values).toEqual(messages.map(({ text }) => JSON.parse(text)));
      inPlace += readInPlace;
    }),
    { numRuns: 3_000 },
  );
  expect(inPlace).toBeGreaterThan(300);
});

test("any start of a body has the messages that are whole, and ends cleanly only where a body may end", () => {
  fc.assert(
    fc.property(
      anyBody,
      fc.nat(),
      anyCut,
      ({ bytes, contentType, messages, unfinished }, anyLength, lengths) => {
        const length = anyLength % (bytes.length + 1);
        const isUnfinished = unfinished.some(([from, to]) => length > from && length < to);
        expect(split(cut(bytes.subarray(0, length), lengths), contentType)).toEqual({
          messages: messages.filter(({ wholeAt }) => wholeAt <= length).map(({ text }) => text),
          end: isUnfinished ? "truncated" : "clean",
        });
      },
    ),
    { numRuns: 3_000 },
  );
});

/** Bytes that mean something to a splitter, and some that are not valid. */
const byte = fc.oneof(
  fc.constantFrom(...Buffer.from('{}[]",:\\ \r\n\x1e-1tda'), 0xef, 0xbb, 0xbf, 0xff),
  fc.nat(255),
);
const change = fc.record({
  at: fc.nat(),
  removed: fc.nat(3),
  inserted: fc.array(byte, { maxLength: 3 }),
});

test("any bytes are messages or an error, and the same ones wherever they are cut", () => {
  const lengths = fc.tuple(anyCut, anyCut);
  fc.assert(
    fc.property(anyBody, fc.array(change, { maxLength: 4 }), lengths, (body, changes, [one, other]) => {
      const bytes = [...body.bytes];
      for (const { at, removed, inserted } of changes)
        bytes.splice(at % (bytes.length + 1), removed, ...inserted);
      const changed = Uint8Array.from(bytes);
      const result = split(cut(changed, one), body.contentType);
      expect(split(cut(changed, other), body.contentType)).toEqual(result);
      // Nothing is made up: no message has a character that the bytes do not have.
      if (!changed.includes(0xef)) expect(result.messages.join("")).not.toContain("\uFFFD");
    }),
    { numRuns: 2_000 },
  );
});
