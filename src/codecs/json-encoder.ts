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
import { UNSUPPORTED, unsupported } from "./compiled/unsupported.ts";
import { isInt32, isInt64, isUint32, isUint64 } from "./integers.ts";
import { isZero } from "./is-zero.ts";
import { memoizeByType } from "./memoize-by-type.ts";
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
type WriteMessage = (message: Fields, options: JsonWriteOptions) => string;
type WriteValue = (value: unknown, options: JsonWriteOptions) => string;
/** Returns undefined for a field that is not written. */
type WriteField = (message: Fields, options: JsonWriteOptions) => string | undefined;
type AnyField = DescField | DescExtension;

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
): (message: Message, options: JsonWriteOptions) => string {
  let write = messageWriter(desc);
  // A JSON form of its own has no fields to omit: the caller has to pass a message without them.
  if (without.size > 0)
    write = wellKnownWriter(desc) === undefined ? compileMessageWriter(desc, without) : unsupported;
  return write as unknown as (message: Message, options: JsonWriteOptions) => string;
}

/** Compiles the JSON encoder of one field's value, which returns undefined if the field is not written. */
export const compileJsonField = memoizeByType(fieldWriter as (field: DescField) => WriteMessageField);

type WriteMessageField = (message: Message, options: JsonWriteOptions) => string | undefined;

const nothing: ReadonlySet<string> = new Set();

const messageWriter = memoizeByType(
  (desc: DescMessage) => wellKnownWriter(desc) ?? compileMessageWriter(desc, nothing),
);

function compileMessageWriter(desc: DescMessage, without: ReadonlySet<string>): WriteMessage {
  const { typeName } = desc;
  const members = desc.fields
    .filter(({ name }) => !without.has(name))
    .sort(inOrderOfKeys)
    .map((field) => ({
      name: field.name,
      key: `${JSON.stringify(field.jsonName)}:`,
      protoKey: `${JSON.stringify(field.name)}:`,
      write: fieldWriter(field),
    }));
  return (message, options) => {
    if (message.$typeName !== typeName) throw UNSUPPORTED;
    const { useProtoNames } = options;
    let text = "";
    let separator = "{";
    let i = 0;
    try {
      for (; i < members.length; i++) {
        const { key, protoKey, write } = members[i] as (typeof members)[number];
        const value = write(message, options);
        if (value === undefined) continue;
        text += separator + (useProtoNames ? protoKey : key) + value;
        separator = ",";
      }
    } catch (error) {
      throw withPath(`${members[i]?.name}`, error);
    }
    if (message.$unknown !== undefined) {
      for (const extension of extensionTexts(desc, message, options)) {
        text += separator + extension;
        separator = ",";
      }
    }
    return text === "" ? "{}" : `${text}}`;
  };
}

/** Sorts fields like the keys of an object, which protobuf-es writes: keys that are array indexes come first. */
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
    const { scalar } = field;
    return (message, options) => {
      const value = message[localName];
      return isZero(scalar, value) && (options.emit ?? "set") === "set" ? undefined : write(value, options);
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

/** Compiles the test whether a field is set. The default values in the prototype of a message are not set. */
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
    // An unknown case would be lost.
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
    if (items.length === 0) return "[]";
    // Not sliced at the end: to slice a long text, V8 copies it.
    let text = "";
    // By the index, because a list may have holes.
    let i = 0;
    try {
      for (; i < items.length; i++) text += (i === 0 ? "[" : ",") + write(items[i], options);
    } catch (error) {
      throw withPath(`[${i}]`, error);
    }
    return `${text}]`;
  };
}

