import { types } from "node:util";
import {
  create,
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescMessage,
  type DescOneof,
  getExtension,
  type Message,
  type Registry,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { type Any, FeatureSet_FieldPresence, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { typeNameFromUrl } from "../errors/type-url.ts";
import { CLOSING_BRACE, CLOSING_BRACKET, COLON, COMMA, OPENING_BRACE, OPENING_BRACKET } from "./ascii.ts";
import { decodeBinary } from "./binary-codec.ts";
import { CodecError } from "./codec-error.ts";
import { UNSUPPORTED, unsupported } from "./compiled/unsupported.ts";
import { isInt32, isInt64, isUint32, isUint64 } from "./integers.ts";
import { isFloat } from "./is-float.ts";
import { isZero } from "./is-zero.ts";
import {
  writeAsciiText,
  writeBase64,
  writeByte,
  writeEncoded,
  writeQuoted,
  writeString,
} from "./json-output.ts";
import { memoizeByType } from "./memoize-by-type.ts";
import { encoderThatWrites, output } from "./output.ts";
import { isRecord } from "./records.ts";
import { valueRangeOf } from "./time-ranges.ts";
import { canonicalInteger, validateValues } from "./validate-values.ts";

/** Options for encoding in JSON. */
export interface JsonWriteOptions {
  /** The types for google.protobuf.Any, and the extensions to write. */
  readonly registry?: Registry | undefined;
  /** The form of 64-bit integers: text, which is canonical, or numbers with all digits. */
  readonly jsonInt64?: "string" | "number" | undefined;
  /**
   * Which unset fields to write besides the set ones, as in Go's protojson. `"defaults"` (EmitDefaultValues) adds fields
   * without presence, `"unpopulated"` (EmitUnpopulated) also adds message fields, as null.
   *
   * @default "set"
   */
  readonly emit?: "set" | "defaults" | "unpopulated" | undefined;
  /** Whether keys are the field names of the .proto file, as with Go's UseProtoNames, instead of the JSON names. */
  readonly useProtoNames?: boolean | undefined;
  /**
   * How to write a google.protobuf.Any whose type is not in the registry, or whose value is not a message of that type:
   * not at all, or for a human reader. `"shown"` writes its bytes in base64 as `@value`, and one that was read from JSON as
   * it was there.
   *
   * @default "error"
   */
  readonly unknownAny?: "error" | "shown" | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
type WriteMessage = (message: Fields, options: JsonWriteOptions) => void;
type WriteValue = (value: unknown, options: JsonWriteOptions) => void;
type AnyField = DescField | DescExtension;

/** Writes a field of a message. */
interface FieldWriter {
  readonly name: string;
  /** The name of the property: that of the field, or of its oneof. */
  readonly property: string;
  /** Whether the field is written, by the value of its property. */
  isWritten(property: unknown, options: JsonWriteOptions, message: Fields): boolean;
  /** Writes the value of a field that is written. */
  write(property: unknown, options: JsonWriteOptions, message: Fields): void;
}

/** A field in the JSON of its message. */
interface Member extends FieldWriter {
  /** The JSON name as a key. */
  readonly key: Uint8Array;
  /** The name in the .proto file as a key. */
  readonly protoKey: Uint8Array;
}

/**
 * Compiles the JSON encoder of a message type. The text is that of protobuf-es, except for the form of 64-bit integers and
 * for minus zero, which protobuf-es writes as zero.
 *
 * The encoder throws {@link UNSUPPORTED} if a value is not of its field's type, so that {@link validateValues} can name the
 * field, and a {@link CodecError} that names the field if a value has no JSON form.
 *
 * @param without the names of fields to omit
 */
export function compileJsonEncoder(
  desc: DescMessage,
  without: ReadonlySet<string> = nothing,
): (message: Message, options: JsonWriteOptions) => Buffer {
  let write = messageWriter(desc);
  // A JSON form of its own has no fields to omit: the caller has to pass a message without them.
  if (without.size > 0)
    write = wellKnownWriter(desc) === undefined ? compileMessageWriter(desc, without) : unsupported;
  return encoderThatWrites(write as unknown as (message: Message, options: JsonWriteOptions) => void);
}

/**
 * Compiles the JSON encoder of the value of one field. It writes a value even if the field is not set: `[]` for a list, `0` for a
 * number, `null` for a message.
 */
export const compileJsonFieldEncoder = memoizeByType((field: DescField) => {
  const { property, isWritten, write } = fieldWriter(field);
  return encoderThatWrites<JsonWriteOptions>((message, options) => {
    const holder = message as unknown as Fields;
    const value = holder[property];
    if (isWritten(value, { ...options, emit: "defaults" }, holder)) write(value, options, holder);
    else writeAsciiText("null");
  });
});

const nothing: ReadonlySet<string> = new Set();

const messageWriter = memoizeByType(
  (desc: DescMessage) => wellKnownWriter(desc) ?? compileMessageWriter(desc, nothing),
);

function compileMessageWriter(desc: DescMessage, without: ReadonlySet<string>): WriteMessage {
  const { typeName } = desc;
  const members = desc.fields
    .filter(({ name }) => !without.has(name))
    .sort(inOrderOfKeys)
    .map(
      (field): Member => ({
        ...fieldWriter(field),
        key: keyOf(field.jsonName),
        protoKey: keyOf(field.name),
      }),
    );
  const { length } = members;
  return (message, options) => {
    if (message.$typeName !== typeName) throw UNSUPPORTED;
    const start = output.at;
    let next = 0;
    try {
      // Each member is written once, in its order, from the key of for-in if that is next: V8 loads such a property without
      // a lookup, and most messages have their keys in that order.
      for (const key in message) {
        if (key === "$typeName") continue;
        while (next < length) {
          const member = members[next] as Member;
          const isKey = key === member.property;
          writeMember(member, isKey ? message[key] : message[member.property], options, message, start);
          next++;
          if (isKey) break;
        }
      }
      for (; next < length; next++) {
        const member = members[next] as Member;
        writeMember(member, message[member.property], options, message, start);
      }
    } catch (error) {
      const member = members[next];
      throw member === undefined ? error : withPath(member.name, error);
    }
    if (message.$unknown !== undefined) writeExtensions(desc, message, options, start);
    closeObject(start);
  };
}

/** A comma, a name in quotes, and a colon. */
function keyOf(name: string): Uint8Array {
  return Buffer.from(`,${JSON.stringify(name)}:`);
}

function writeMember(
  member: Member,
  property: unknown,
  options: JsonWriteOptions,
  message: Fields,
  start: number,
): void {
  if (!member.isWritten(property, options, message)) return;
  writeKey(options.useProtoNames ? member.protoKey : member.key, start);
  member.write(property, options, message);
}

/** Writes a key, which begins with a comma, of the object that began at `start`. The first key begins with the brace. */
function writeKey(key: Uint8Array, start: number): void {
  const { at } = output;
  writeEncoded(key);
  if (at === start) output.bytes[at] = OPENING_BRACE;
}

/** Writes what stands before a member of the object that began at `start`. */
function separate(start: number): void {
  writeByte(output.at === start ? OPENING_BRACE : COMMA);
}

function closeObject(start: number): void {
  if (output.at === start) writeByte(OPENING_BRACE);
  writeByte(CLOSING_BRACE);
}

/** Sorts fields like the keys of an object, which protobuf-es writes: keys that are array indexes come first. */
function inOrderOfKeys(a: DescField, b: DescField): number {
  return indexOf(a.jsonName) - indexOf(b.jsonName) || a.number - b.number;
}

function indexOf(key: string): number {
  const isIndex = /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1;
  return isIndex ? Number(key) : Number.POSITIVE_INFINITY;
}

function fieldWriter(field: DescField): FieldWriter {
  const { name, localName: property, presence, oneof, fieldKind } = field;
  if (oneof !== undefined) return oneofFieldWriter(field, oneof);
  const write = valueWriter(field);
  if (fieldKind === "list" || fieldKind === "map") {
    const isEmpty = fieldKind === "list" ? isEmptyList : isEmptyMap;
    return { name, property, isWritten: (value, options) => !isEmpty(value) || isEmitted(options), write };
  }
  if (presence === FeatureSet_FieldPresence.IMPLICIT) {
    const { scalar } = field;
    return {
      name,
      property,
      isWritten: (value, options) => !isZero(scalar, value) || isEmitted(options),
      write,
    };
  }
  const isRequired = presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
  const isNull = fieldKind === "message" && !field.proto.proto3Optional;
  // The default values in the prototype of a message are not set.
  const hasDefault = Object.getPrototypeOf(create(field.parent)) !== Object.prototype;
  const isSet = (value: unknown, message: Fields): boolean =>
    value !== undefined && (!hasDefault || Object.hasOwn(message, property));
  return {
    name,
    property,
    isWritten(value, { emit }, message) {
      if (isSet(value, message)) return true;
      if (isRequired) throw new CodecError("it is required, and not set");
      return isNull && emit === "unpopulated";
    },
    write(value, options, message) {
      if (isSet(value, message)) write(value, options);
      else writeAsciiText("null");
    },
  };
}

/** Whether fields without presence are written if they are not set. */
function isEmitted({ emit }: JsonWriteOptions): boolean {
  return emit !== undefined && emit !== "set";
}

function isEmptyList(value: unknown): boolean {
  return isList(value) && value.length === 0;
}

function isEmptyMap(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) || types.isTypedArray(value);
}

function oneofFieldWriter(field: DescField, { localName: property, fields }: DescOneof): FieldWriter {
  const { name, localName } = field;
  const cases = new Set<unknown>(fields.map((each) => each.localName));
  const write = valueWriter(field);
  return {
    name,
    property,
    isWritten(oneof) {
      if (!isRecord(oneof)) throw UNSUPPORTED;
      // An unknown case would be lost.
      if (oneof.case !== undefined && !cases.has(oneof.case)) throw UNSUPPORTED;
      return oneof.case === localName;
    },
    write: (oneof, options) => write((oneof as Fields).value, options),
  };
}

function valueWriter(field: AnyField): WriteValue {
  switch (field.fieldKind) {
    case "list":
      return listWriter(itemWriter(field));
    case "map":
      return mapWriter(keyTest(field.mapKey), itemWriter(field));
    case "message":
      // protobuf-es represents a wrapper as its value.
      if (isWrapperDesc(field.message) && field.oneof === undefined)
        return scalarWriter(field.message.fields[0].scalar);
      return itemWriter(field, field.parent?.typeName === "google.protobuf.Value");
    default:
      return itemWriter(field);
  }
}

/** Compiles the writer of a single value, an item of a list, or a value of a map. */
function itemWriter({ message, enum: enumeration, scalar }: AnyField, isInValue = false): WriteValue {
  if (message !== undefined) {
    // protobuf-es represents a Struct as a JSON object, except in a google.protobuf.Value.
    if (message.typeName === "google.protobuf.Struct" && !isInValue) return writeStruct;
    let write: WriteMessage | undefined;
    return (value, options) => {
      if (typeof value !== "object" || value === null) throw UNSUPPORTED;
      write ??= messageWriter(message);
      write(value as Fields, options);
    };
  }
  return enumeration === undefined ? scalarWriter(scalar ?? ScalarType.INT32) : enumWriter(enumeration);
}

function listWriter(write: WriteValue): WriteValue {
  return (items, options) => {
    if (!isList(items)) throw UNSUPPORTED;
    writeByte(OPENING_BRACKET);
    // By the index, because a list may have holes.
    let i = 0;
    try {
      for (; i < items.length; i++) {
        if (i > 0) writeByte(COMMA);
        write(items[i], options);
      }
    } catch (error) {
      throw withPath(`[${i}]`, error);
    }
    writeByte(CLOSING_BRACKET);
  };
}

function mapWriter(isKey: (key: string) => boolean, write: WriteValue): WriteValue {
  return (entries, options) => {
    if (!isRecord(entries)) throw UNSUPPORTED;
    const start = output.at;
    for (const key of Object.keys(entries)) {
      if (!isKey(key)) throw UNSUPPORTED;
      try {
        separate(start);
        writeString(key);
        writeByte(COLON);
        write(entries[key], options);
      } catch (error) {
        throw withPath(`[${JSON.stringify(key)}]`, error);
      }
    }
    closeObject(start);
  };
}

/** Compiles the test of a map key. The keys of an object are strings, whatever the key type of the map. */
function keyTest(scalar: ScalarType): (key: string) => boolean {
  switch (scalar) {
    case ScalarType.STRING:
      return (key) => key.isWellFormed();
    case ScalarType.BOOL:
      return (key) => key === "true" || key === "false";
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return (key) => canonicalInteger.test(key) && isUint64(BigInt(key));
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (key) => String(Number(key) >>> 0) === key;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return (key) => canonicalInteger.test(key) && isInt64(BigInt(key));
    default:
      return (key) => String(Number(key) | 0) === key;
  }
}

function enumWriter({ value, open, typeName }: DescEnum): WriteValue {
  const isNull = typeName === "google.protobuf.NullValue";
  const names = new Map<unknown, Uint8Array>(
    Object.values(value).map(({ jsonName, number }) => [number, Buffer.from(JSON.stringify(jsonName))]),
  );
  return (value) => {
    const name = names.get(value);
    if (isNull && isInt32(value)) writeAsciiText("null");
    else if (name !== undefined) writeEncoded(name);
    else if (open && isInt32(value)) writeAsciiText(String(value));
    else throw UNSUPPORTED;
  };
}

function scalarWriter(scalar: ScalarType): WriteValue {
  switch (scalar) {
    case ScalarType.STRING:
      return (value) => writeString(typeof value === "string" ? value : unsupported());
    case ScalarType.BOOL:
      return (value) => writeAsciiText(typeof value === "boolean" ? String(value) : unsupported());
    case ScalarType.BYTES:
      return (value) => writeBase64(types.isUint8Array(value) ? value : unsupported());
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (value) => writeAsciiText(isUint32(value) ? String(value) : unsupported());
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return (value, options) => writeInt64(isInt64(value) ? value : toInteger(value, isInt64), options);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return (value, options) => writeInt64(isUint64(value) ? value : toInteger(value, isUint64), options);
    case ScalarType.DOUBLE:
      return (value) => writeDouble(typeof value === "number" ? value : unsupported());
    case ScalarType.FLOAT:
      return (value) => writeDouble(isFloat(value) ? value : unsupported());
    default:
      return (value) => writeAsciiText(isInt32(value) ? String(value) : unsupported());
  }
}

function writeInt64(value: bigint, { jsonInt64 }: JsonWriteOptions): void {
  if (jsonInt64 === "number") writeAsciiText(String(value));
  else writeQuoted(String(value));
}

/** Converts a number or text to a 64-bit integer: protobuf-es accepts both, and uses text for `jstype = JS_STRING`. */
function toInteger(value: unknown, isInRange: (value: unknown) => value is bigint): bigint {
  const integer = Number.isSafeInteger(value) ? BigInt(value as number) : fromDigits(value);
  return isInRange(integer) ? integer : unsupported();
}

function fromDigits(text: unknown): bigint | undefined {
  return typeof text === "string" && /^-?\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}

function writeDouble(value: number): void {
  if (Number.isFinite(value)) writeAsciiText(numberText(value));
  else writeQuoted(String(value));
}

/** Writes a number. JSON.stringify would write minus zero as 0. */
function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The writers of types with JSON forms of their own. */
function wellKnownWriter(desc: DescMessage): WriteMessage | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Any":
      return (message, options) => {
        validateWellKnown(desc, message);
        writeAny(message as unknown as Any, options);
      };
    case "google.protobuf.Timestamp":
    case "google.protobuf.Duration": {
      const range = valueRangeOf(desc);
      // Faster than validateWellKnown, because these types are frequent.
      return (message) => {
        const { $typeName, seconds, nanos } = message;
        if ($typeName !== desc.typeName || !isInt32(nanos)) throw UNSUPPORTED;
        if (typeof seconds !== "bigint") toInteger(seconds, isInt64);
        if (!range?.includes(message)) throw UNSUPPORTED;
        writeQuoted(String(toJson(desc, message as never)));
      };
    }
    case "google.protobuf.FieldMask":
    case "google.protobuf.Struct":
    case "google.protobuf.Value":
    case "google.protobuf.ListValue":
      return (message) => {
        validateWellKnown(desc, message);
        output.writeUtf8(jsonText(toJson(desc, message as never)));
      };
    default:
      return isWrapperDesc(desc) ? wrapperWriter(desc) : undefined;
  }
}

