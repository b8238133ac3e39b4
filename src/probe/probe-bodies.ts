/** The highest field number of protobuf, which no field of the API has. */
export const UNASSIGNED_FIELD = 2 ** 29 - 1;

/** A tag without a value, as the content of a field: a truncated message. */
export const CUT_OFF = Uint8Array.of(0x08);

/**
 * Eight letters that are also a valid message: field 13 with the value 97, four times. As a string, as fixed-size numbers
 * and as varints they are as valid as {@link ILL_FORMED}.
 */
export const WELL_FORMED = Buffer.from("hahahaha");

/** Eight letters that are not a valid message: `g` is a tag with wire type 7, which does not exist. */
export const ILL_FORMED = Buffer.from("hahahaga");

/** Bytes that are neither UTF-8 nor a message, but a valid list of varints. */
export const NO_TEXT = Uint8Array.of(0xff, 0x01);

/** Content that only a `bytes` field or an unknown field can have. */
export const NO_CONTENT = Uint8Array.of(0xff);

/** JSON that no parser accepts. */
export const BROKEN_JSON = Buffer.from("{]");

/** Makes a message with one length-delimited field. */
export function fieldWith(field: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

/** Makes a message with one length-delimited field whose length exceeds its content. */
export function cutShort(field: number): Uint8Array {
  return Buffer.concat([varint(field * 8 + 2), Uint8Array.of(0x02), CUT_OFF]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Uint8Array.of(...bytes, rest);
}
