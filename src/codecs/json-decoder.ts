import {
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescMessage,
  type Message,
  type Registry,
  ScalarType,
  setExtension,
} from "@bufbuild/protobuf";
import { AnySchema, isWrapperDesc, NullValue, StructSchema } from "@bufbuild/protobuf/wkt";
import { hintAtNames } from "../errors/nearest-name.ts";
import { typeNameFromUrl } from "../errors/type-url.ts";
import { encodeBinary } from "./binary-codec.ts";
import { CodecError } from "./codec-error.ts";
import {
  enumReader,
  kindOf,
  mismatch,
  type ReadValue,
  ROUNDED_NUMBER,
  scalarReader,
  UNKNOWN_ENUM,
  type ValueDesc,
} from "./json-scalars.ts";
import { durationFromJson, fieldMaskFromJson, timestampFromJson } from "./json-times.ts";
import { memoizeByType } from "./memoize-by-type.ts";
import { type Fields, newMessageOf } from "./new-message.ts";
import {
  hasKeys,
  isJsonObject,
  LongNumber,
  parseJson,
  parseJsonExactly,
  plainNumber,
  repeatedKey,
} from "./parse-json.ts";
import { MAX_DEPTH } from "./validate-binary.ts";
import { validateRequiredFields, validateRequiredFieldsIn } from "./validate-required-fields.ts";

/** How to decode a google.protobuf.Any whose type is not in the registry. */
export type UnknownAny =
  /** Throw an error. */
  | "error"
  /** As an Any with a google.protobuf.Struct: the whole JSON object, including `@type`. */
  | "kept";

/** Options for decoding. */
export interface JsonReadOptions {
  readonly registry?: Registry | undefined;
  /** @default "error" */
  readonly unknownAny?: UnknownAny | undefined;
  /**
   * What to do with unknown fields and unknown names of enum values. A response may have those of a newer schema; in a
   * request that somebody types, each is a mistake.
   *
   * @default "ignored"
   */
  readonly unknownFields?: "ignored" | "error" | undefined;
}

/**
 * Decodes a message from JSON text, by protobuf's JSON mapping. It accepts both names of a field, and integers as numbers or
 * text with all their digits, and ignores unknown fields unless the options say otherwise. It is stricter than protobuf-es's
 * `fromJson`, which accepts `"3sjunk"` as a Duration and reads 30 February as 2 March. Otherwise the messages are the same.
 *
 * @throws CodecError that names the field
 * @see https://protobuf.dev/programming-guides/json/
 */
export function messageFromJson(desc: DescMessage, text: string, options: JsonReadOptions): Message {
  return readJson(text, options, messageDecoder(desc));
}

/** Decodes the value of one field: returns a message of the field's parent type with only this field set. */
export function fieldFromJson(field: DescField, text: string, options: JsonReadOptions): Message {
  return readJson(text, options, fieldDecoder(field));
}

/**
 * Decodes a message from the result of {@link parseJson}. It does not detect repeated keys.
 *
 * @throws CodecError that names the field, and {@link ROUNDED_NUMBER} if the text has to be parsed exactly
 */
export function messageFromParsedJson(desc: DescMessage, json: unknown, options: JsonReadOptions): Message {
  currentOptions = options;
  return messageDecoder(desc)(json);
}

/** Decodes parsed JSON. To be called within {@link readJson}. */
export type JsonDecoder = (json: unknown) => Message;

/** Compiles the decoder of a message type. */
export const messageDecoder: (desc: DescMessage) => JsonDecoder = memoizeByType((desc) => {
  const read = messageReader(desc);
  return (json) => {
    const message = read(json, 1) as unknown as Message;
    validateRequiredFields(desc, message);
    return message;
  };
});

/** Compiles the decoder of the value of one field, see {@link fieldFromJson}. */
export const fieldDecoder: (field: DescField) => JsonDecoder = memoizeByType((field: DescField) => {
  const make = newMessageOf(field.parent);
  const read = fieldReader(field);
  return (json) => {
    const message = make();
    read(message, json, 1);
    validateRequiredFieldsIn(field, message as unknown as Message);
    return message as unknown as Message;
  };
});

