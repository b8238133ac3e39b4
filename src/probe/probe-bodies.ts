/** The greatest field number that there is: nobody has given it to a field. */
export const UNASSIGNED_FIELD = 2 ** 29 - 1;

/** A tag with nothing behind it, as the content of a field: as a message, it is cut off. */
export const CUT_OFF = Uint8Array.of(0x08);

/**
 * Eight letters that are also a message: field 13 with the value 97, four times. As text, as numbers of a fixed
 * size and as numbers of any size they are as good as {@link ILL_FORMED}.
 */
export const WELL_FORMED = Buffer.from("hahahaha");

/** Eight letters that are no message: `g` would be a tag with the wire type 7, which there is not. */
export const ILL_FORMED = Buffer.from("hahahaga");

/**
 * Neither text in UTF-8 nor a message; a list of numbers it can be. What a field does not know to be either,
 * it takes.
 */
export const NO_TEXT = Uint8Array.of(0xff, 0x01);

/** Nothing at all but a field of the type `bytes`, or one that is not known, can have this for its content. */
export const NO_CONTENT = Uint8Array.of(0xff);

/** JSON that no reader of it takes. */
export const BROKEN_JSON = Buffer.from("{]");

/** A message with one field of the wire type for whatever has a length. */
export function fieldWith(field: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

/** A message whose one field says that it is longer than what is there. */
export function cutShort(field: number): Uint8Array {
  return Buffer.concat([varint(field * 8 + 2), Uint8Array.of(0x02), CUT_OFF]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Uint8Array.of(...bytes, rest);
}