function validateWellKnown(desc: DescMessage, message: Fields): void {
  if (message.$typeName !== desc.typeName) throw UNSUPPORTED;
  try {
    validateValues(desc, message as unknown as Message);
  } catch (error) {
    // The caller validates again from the root, and then throws an error with the whole path.
    throw error instanceof CodecError ? UNSUPPORTED : error;
  }
}

function wrapperWriter({ typeName, fields: [field] }: DescMessage & { fields: [DescField] }): WriteMessage {
  const write = itemWriter(field);
  return (message, options) => {
    if (message.$typeName !== typeName) throw UNSUPPORTED;
    write(message.value, options);
  };
}

function writeAny({ typeUrl, value }: Any, options: JsonWriteOptions): void {
  const start = output.at;
  if (typeUrl !== "") {
    try {
      writeKnownAny(typeUrl, value, options);
      return;
    } catch (error) {
      if (options.unknownAny !== "shown" || !(error instanceof CodecError)) throw error;
      output.at = start;
      writeType(typeUrl, start);
      writeKey(valueBytesKey, start);
      writeBase64(value);
    }
  }
  closeObject(start);
}

const typeKey = /* @__PURE__ */ keyOf("@type");
const valueKey = /* @__PURE__ */ keyOf("value");
const valueBytesKey = /* @__PURE__ */ keyOf("@value");