function mapWriter(isKey: (key: string) => boolean, write: WriteValue): WriteValue {
  return (entries, options) => {
    if (!isRecord(entries)) throw UNSUPPORTED;
    let text = "";
    for (const key of Object.keys(entries)) {
      if (!isKey(key)) throw UNSUPPORTED;
      try {
        text += `${text === "" ? "{" : ","}${JSON.stringify(key)}:${write(entries[key], options)}`;
      } catch (error) {
        throw withPath(`[${JSON.stringify(key)}]`, error);
      }
    }
    return text === "" ? "{}" : `${text}}`;
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
  if (typeName === "google.protobuf.NullValue") return (value) => (isInt32(value) ? "null" : unsupported());
  const names = new Map<unknown, string>(
    Object.values(value).map(({ jsonName, number }) => [number, JSON.stringify(jsonName)]),
  );
  return (value) => names.get(value) ?? (open && isInt32(value) ? String(value) : unsupported());
}

function scalarWriter(scalar: ScalarType): WriteValue {
  switch (scalar) {
    case ScalarType.STRING:
      return (value) => (typeof value === "string" ? stringText(value) : unsupported());
    case ScalarType.BOOL:
      return (value) => (typeof value === "boolean" ? String(value) : unsupported());
    case ScalarType.BYTES:
      return (value) => (types.isUint8Array(value) ? `"${base64Of(value)}"` : unsupported());
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (value) => (isUint32(value) ? String(value) : unsupported());
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return (value, options) => int64Text(isInt64(value) ? value : toInteger(value, isInt64), options);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return (value, options) => int64Text(isUint64(value) ? value : toInteger(value, isUint64), options);
    case ScalarType.DOUBLE:
      return (value) => (typeof value === "number" ? doubleText(value) : unsupported());
    case ScalarType.FLOAT:
      return (value) => (isFloat(value) ? doubleText(value) : unsupported());
    default:
      return (value) => (isInt32(value) ? String(value) : unsupported());
  }
}

/** Writes a string. Most need no escapes, and to test that costs less than JSON.stringify. */
function stringText(value: string): string {
  if (value.length < SHORT_TEXT && !toEscape.test(value)) return `"${value}"`;
  return value.isWellFormed() ? JSON.stringify(value) : unsupported();
}

const SHORT_TEXT = 64;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what JSON has escapes for
const toEscape = /[\u0000-\u001f"\\\ud800-\udfff]/;

function int64Text(value: bigint, { jsonInt64 }: JsonWriteOptions): string {
  return jsonInt64 === "number" ? String(value) : `"${value}"`;
}

/** Converts a number or text to a 64-bit integer: protobuf-es accepts both, and uses text for `jstype = JS_STRING`. */
function toInteger(value: unknown, isInRange: (value: unknown) => value is bigint): bigint {
  const integer = Number.isSafeInteger(value) ? BigInt(value as number) : fromDigits(value);
  return isInRange(integer) ? integer : unsupported();
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

/** Writes a number. JSON.stringify would write minus zero as 0. */
function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

/** The writers of types with JSON forms of their own. */
function wellKnownWriter(desc: DescMessage): WriteMessage | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Any":
      return (message, options) => {
        validateWellKnown(desc, message);
        return anyText(message as unknown as Any, options);
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
    // The caller validates again from the root, and then throws an error with the whole path.
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
  try {
    return knownAnyText(typeUrl, value, options);
  } catch (error) {
    if (options.unknownAny !== "shown" || !(error instanceof CodecError)) throw error;
    return `{"@type":${JSON.stringify(typeUrl)},"@value":"${base64Of(value)}"}`;
  }
}

function knownAnyText(typeUrl: string, value: Uint8Array, options: JsonWriteOptions): string {
  const desc = options.registry?.getMessage(typeNameFromUrl(typeUrl));
  if (desc === undefined) throw new CodecError(`${JSON.stringify(typeUrl)} is not in the type registry`);
  const message = decodeBinary(desc, value) as unknown as Fields;
  const text = messageWriter(desc)(message, options);
  if (options.unknownAny === "shown" && isKeptFromJson(desc, message)) return text;
  const fields = wellKnownWriter(desc) === undefined ? text.slice(1, -1) : `"value":${text}`;
  return `{${fields === "" ? "" : `${fields},`}"@type":${JSON.stringify(typeUrl)}}`;
}

/** Whether this is how the decoder keeps an Any of an unknown type: as a Struct with its `@type`. */
function isKeptFromJson({ typeName }: DescMessage, { fields }: Fields): boolean {
  return typeName === "google.protobuf.Struct" && Object.hasOwn(fields as Fields, "@type");
}

const structWriter: WriteValue = (value) => (isRecord(value) ? jsonText(value) : unsupported());

/** Writes a value of a google.protobuf.Value. */
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
function extensionTexts(desc: DescMessage, message: Fields, options: JsonWriteOptions): string[] {
  const unknown = message.$unknown as Message["$unknown"];
  const texts: string[] = [];
  for (const number of new Set(unknown?.map(({ no }) => no))) {
    const extension = options.registry?.getExtensionFor(desc, number);
    if (extension === undefined) continue;
    try {
      const value = extensionWriter(extension)(
        getExtension(message as unknown as Message, extension),
        options,
      );
      if (value !== "[]") texts.push(`${JSON.stringify(extension.jsonName)}:${value}`);
    } catch (error) {
      throw withPath(extension.jsonName, error);
    }
  }
  return texts;
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
