import { types } from "node:util";
import {
  create,
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescMessage,
  getExtension,
  type Message,
  type Registry,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { type Any, FeatureSet_FieldPresence, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { typeNameFromUrl } from "../errors/type-url.ts";
import { decodeBinary } from "./binary-codec.ts";
import { CodecError } from "./codec-error.ts";
import { zeroTestOf } from "./compiled/compilable-fields.ts";
import { UNSUPPORTED } from "./compiled/unsupported.ts";
import { isInt32, isInt64, isUint32, isUint64 } from "./integers.ts";
import { memoizeByType } from "./memoize-by-type.ts";
import { isRecord } from "./records.ts";
import { rangeOf } from "./time-ranges.ts";
import { validateValues } from "./validate-values.ts";

/** How messages are written in JSON. */
export interface JsonWriteOptions {
  /** The types that may stand inside of a google.protobuf.Any, and the extensions that are written. */
  readonly registry?: Registry | undefined;
  /** How 64-bit integers are written: as text, which is the canonical form, or as a number with all its digits. */
  readonly jsonInt64?: "string" | "number" | undefined;
  /**
   * Which fields are written besides those that are set, in the words of Go's protojson: with `"defaults"`
   * (EmitDefaultValues) those without presence, with `"unpopulated"` (EmitUnpopulated) also messages, as null.
   *
   * @default "set"
   */
  readonly emit?: "set" | "defaults" | "unpopulated" | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
type WriteMessage = (message: Fields, options: JsonWriteOptions) => string;
type WriteValue = (value: unknown, options: JsonWriteOptions) => string;
/** Gives nothing for a field that is not written. */
type WriteField = (message: Fields, options: JsonWriteOptions) => string | undefined;
type AnyField = DescField | DescExtension;

/**
 * Compiles the writing of a message type in JSON. The text is that of protobuf-es, but for the form of 64-bit integers
 * and for minus zero, which protobuf-es writes as zero.
 *
 * The function throws {@link UNSUPPORTED} where a value is not of its field's type, for {@link validateValues} to say where,
 * and a {@link CodecError} that names the field where JSON has no form for a value.
 *
 * @param without names of fields to leave out
 */
export function compileJsonEncoder(
  desc: DescMessage,
  without: ReadonlySet<string> = nothing,
): (message: Message, options: JsonWriteOptions) => string {
  let write = messageWriter(desc);
  // A form of its own has no fields to leave out, and whoever calls has to make a message without them.
  if (without.size > 0)
    write = wellKnownWriter(desc) === undefined ? compileFields(desc, without) : notOfItsType;
  return write as unknown as (message: Message, options: JsonWriteOptions) => string;
}

/** Compiles the writing of one field's value; the function gives undefined where that is not written. */
export const compileJsonField = memoizeByType(fieldWriter as (field: DescField) => WriteMessageField);

type WriteMessageField = (message: Message, options: JsonWriteOptions) => string | undefined;

const nothing: ReadonlySet<string> = new Set();

const messageWriter = memoizeByType(
  (desc: DescMessage) => wellKnownWriter(desc) ?? compileFields(desc, nothing),
);

function compileFields(desc: DescMessage, without: ReadonlySet<string>): WriteMessage {
  const { typeName } = desc;
  const members = desc.fields
    .filter(({ name }) => !without.has(name))
    .sort(inOrderOfKeys)
    .map((field) => ({
      name: field.name,
      start: `,${JSON.stringify(field.jsonName)}:`,
      write: fieldWriter(field),
    }));
  return (message, options) => {
    if (message.$typeName !== typeName) throw UNSUPPORTED;
    let text = "";
    let i = 0;
    try {
      for (; i < members.length; i++) {
        const { start, write } = members[i] as (typeof members)[number];
        const value = write(message, options);
        if (value !== undefined) text += start + value;
      }
    } catch (error) {
      throw placed(`${members[i]?.name}`, error);
    }
    if (message.$unknown !== undefined) text += extensionsText(desc, message, options);
    return `{${text.slice(1)}}`;
  };
}

/** As an object has its keys, which protobuf-es makes: those that look like an index first. */
function inOrderOfKeys(a: DescField, b: DescField): number {
  return indexOf(a.jsonName) - indexOf(b.jsonName) || a.number - b.number;
}

function indexOf(key: string): number {
  const isIndex = /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1;
  return isIndex ? Number(key) : Number.POSITIVE_INFINITY;
}

function fieldWriter(field: DescField): WriteField {
  const { localName, presence, oneof } = field;
  if (oneof !== undefined) return oneofWriter(field, oneof.localName);
  const write = valueWriter(field);
  if (field.fieldKind === "list" || field.fieldKind === "map") {
    const empty = field.fieldKind === "list" ? "[]" : "{}";
    return (message, options) => {
      const text = write(message[localName], options);
      return text === empty && (options.emit ?? "set") === "set" ? undefined : text;
    };
  }
  if (presence === FeatureSet_FieldPresence.IMPLICIT) {
    const isZero = zeroTestOf(field);
    return (message, options) => {
      const value = message[localName];
      return isZero(value) && (options.emit ?? "set") === "set" ? undefined : write(value, options);
    };
  }
  const isRequired = presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
  const isNull = field.fieldKind === "message" && !field.proto.proto3Optional;
  const isSet = explicitlySet(field);
  return (message, options) => {
    if (isSet(message)) return write(message[localName], options);
    if (isRequired) throw new CodecError("it is required, and not set");
    return isNull && options.emit === "unpopulated" ? "null" : undefined;
  };
}

/** Where messages have a prototype it holds their defaults, which are not set. */
function explicitlySet({ parent, localName }: DescField): (message: Fields) => boolean {
  const isSet = (message: Fields) => message[localName] !== undefined;
  if (Object.getPrototypeOf(create(parent)) === Object.prototype) return isSet;
  return (message) => isSet(message) && Object.hasOwn(message, localName);
}

function oneofWriter(field: DescField, oneofName: string): WriteField {
  const { localName } = field;
  const cases = new Set<unknown>(field.oneof?.fields.map((each) => each.localName));
  const write = valueWriter(field);
  return (message, options) => {
    const oneof = message[oneofName];
    if (!isRecord(oneof)) throw UNSUPPORTED;
    if (oneof.case === localName) return write(oneof.value, options);
    // No field would write it.
    if (oneof.case !== undefined && !cases.has(oneof.case)) throw UNSUPPORTED;
    return undefined;
  };
}

function valueWriter(field: AnyField): WriteValue {
  switch (field.fieldKind) {
    case "list":
      return listWriter(itemWriter(field));
    case "map":
      return mapWriter(keyTest(field.mapKey), itemWriter(field));
    case "message":
      // protobuf-es has wrappers as their values.
      if (isWrapperDesc(field.message) && field.oneof === undefined)
        return scalarWriter(field.message.fields[0].scalar);
      return itemWriter(field, field.parent?.typeName === "google.protobuf.Value");
    default:
      return itemWriter(field);
  }
}

/** Of what stands alone, or in a list or a map. */
function itemWriter({ message, enum: enumeration, scalar }: AnyField, isInValue = false): WriteValue {
  if (message !== undefined) {
    // protobuf-es has Struct as a JSON object, where nothing else would be lost by it.
    if (message.typeName === "google.protobuf.Struct" && !isInValue) return structWriter;
    let write: WriteMessage | undefined;
    return (value, options) => {
      if (typeof value !== "object" || value === null) throw UNSUPPORTED;
      write ??= messageWriter(message);
      return write(value as Fields, options);
    };
  }
  return enumeration === undefined ? scalarWriter(scalar ?? ScalarType.INT32) : enumWriter(enumeration);
}

function listWriter(write: WriteValue): WriteValue {
  return (value, options) => {
    if (!Array.isArray(value) && !types.isTypedArray(value)) throw UNSUPPORTED;
    const items = value as readonly unknown[];
    let text = "";
    // By the index, because a list may have holes.
    let i = 0;
    try {
      for (; i < items.length; i++) text += `,${write(items[i], options)}`;
    } catch (error) {
      throw placed(`[${i}]`, error);
    }
    return `[${text.slice(1)}]`;
  };
}

function mapWriter(isKey: (key: string) => boolean, write: WriteValue): WriteValue {
  return (entries, options) => {
    if (!isRecord(entries)) throw UNSUPPORTED;
    let text = "";
    for (const key of Object.keys(entries)) {
      if (!isKey(key)) throw UNSUPPORTED;
      try {
        text += `,${JSON.stringify(key)}:${write(entries[key], options)}`;
      } catch (error) {
        throw placed(`[${JSON.stringify(key)}]`, error);
      }
    }
    return `{${text.slice(1)}}`;
  };
}

/** Keys of an object are text, whatever those of the map are. */
function keyTest(scalar: ScalarType): (key: string) => boolean {
  switch (scalar) {
    case ScalarType.STRING:
      return (key) => key.isWellFormed();
    case ScalarType.BOOL:
      return (key) => key === "true" || key === "false";
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return (key) => isUint64(fromDigits(key));
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (key) => String(Number(key) >>> 0) === key;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return (key) => isInt64(fromDigits(key));
    default:
      return (key) => String(Number(key) | 0) === key;
  }
}

function enumWriter({ value, open, typeName }: DescEnum): WriteValue {
  if (typeName === "google.protobuf.NullValue") return (value) => (isInt32(value) ? "null" : notOfItsType());
  const names = new Map<unknown, string>(
    Object.values(value).map(({ jsonName, number }) => [number, JSON.stringify(jsonName)]),
  );
  return (value) => names.get(value) ?? (open && isInt32(value) ? String(value) : notOfItsType());
}

function scalarWriter(scalar: ScalarType): WriteValue {
  switch (scalar) {
    case ScalarType.STRING:
      return (value) => (typeof value === "string" ? stringText(value) : notOfItsType());
    case ScalarType.BOOL:
      return (value) => (typeof value === "boolean" ? String(value) : notOfItsType());
    case ScalarType.BYTES:
      return (value) => (types.isUint8Array(value) ? `"${base64Of(value)}"` : notOfItsType());
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (value) => (isUint32(value) ? String(value) : notOfItsType());
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return (value, options) => int64Text(isInt64(value) ? value : exact(value, isInt64), options);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return (value, options) => int64Text(isUint64(value) ? value : exact(value, isUint64), options);
    case ScalarType.DOUBLE:
      return (value) => (typeof value === "number" ? doubleText(value) : notOfItsType());
    case ScalarType.FLOAT:
      return (value) => (isFloat(value) ? doubleText(value) : notOfItsType());
    default:
      return (value) => (isInt32(value) ? String(value) : notOfItsType());
  }
}

/** Most texts have nothing to escape, and to find that out costs less than JSON.stringify does. */
function stringText(value: string): string {
  if (value.length < SHORT_TEXT && !toEscape.test(value)) return `"${value}"`;
  return value.isWellFormed() ? JSON.stringify(value) : notOfItsType();
}

const SHORT_TEXT = 64;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what JSON has escapes for
const toEscape = /[\u0000-\u001f"\\\ud800-\udfff]/;

function notOfItsType(): never {
  throw UNSUPPORTED;
}

function int64Text(value: bigint, { jsonInt64 }: JsonWriteOptions): string {
  return jsonInt64 === "number" ? String(value) : `"${value}"`;
}

/** A 64-bit integer as a number or as text, which protobuf-es takes, and keeps with `jstype = JS_STRING`. */
function exact(value: unknown, isOne: (value: unknown) => value is bigint): bigint {
  const integer = Number.isSafeInteger(value) ? BigInt(value as number) : fromDigits(value);
  return isOne(integer) ? integer : notOfItsType();
}

function fromDigits(text: unknown): bigint | undefined {
  return typeof text === "string" && /^-?\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}

function isFloat(value: unknown): value is number {
  if (typeof value !== "number") return false;
  return !Number.isFinite(value) || Number.isFinite(Math.fround(value));
}

function doubleText(value: number): string {
  return Number.isFinite(value) ? numberText(value) : `"${value}"`;
}

/** JSON.stringify has no minus zero. */
function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

/** For the types that have a JSON form of their own. */
function wellKnownWriter(desc: DescMessage): WriteMessage | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Any":
      return (message, options) => {
        validateWellKnown(desc, message);
        return anyText(message as unknown as Any, options);
      };
    case "google.protobuf.Timestamp":
    case "google.protobuf.Duration": {
      const range = rangeOf(desc);
      // Frequent enough not to be checked like the rest.
      return (message) => {
        const { $typeName, seconds, nanos } = message;
        if ($typeName !== desc.typeName || !isInt32(nanos)) throw UNSUPPORTED;
        if (typeof seconds !== "bigint") exact(seconds, isInt64);
        if (!range?.holds(message)) throw UNSUPPORTED;
        return `"${toJson(desc, message as never)}"`;
      };
    }
    case "google.protobuf.FieldMask":
    case "google.protobuf.Struct":
    case "google.protobuf.Value":
    case "google.protobuf.ListValue":
      return (message) => {
        validateWellKnown(desc, message);
        return jsonText(toJson(desc, message as never));
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
    // Thrown again where the whole path is known.
    throw error instanceof CodecError ? UNSUPPORTED : error;
  }
}

function wrapperWriter({ typeName, fields: [field] }: DescMessage & { fields: [DescField] }): WriteMessage {
  const write = itemWriter(field);
  return (message, options) => {
    if (message.$typeName !== typeName) throw UNSUPPORTED;
    return write(message.value, options);
  };
}

function anyText({ typeUrl, value }: Any, options: JsonWriteOptions): string {
  if (typeUrl === "") return "{}";
  const desc = options.registry?.getMessage(typeNameFromUrl(typeUrl));
  if (desc === undefined) throw new CodecError(`${JSON.stringify(typeUrl)} is not in the type registry`);
  const text = messageWriter(desc)(decodeBinary(desc, value) as unknown as Fields, options);
  const fields = wellKnownWriter(desc) === undefined ? text.slice(1, -1) : `"value":${text}`;
  return `{${fields === "" ? "" : `${fields},`}"@type":${JSON.stringify(typeUrl)}}`;
}

const structWriter: WriteValue = (value) => (isRecord(value) ? jsonText(value) : notOfItsType());

/** What a google.protobuf.Value can hold. */
function jsonText(value: unknown): string {
  switch (typeof value) {
    case "number":
      if (Number.isFinite(value)) return numberText(value);
      throw new CodecError(`a google.protobuf.Value cannot be ${value}`);
    case "string":
      return value.isWellFormed() ? JSON.stringify(value) : notOfItsType();
    case "boolean":
      return String(value);
    default:
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${Array.from(value, jsonText)}]`;
      if (!isRecord(value)) throw UNSUPPORTED;
      return `{${Object.entries(value).map(([key, item]) => `${jsonText(key)}:${jsonText(item)}`)}}`;
  }
}

/** Extensions are kept among the fields that the message type does not know. */
function extensionsText(desc: DescMessage, message: Fields, options: JsonWriteOptions): string {
  const unknown = message.$unknown as Message["$unknown"];
  let text = "";
  for (const number of new Set(unknown?.map(({ no }) => no))) {
    const extension = options.registry?.getExtensionFor(desc, number);
    if (extension === undefined) continue;
    try {
      const value = extensionWriter(extension)(
        getExtension(message as unknown as Message, extension),
        options,
      );
      if (value !== "[]") text += `,${JSON.stringify(extension.jsonName)}:${value}`;
    } catch (error) {
      throw placed(extension.jsonName, error);
    }
  }
  return text;
}

const extensionWriter = memoizeByType<WriteValue, DescExtension>(valueWriter);

/** A problem in JSON's own way, with the path to where it is, which grows from within. */
class PlacedError extends CodecError {
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string, cause: unknown) {
    super(`${path}: ${problem}`, { cause });
    this.path = path;
    this.problem = problem;
  }
}

/** @param place a field's name, or what stands behind it: `[3]`, `["key"]` */
function placed(place: string, error: unknown): unknown {
  // A stack that overflows has its own words at the end of the call, and a path that nobody would read.
  if (error === UNSUPPORTED || error instanceof RangeError || !(error instanceof Error)) return error;
  if (!(error instanceof PlacedError)) return new PlacedError(place, error.message, error);
  const { path, problem, cause } = error;
  return new PlacedError(path.startsWith("[") ? place + path : `${place}.${path}`, problem, cause);
}
