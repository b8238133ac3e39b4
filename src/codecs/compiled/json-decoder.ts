import { type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { CLOSING_BRACE, CLOSING_BRACKET, COLON, COMMA, OPENING_BRACE, OPENING_BRACKET } from "../ascii.ts";
import { integerRangeOf } from "../integers.ts";
import {
  acceptsNull,
  isLongAsString,
  mapKeyReader,
  setOwn,
  valueReader,
  wellKnownReader,
} from "../json-decoder.ts";
import { enumReader } from "../json-scalars.ts";
import { memoizeByType } from "../memoize-by-type.ts";
import { type Fields, newMessageOf } from "../new-message.ts";
import { MAX_DEPTH } from "../validate-binary.ts";
import { validateRequiredFields } from "../validate-required-fields.ts";
import type { JsonCursor } from "./json-cursor.ts";
import { UNSUPPORTED, unsupported } from "./unsupported.ts";

/** Decodes a message. `depth` is the number of nested messages, including this one. */
type DecodeMessage = (cursor: JsonCursor, depth: number) => Fields;
type DecodeValue = (cursor: JsonCursor, depth: number) => unknown;
/** Decodes the value of a field, after its key, into a message. */
type DecodeField = (message: Fields, cursor: JsonCursor, depth: number) => void;

/**
 * Compiles the decoder of a message type. It decodes the message at a cursor, which is then behind the message. JSON.parse
 * would make a string of the whole text first, and then objects, whose keys have to be counted to find a repeated one.
 *
 * @param reserved names that must not be skipped as unknown fields, because the caller handles them
 * @returns undefined if the type cannot be compiled; the decoder throws {@link UNSUPPORTED}, or a CodecError, for other JSON
 */
export function compileJsonDecoder(
  desc: DescMessage,
  reserved: readonly string[] = [],
): ((cursor: JsonCursor) => Message) | undefined {
  if (wellKnownReader(desc) !== undefined) return undefined;
  const decode = compileMessageDecoder(desc, reserved);
  return (cursor) => {
    const message = decode(cursor, 1) as unknown as Message;
    validateRequiredFields(desc, message);
    return message;
  };
}

const messageDecoder = memoizeByType((desc): DecodeMessage => compileMessageDecoder(desc));

/** What follows from a key. */
interface Key {
  /** The bit that notes that the field has come; 0 if a number has none left for it. */
  readonly bit: number;
  /** The name that is remembered if `bit` is 0. */
  readonly id: string;
  readonly decode: DecodeField;
}

/** A name that a field has in JSON. */
interface FieldKey extends Key {
  readonly quoted: Uint8Array;
}

function compileMessageDecoder(desc: DescMessage, reserved: readonly string[] = []): DecodeMessage {
  const make = newMessageOf(desc);
  const keys = keysOf(desc);
  const names = new Set([...reserved, ...desc.fields.flatMap(({ jsonName, name }) => [jsonName, name])]);
  return (cursor, depth) => {
    if (depth > MAX_DEPTH) throw UNSUPPORTED;
    const message = make();
    cursor.expect(OPENING_BRACE);
    if (cursor.skip(CLOSING_BRACE)) return message;
    let seen = 0;
    let seenNames: Set<string> | undefined;
    let expected = 0;
    do {
      const index = findKey(keys, cursor, expected);
      const key = keys[index] ?? unknownKey(names, cursor);
      if ((seen & key.bit) !== 0) throw UNSUPPORTED;
      if (key.bit === 0) seenNames = withSeenName(seenNames, key.id);
      seen |= key.bit;
      cursor.expect(COLON);
      key.decode(message, cursor, depth);
      if (index >= 0) expected = index + 1;
    } while (cursor.skip(COMMA));
    cursor.expect(CLOSING_BRACE);
    return message;
  };
}

/** Both names of each field, in the order of the fields. A name that is also another field's JSON name is that field's. */
function keysOf({ fields }: DescMessage): readonly FieldKey[] {
  const jsonNames = new Set(fields.map(({ jsonName }) => jsonName));
  return fields.flatMap((field, index) => {
    const decode = compileFieldDecoder(field);
    const bit = index < 32 ? 1 << index : 0;
    const names = jsonNames.has(field.name) ? [field.jsonName] : [field.jsonName, field.name];
    return names.map((name) => ({
      quoted: Buffer.from(JSON.stringify(name)),
      bit,
      id: field.jsonName,
      decode,
    }));
  });
}

/**
 * Skips a key of the message, and returns its index; stays, and returns -1, if there is none. Servers write fields in their
 * order, so the search begins where the next one is expected.
 */
function findKey(keys: readonly FieldKey[], cursor: JsonCursor, expected: number): number {
  cursor.peek();
  for (let index = expected; index < keys.length; index++) {
    if (cursor.skipBytes((keys[index] as FieldKey).quoted)) return index;
  }
  for (let index = 0; index < expected; index++) {
    if (cursor.skipBytes((keys[index] as FieldKey).quoted)) return index;
  }
  return -1;
}

/** Reads the key of an unknown field, whose value is skipped. */
function unknownKey(names: ReadonlySet<string>, cursor: JsonCursor): Key {
  const id = cursor.text();
  // An extension, a reserved name, or a field whose name has escapes.
  if (id.startsWith("[") || names.has(id)) throw UNSUPPORTED;
  return { bit: 0, id, decode: skipValue };
}

const skipValue: DecodeField = (_message, cursor, depth) => void cursor.value(depth);

function withSeenName(seenNames: Set<string> = new Set(), id: string): Set<string> {
  if (seenNames.has(id)) throw UNSUPPORTED;
  return seenNames.add(id);
}

function compileFieldDecoder(field: DescField): DecodeField {
  const decode = nonNullDecoder(field);
  if (acceptsNull(field)) return decode;
  return (message, cursor, depth) => {
    if (!cursor.skipNull()) decode(message, cursor, depth);
  };
}

function nonNullDecoder(field: DescField): DecodeField {
  const { localName, oneof } = field;
  const decode = valueDecoder(field);
  if (field.fieldKind === "list") {
    return (message, cursor, depth) => {
      cursor.expect(OPENING_BRACKET);
      if (cursor.skip(CLOSING_BRACKET)) return;
      const items = message[localName] as unknown[];
      do items.push(decode(cursor, depth));
      while (cursor.skip(COMMA));
      cursor.expect(CLOSING_BRACKET);
    };
  }
  if (field.fieldKind === "map") {
    const readKey = mapKeyReader(field);
    return (message, cursor, depth) => {
      cursor.expect(OPENING_BRACE);
      if (cursor.skip(CLOSING_BRACE)) return;
      const entries = message[localName] as Fields;
      do {
        const key = readKey(cursor.text());
        if (Object.hasOwn(entries, key)) throw UNSUPPORTED;
        cursor.expect(COLON);
        setOwn(entries, key, decode(cursor, depth));
      } while (cursor.skip(COMMA));
      cursor.expect(CLOSING_BRACE);
    };
  }
  if (oneof === undefined) {
    return (message, cursor, depth) => {
      message[localName] = decode(cursor, depth);
    };
  }
  const { localName: oneofName } = oneof;
  return (message, cursor, depth) => {
    if ((message[oneofName] as { readonly case?: string }).case !== undefined) throw UNSUPPORTED;
    message[oneofName] = { case: localName, value: decode(cursor, depth) };
  };
}

function valueDecoder(field: DescField): DecodeValue {
  const { message: desc, enum: enumeration, scalar } = field;
  if (desc !== undefined && wellKnownReader(desc) === undefined) return lazyMessageDecoder(desc);
  // It needs a registry.
  if (desc?.typeName === "google.protobuf.Any") return unsupported;
  if (scalar === ScalarType.STRING) return (cursor) => cursor.text();
  const read = enumeration === undefined ? valueReader(field) : enumReader(field, enumeration, unsupported);
  const decode: DecodeValue = (cursor, depth) => read(cursor.value(depth), depth);
  const { bits, min } = integerRangeOf(scalar ?? ScalarType.INT32);
  if (bits !== 64 || isLongAsString(field)) return decode;
  const isUnsigned = min === 0n;
  return (cursor, depth) => {
    const short = cursor.shortInteger();
    if (short === undefined) return decode(cursor, depth);
    if (isUnsigned && short < 0) throw UNSUPPORTED;
    return BigInt(short);
  };
}

function lazyMessageDecoder(desc: DescMessage): DecodeValue {
  let decode: DecodeMessage | undefined;
  return (cursor, depth) => {
    decode ??= messageDecoder(desc);
    return decode(cursor, depth + 1);
  };
}