/**
 * Parses JSON, and decodes it with `read`, which may be called twice: if it meets a number that JSON.parse rounds, the text
 * is parsed exactly.
 *
 * @throws CodecError that names the field
 */
export function readJson<T>(text: string, options: JsonReadOptions, read: (json: unknown) => T): T {
  let result: T;
  try {
    try {
      result = readParsed(parseJson(text), options, read);
    } catch (error) {
      if (error !== ROUNDED_NUMBER) throw error;
      result = readParsed(parseJsonExactly(text), options, read);
    }
  } catch (error) {
    if (error instanceof CodecError) throw error;
    // Invalid JSON, nesting too deep for the stack, or an Any whose message lacks a required field.
    throw new CodecError((error as Error).message, { cause: error });
  }
  if (!hasKeys(text, keys)) {
    throw new CodecError(`the key ${JSON.stringify(repeatedKey(text))} is repeated in an object`);
  }
  return result;
}

/** The value of one key of an object around a message. To be called within {@link readJson}. */
export function readKey(json: Readonly<Record<string, unknown>>, key: string): unknown {
  for (const each in json) {
    keys++;
    if (each !== key) countKeys(json[each]);
  }
  return json[key];
}

function readParsed<T>(json: unknown, options: JsonReadOptions, read: (json: unknown) => T): T {
  keys = 0;
  currentOptions = options;
  return read(json);
}

// All calls share these variables, because decoding is synchronous and calls no functions of the caller.
/** The number of keys read so far. */
let keys = 0;
let currentOptions: JsonReadOptions = {};

/** Counts the keys of an ignored value. It is not recursive, because unknown fields may be nested to any depth. */
function countKeys(json: unknown): void {
  const rest = [json];
  for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
    if (typeof value !== "object" || value === null || value instanceof LongNumber) continue;
    if (Array.isArray(value)) {
      for (const item of value) rest.push(item);
    } else {
      for (const item of Object.values(value)) {
        keys++;
        rest.push(item);
      }
    }
  }
}

/** @param depth the number of nested messages, including this one */
type ReadMessage = (json: unknown, depth: number) => Fields;
/** Reads a value other than null into a message. */
type ReadField = (message: Fields, json: unknown, depth: number) => void;

function readMessage(desc: DescMessage, json: unknown, depth: number): Fields {
  checkDepth(depth);
  return messageReader(desc)(json, depth);
}

function checkDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw new CodecError(`messages are nested more than ${MAX_DEPTH} deep`);
}

const messageReader = memoizeByType(
  (desc): ReadMessage => wellKnownReader(desc) ?? compileMessageReader(desc),
);

/** The readers of types with JSON forms of their own. */
export function wellKnownReader(desc: DescMessage): ReadMessage | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Any":
      return readAny;
    case "google.protobuf.Timestamp":
      return timestampFromJson;
    case "google.protobuf.Duration":
      return durationFromJson;
    case "google.protobuf.FieldMask":
      return fieldMaskFromJson;
    case "google.protobuf.Struct":
      return readStruct;
    case "google.protobuf.Value":
      return readJsonValue;
    case "google.protobuf.ListValue":
      return readListValue;
    default: {
      if (!isWrapperDesc(desc)) return undefined;
      const read = scalarReader(desc.fields[0], desc.fields[0].scalar as ScalarType);
      return (json, depth) => ({ $typeName: desc.typeName, value: read(json, depth) });
    }
  }
}

