import * as fc from "fast-check";

/**
 * Any Unicode character, for `fc.string({ unit: anyCharacter })`. fast-check's own `unit: "binary"` first creates a table of
 * all 1.1 million characters, which takes longer than most tests.
 */
export const anyCharacter = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((code) => String.fromCodePoint(code));
