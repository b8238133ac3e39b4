/** A character takes four bytes at most, so that less than this stays free where the next one does not fit. */
const ROOM_FOR_ONE = 4;

/** From so many UTF-16 code units on, {@link writeAscii} gains more where it succeeds than it loses where it does not. */
export const LONG_TEXT = 1024;

/** How many bytes {@link writeAscii} needs for a text of so many UTF-16 code units. */
export function roomForAscii(length: number): number {
  return length + ROOM_FOR_ONE;
}

/**
 * Writes a text where it has {@link roomForAscii}, if it is ASCII: most is, and writing it takes a fifth of what
 * `Buffer.byteLength` takes to find that out (30 kB: 1.2 µs and 6.2 µs).
 *
 * @returns false if it is not, and what stands in the room is of no use
 */
export function writeAscii(text: string, into: Buffer, at: number): boolean {
  // Any other text takes more bytes than it has code units, and fills all of the room but less than one character.
  return into.write(text, at, roomForAscii(text.length), "utf8") === text.length;
}

/** A text in UTF-8. Half of a surrogate pair, which UTF-8 cannot say, becomes U+FFFD. */
export function utf8Of(text: string): Buffer {
  if (text.length < LONG_TEXT) return Buffer.from(text, "utf8");
  const bytes = Buffer.allocUnsafe(roomForAscii(text.length));
  return writeAscii(text, bytes, 0) ? bytes.subarray(0, text.length) : Buffer.from(text, "utf8");
}
