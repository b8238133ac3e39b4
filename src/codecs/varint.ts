// The last varint read, as two halves: 64 bits do not fit in a number, and a bigint costs an allocation.
export let low = 0;
export let high = 0;

/** The bytes end in the middle of the varint. */
export const TRUNCATED = -1;
/** The varint has more than 64 bits. */
export const TOO_LONG = -2;

/**
 * Reads a varint into {@link low} and {@link high}, both unsigned.
 *
 * @returns the index after the varint, or {@link TRUNCATED} or {@link TOO_LONG}
 */
export function readVarint(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return TRUNCATED;
  const first = bytes[start] as number;
  if (first < 0x80) {
    low = first;
    high = 0;
    return start + 1;
  }
  let at = start + 1;
  let l = first & 0x7f;
  let h = 0;
  for (let shift = 7; shift < 70; shift += 7) {
    if (at >= end) return TRUNCATED;
    const byte = bytes[at++] as number;
    const bits = byte & 0x7f;
    if (shift < 28) l |= bits << shift;
    else if (shift === 28) {
      l |= bits << 28;
      h = bits >>> 4;
    } else {
      if (shift === 63 && bits > 1) return TOO_LONG;
      h |= bits << (shift - 32);
    }
    if (byte < 0x80) {
      low = l >>> 0;
      high = h >>> 0;
      return at;
    }
  }
  return TOO_LONG;
}