function writeType(typeUrl: string, start: number): void {
  writeKey(typeKey, start);
  writeString(typeUrl);
}

function writeKnownAny(typeUrl: string, value: Uint8Array, options: JsonWriteOptions): void {
  const desc = options.registry?.getMessage(typeNameFromUrl(typeUrl));
  if (desc === undefined) throw new CodecError(`${JSON.stringify(typeUrl)} is not in the type registry`);
  const message = decodeBinary(desc, value) as unknown as Fields;
  const write = messageWriter(desc);
  if (options.unknownAny === "shown" && isKeptFromJson(desc, message)) {
    write(message, options);
    return;
  }
  const start = output.at;
  if (wellKnownWriter(desc) === undefined) {
    write(message, options);
    // The object goes on. If it has no members, it begins again.
    output.at -= output.at - start === "{}".length ? "{}".length : "}".length;
  } else {
    writeKey(valueKey, start);
    write(message, options);
  }
  writeType(typeUrl, start);
  closeObject(start);
}

/** Whether this is how the decoder keeps an Any of an unknown type: as a Struct with its `@type`. */
function isKeptFromJson({ typeName }: DescMessage, { fields }: Fields): boolean {
  return typeName === "google.protobuf.Struct" && Object.hasOwn(fields as Fields, "@type");
}