function compileMessageReader(desc: DescMessage): ReadMessage {
  const make = newMessageOf(desc);
  const readers = new Map<string, ReadField>();
  for (const field of desc.fields) readers.set(field.jsonName, fieldReader(field));
  /** The names of the .proto file, which are also valid. */
  const jsonNames = new Map(desc.fields.map(({ name, jsonName }) => [name, jsonName]));
  return (json, depth) => {
    if (!isJsonObject(json)) throw new CodecError(`${desc} has to be an object, not ${kindOf(json)}`);
    const message = make();
    for (const key in json) {
      keys++;
      const value = json[key];
      const read = readers.get(key) ?? readers.get(jsonNameOf(desc, json, jsonNames.get(key)));
      if (read !== undefined) read(message, value, depth);
      else readUnknown(desc, message, key, value, depth);
    }
    return message;
  };
}

function jsonNameOf(desc: DescMessage, json: Fields, jsonName: string | undefined): string {
  if (jsonName === undefined) return "";
  if (Object.hasOwn(json, jsonName)) throw new CodecError(`${desc} has both names of ${jsonName}`);
  return jsonName;
}

/** Compiles the reader of a field, which leaves the field unset if the value is null. */
function fieldReader(field: DescField): ReadField {
  const read = nonNullReader(field);
  if (acceptsNull(field)) return read;
  return (message, json, depth) => {
    if (json !== null) read(message, json, depth);
  };
}

/** Whether null is a value of the field. */
export function acceptsNull(field: DescField): boolean {
  return field.fieldKind !== "list" && field.fieldKind !== "map" && typeIncludesNull(field);
}

/** Whether null is a value of the type of the field, or of its items. */
function typeIncludesNull({ message, enum: enumeration }: DescField): boolean {
  return (
    message?.typeName === "google.protobuf.Value" || enumeration?.typeName === "google.protobuf.NullValue"
  );
}

function nonNullReader(field: DescField): ReadField {
  const { localName, oneof } = field;
  if (field.fieldKind === "list") {
    const readItem = itemReader(field);
    return (message, json, depth) => {
      if (!Array.isArray(json)) throw mismatch(field, "an array", json);
      const items = message[localName] as unknown[];
      for (const item of json) {
        const value = readItem(item, depth);
        if (value !== UNKNOWN_ENUM) items.push(value);
      }
    };
  }
  if (field.fieldKind === "map") return mapReader(field);
  const read = valueReader(field);
  if (oneof === undefined) {
    return (message, json, depth) => {
      const value = read(json, depth);
      if (value !== UNKNOWN_ENUM) message[localName] = value;
    };
  }
  const { localName: oneofName } = oneof;
  return (message, json, depth) => {
    if ((message[oneofName] as { readonly case?: string }).case !== undefined) {
      throw new CodecError(`${oneof} has more than one value`);
    }
    const value = read(json, depth);
    if (value !== UNKNOWN_ENUM) message[oneofName] = { case: localName, value };
  };
}

function mapReader(field: DescField & { fieldKind: "map" }): ReadField {
  const { localName } = field;
  const readKey = mapKeyReader(field);
  const readItem = itemReader(field);
  return (message, json, depth) => {
    if (!isJsonObject(json)) throw mismatch(field, "an object", json);
    const entries = message[localName] as Fields;
    for (const text in json) {
      keys++;
      const key = readKey(text);
      if (Object.hasOwn(entries, key))
        throw new CodecError(`${field} has the key ${JSON.stringify(key)} twice`);
      const value = readItem(json[text], depth);
      if (value !== UNKNOWN_ENUM) setOwn(entries, key, value);
    }
  };
}

/** Keys are strings in JSON, and in the objects with which protobuf-es represents maps. */
export function mapKeyReader(field: DescField & { fieldKind: "map" }): (key: string) => string {
  const { mapKey } = field;
  if (mapKey === ScalarType.BOOL) {
    return (key) => {
      if (key !== "true" && key !== "false") throw new CodecError(`a key of ${field} is not a bool`);
      return key;
    };
  }
  const read = scalarReader(field, mapKey);
  return (key) => String(read(key, 0));
}

/** Compiles the reader of an item of a list, or of a value of a map. */
function itemReader(field: DescField & { fieldKind: "list" | "map" }): ReadValue {
  const read = valueReader(field);
  if (typeIncludesNull(field)) return read;
  return (json, depth) => {
    if (json === null) throw new CodecError(`${field} contains null`);
    return read(json, depth);
  };
}

export function valueReader(field: ValueDesc): ReadValue {
  const { message: desc, enum: enumeration, scalar } = field;
  if (enumeration !== undefined) {
    return enumReader(field, enumeration, (name) => unknownEnum(field, enumeration, name));
  }
  if (desc === undefined) return scalarReader(field, scalar ?? ScalarType.INT32, isLongAsString(field));
  if (isStructField(field)) return readJsonObject;
  if (isUnwrapped(field)) return scalarReader(field, desc.fields[0]?.scalar ?? ScalarType.INT32);
  return (json, depth) => readMessage(desc, json, depth + 1);
}

function unknownEnum(field: ValueDesc, { typeName, values }: DescEnum, name: string): typeof UNKNOWN_ENUM {
  if (currentOptions.unknownFields !== "error") return UNKNOWN_ENUM;
  const hint = hintAtNames(
    name,
    values.map((value) => value.name),
  );
  throw new CodecError(`${field} is ${JSON.stringify(name)}, which is not a value of ${typeName}${hint}`);
}

/** Whether protobuf-es represents a 64-bit integer as text (`jstype = JS_STRING`). */
export function isLongAsString(field: ValueDesc): boolean {
  return "longAsString" in field && field.longAsString;
}

/** Whether protobuf-es represents a Struct as a JSON object, as it does outside of a google.protobuf.Value. */
function isStructField(field: ValueDesc): boolean {
  return (
    field.message?.typeName === "google.protobuf.Struct" && field.parent?.typeName !== "google.protobuf.Value"
  );
}

/** Whether protobuf-es represents a wrapper as its value, as it does outside of oneofs, lists and maps. */
function isUnwrapped({ message, fieldKind, oneof }: ValueDesc): boolean {
  return fieldKind === "message" && oneof === undefined && message !== undefined && isWrapperDesc(message);
}

function readAny(json: unknown, depth: number): Fields {
  const any = newMessageOf(AnySchema)();
  if (!isJsonObject(json))
    throw new CodecError(`a google.protobuf.Any has to be an object, not ${kindOf(json)}`);
  const { "@type": typeUrl } = json;
  if (typeUrl === undefined && Object.keys(json).length === 0) return any;
  const typeName = typeof typeUrl === "string" ? typeNameFromUrl(typeUrl) : "";
  if (typeName === "") throw new CodecError("a google.protobuf.Any has no @type");
  const desc = currentOptions.registry?.getMessage(typeName);
  if (desc === undefined) {
    if (currentOptions.unknownAny !== "kept")
      throw new CodecError(`the type of an Any, ${typeName}, is not in the registry`);
    return packed(any, STRUCT_URL, StructSchema, readStruct(json, depth + 1));
  }
  keys++;
  const { "@type": _, ...rest } = json;
  if (wellKnownReader(desc) === undefined)
    return packed(any, typeUrl as string, desc, readMessage(desc, rest, depth + 1));
  for (const key in rest)
    if (key !== "value") throw new CodecError(`an Any with a ${typeName} has no ${JSON.stringify(key)}`);
  keys += Object.keys(rest).length;
  return packed(any, typeUrl as string, desc, readMessage(desc, rest.value ?? null, depth + 1));
}

const STRUCT_URL = "type.googleapis.com/google.protobuf.Struct";

function packed(any: Fields, typeUrl: string, desc: DescMessage, content: Fields): Fields {
  any.typeUrl = typeUrl;
  any.value = new Uint8Array(encodeBinary(desc, content as unknown as Message));
  return any;
}

function readStruct(json: unknown, depth: number): Fields {
  if (!isJsonObject(json))
    throw new CodecError(`a google.protobuf.Struct has to be an object, not ${kindOf(json)}`);
  const fields: Fields = {};
  for (const key in json) {
    keys++;
    setOwn(fields, checkedText(key), readJsonValue(json[key], depth + 1));
  }
  return { $typeName: "google.protobuf.Struct", fields };
}