function writeStruct(value: unknown): void {
  output.writeUtf8(isRecord(value) ? jsonText(value) : unsupported());
}

/** The JSON of a google.protobuf.Value. */
function jsonText(value: unknown): string {
  switch (typeof value) {
    case "number":
      if (Number.isFinite(value)) return numberText(value);
      throw new CodecError(`a google.protobuf.Value cannot be ${value}`);
    case "string":
      return value.isWellFormed() ? JSON.stringify(value) : unsupported();
    case "boolean":
      return String(value);
    default:
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${Array.from(value, jsonText)}]`;
      if (!isRecord(value)) throw UNSUPPORTED;
      return `{${Object.entries(value).map(([key, item]) => `${jsonText(key)}:${jsonText(item)}`)}}`;
  }
}

/** Writes the extensions, which protobuf-es keeps among the unknown fields. */
function writeExtensions(desc: DescMessage, message: Fields, options: JsonWriteOptions, start: number): void {
  const unknown = message.$unknown as Message["$unknown"];
  for (const number of new Set(unknown?.map(({ no }) => no))) {
    const extension = options.registry?.getExtensionFor(desc, number);
    if (extension === undefined) continue;
    try {
      const value = getExtension(message as unknown as Message, extension);
      if (isEmptyList(value)) continue;
      writeKey(keyOf(extension.jsonName), start);
      extensionWriter(extension)(value, options);
    } catch (error) {
      throw withPath(extension.jsonName, error);
    }
  }
}

const extensionWriter = memoizeByType<WriteValue, DescExtension>(valueWriter);

/** An error with the path to its field. Each level of the message puts its part in front of the path. */
class PathError extends CodecError {
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string, cause: unknown) {
    super(`${path}: ${problem}`, { cause });
    this.path = path;
    this.problem = problem;
  }
}

/** @param part the name of a field, or what follows it: `[3]`, `["key"]` */
function withPath(part: string, error: unknown): unknown {
  // A stack overflow (RangeError) would have a path that is too long to read.
  if (error === UNSUPPORTED || error instanceof RangeError || !(error instanceof Error)) return error;
  if (!(error instanceof PathError)) return new PathError(part, error.message, error);
  const { path, problem, cause } = error;
  return new PathError(path.startsWith("[") ? part + path : `${part}.${path}`, problem, cause);
}