function readListValue(json: unknown, depth: number): Fields {
  if (!Array.isArray(json))
    throw new CodecError(`a google.protobuf.ListValue has to be an array, not ${kindOf(json)}`);
  return {
    $typeName: "google.protobuf.ListValue",
    values: json.map((item) => readJsonValue(item, depth + 1)),
  };
}

function readJsonValue(json: unknown, depth: number): Fields {
  checkDepth(depth);
  return { $typeName: "google.protobuf.Value", kind: valueKindFromJson(plainNumber(json), depth) };
}

function valueKindFromJson(json: unknown, depth: number): { readonly case: string; readonly value: unknown } {
  if (json === null) return { case: "nullValue", value: NullValue.NULL_VALUE };
  if (Array.isArray(json)) return { case: "listValue", value: readListValue(json, depth) };
  switch (typeof json) {
    case "number":
      return { case: "numberValue", value: checkedNumber(json) };
    case "string":
      return { case: "stringValue", value: checkedText(json) };
    case "boolean":
      return { case: "boolValue", value: json };
    default:
      return { case: "structValue", value: readStruct(json, depth) };
  }
}

/** Reads a Struct as a JSON object. */
function readJsonObject(json: unknown, depth: number): unknown {
  if (!isJsonObject(json))
    throw new CodecError(`a google.protobuf.Struct has to be an object, not ${kindOf(json)}`);
  return plainJson(json, depth + 1);
}

function plainJson(json: unknown, depth: number): unknown {
  checkDepth(depth);
  if (Array.isArray(json)) return json.map((item) => plainJson(item, depth + 1));
  const value = plainNumber(json);
  if (typeof value === "number") return checkedNumber(value);
  if (typeof value === "string") return checkedText(value);
  if (typeof value !== "object" || value === null) return value;
  const object: Fields = {};
  for (const key in value) {
    keys++;
    setOwn(object, checkedText(key), plainJson((value as Fields)[key], depth + 1));
  }
  return object;
}

function checkedText(text: string): string {
  if (!text.isWellFormed())
    throw new CodecError("a string in a google.protobuf.Value is not well-formed Unicode");
  return text;
}

function checkedNumber(value: number): number {
  if (!Number.isFinite(value))
    throw new CodecError("a number in a google.protobuf.Value is too large for a double");
  return value;
}

/** Reads an unknown key: an extension, `"[pkg.name]"`, or an unknown field. */
function readUnknown(desc: DescMessage, message: Fields, key: string, json: unknown, depth: number): void {
  const name = /^\[(.+)\]$/.exec(key)?.[1];
  const extension = name === undefined ? undefined : currentOptions.registry?.getExtension(name);
  if (extension?.extendee.typeName !== desc.typeName) {
    if (currentOptions.unknownFields === "error") throw noSuchField(desc, key);
    countKeys(json);
    return;
  }
  if (json === null) return;
  const value = extensionReader(extension)(json, depth);
  if (value !== UNKNOWN_ENUM) setExtension(message as unknown as Message, extension, value);
}

function noSuchField(desc: DescMessage, key: string): CodecError {
  const hint = hintAtNames(
    key,
    desc.fields.map(({ jsonName }) => jsonName),
  );
  return new CodecError(`${desc} has no field ${JSON.stringify(key)}${hint}`);
}

const extensionReader = memoizeByType<ReadValue, DescExtension>((extension) => {
  const read = valueReader(extension);
  if (extension.fieldKind !== "list") return read;
  return (json, depth) => {
    if (!Array.isArray(json)) throw mismatch(extension, "an array", json);
    return json.map((item) => read(item, depth)).filter((value) => value !== UNKNOWN_ENUM);
  };
});

/** Sets an own property, even if the key is `__proto__`. */
export function setOwn(object: Fields, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
