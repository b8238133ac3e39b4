import { types } from "node:util";
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescOneof,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { describeWrongType } from "../errors/wrong-type.ts";
import { CodecError } from "./codec-error.ts";
import { isInt32, isInt64, isUint32, isUint64 } from "./integers.ts";
import { isFloat } from "./is-float.ts";
import { memoizeByType } from "./memoize-by-type.ts";
import { isRecord } from "./records.ts";
import { valueRangeOf } from "./time-ranges.ts";

/** @throws {@link CodecError} whose message begins with the path */
type Check = (value: unknown, path: string) => void;

/**
 * Validates that each field has a value of its type, because protobuf-es encodes other values without an error: the text
 * `"false"` as true, a number in place of a list as no list, a lone surrogate as U+FFFD. It allows values that protobuf-es
 * converts without loss, such as a 64-bit integer as a number or a text.
 *
 * @throws {@link CodecError} that names the field
 */
export function validateValues(desc: DescMessage, message: Message): void {
  messageCheckOf(desc)(message as unknown as Fields, "");
}

const messageCheckOf = memoizeByType((desc) => {
  const checks = desc.members.map((member) =>
    member.kind === "oneof" ? oneofCheck(member) : memberCheck(member),
  );
  const range = valueRangeOf(desc);
  return (message: Fields, parent: string): void => {
    for (const check of checks) check(message, parent);
    if (range !== undefined && !range.includes(message)) {
      throw new CodecError(`${parent === "" ? "the message" : parent.slice(0, -1)} has to be ${range.name}`);
    }
  };
});

type Fields = Readonly<Record<string, unknown>>;
/** @param parent the path to the message: `""` or `"book."` */
type MemberCheck = (message: Fields, parent: string) => void;

function memberCheck(field: DescField): MemberCheck {
  const { localName, name, presence } = field;
  const mayBeUnset = presence !== FeatureSet_FieldPresence.IMPLICIT;
  const check = fieldCheck(field);
  return (message, parent) => {
    const value = message[localName];
    if (value !== undefined || !mayBeUnset) check(value, parent + name);
  };
}

function oneofCheck({ fields, localName, name }: DescOneof): MemberCheck {
  const checks = new Map<unknown, { readonly name: string; readonly check: Check }>(
    fields.map((field) => [field.localName, { name: field.name, check: fieldCheck(field) }]),
  );
  return (message, parent) => {
    const oneof = message[localName];
    if (!isRecord(oneof)) throw mismatch(parent + name, "an object", oneof);
    if (oneof.case === undefined) return;
    const chosen = checks.get(oneof.case);
    if (chosen === undefined)
      throw new CodecError(`${parent}${name} has no case ${JSON.stringify(oneof.case)}`);
    chosen.check(oneof.value, parent + chosen.name);
  };
}

function fieldCheck(field: DescField): Check {
  switch (field.fieldKind) {
    case "scalar":
      return scalarCheck(field.scalar);
    case "enum":
      return enumCheck(field.enum);
    case "list":
      return listCheck(valueCheck(field));
    case "map":
      return mapCheck(keyCheck(field.mapKey), valueCheck(field));
    case "message":
      // protobuf-es represents most wrappers as their values, and most Structs as JSON objects.
      if (isWrapperDesc(field.message) && field.oneof === undefined)
        return scalarCheck(field.message.fields[0].scalar);
      if (isStruct(field.message) && field.parent.typeName !== "google.protobuf.Value")
        return checkJsonObject;
      return messageCheck(field.message);
  }
}

/** The check of an item of a list, or of a value of a map. */
function valueCheck({ scalar, enum: desc, message }: DescField & { fieldKind: "list" | "map" }): Check {
  if (message !== undefined) return isStruct(message) ? checkJsonObject : messageCheck(message);
  return desc === undefined ? scalarCheck(scalar) : enumCheck(desc);
}

function isStruct(desc: DescMessage): boolean {
  return desc.typeName === "google.protobuf.Struct";
}

function messageCheck(desc: DescMessage): Check {
  return (value, path) => {
    if (!isRecord(value) || value.$typeName !== desc.typeName)
      throw mismatch(path, `a ${desc.typeName}`, value);
    messageCheckOf(desc)(value, `${path}.`);
  };
}

function listCheck(checkItem: Check): Check {
  return (items, path) => {
    if (!Array.isArray(items) && !ArrayBuffer.isView(items)) throw mismatch(path, "an array", items);
    const { length } = items as readonly unknown[];
    // By the index, because a list may have holes.
    let i = 0;
    try {
      for (; i < length; i++) checkItem((items as readonly unknown[])[i], path);
    } catch (error) {
      // Builds the path of the item only for the error, because lists can be long.
      checkItem((items as readonly unknown[])[i], `${path}[${i}]`);
      throw error;
    }
  };
}

function mapCheck(checkKey: Check, checkItem: Check): Check {
  return (entries, path) => {
    // A Map has no properties, so that nothing of it would be encoded.
    if (!isRecord(entries)) throw mismatch(path, "an object", entries);
    for (const [key, value] of Object.entries(entries)) {
      checkKey(key, `a key of ${path}`);
      checkItem(value, `${path}[${JSON.stringify(key)}]`);
    }
  };
}

/** The keys of an object are strings, whatever the key type of the map. */
function keyCheck(scalar: ScalarType): Check {
  const check = scalarCheck(scalar);
  if (scalar === ScalarType.STRING) return check;
  return (key, path) => check(valueOfKey(String(key)), path);
}

function valueOfKey(key: string): unknown {
  if (key === "true" || key === "false") return key === "true";
  // Another spelling of a key, such as "01", could stand beside the key itself.
  if (!canonicalInteger.test(key)) return "not an integer";
  const number = Number(key);
  // A 64-bit integer stays text, because a number loses digits beyond 2^53.
  return Number.isSafeInteger(number) ? number : key;
}

/** The only spelling of an integer that protobuf-es uses for a map key. */
export const canonicalInteger = /^(?:0|-?[1-9]\d{0,19})$/;

function enumCheck({ open, values, typeName }: DescEnum): Check {
  if (open) return checkInt32;
  const known = new Set<unknown>(values.map(({ number }) => number));
  const names = values.map(({ name, number }) => `${number} (${name})`).join(", ");
  return (value, path) => {
    if (known.has(value)) return;
    if (!isInt32(value)) throw mismatch(path, `a number of ${typeName}`, value);
    throw new CodecError(`${path} is ${value}, which is not a value of ${typeName}; it has ${names}`);
  };
}

function checkJsonObject(value: unknown, path: string): void {
  if (!isRecord(value)) throw mismatch(path, "an object", value);
  checkJson(value, path);
}

function checkJson(value: unknown, path: string): void {
  if (typeof value === "string") checkText(value, path);
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) checkJson(item, `${path}[${i}]`);
  else if (isRecord(value)) {
    for (const [key, item] of Object.entries(value)) {
      checkText(key, `a key of ${path}`);
      checkJson(item, `${path}.${key}`);
    }
  } else if (value !== null && typeof value !== "number" && typeof value !== "boolean") {
    throw mismatch(path, "a JSON value", value);
  }
}

function scalarCheck(scalar: ScalarType | undefined): Check {
  switch (scalar) {
    case ScalarType.STRING:
      return checkText;
    case ScalarType.BYTES:
      return checkBytes;
    case ScalarType.BOOL:
      return checkBool;
    case ScalarType.DOUBLE:
      return checkDouble;
    case ScalarType.FLOAT:
      return checkFloat;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return checkUint32;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return checkUint64;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return checkInt64;
    default:
      return checkInt32;
  }
}

function checkText(value: unknown, path: string): void {
  if (typeof value !== "string") throw mismatch(path, "a string", value);
  if (!value.isWellFormed()) throw new CodecError(`${path} is not well-formed Unicode`);
}

const checkBytes = typeCheck("a Uint8Array", types.isUint8Array);
const checkBool = typeCheck("a boolean", (value) => typeof value === "boolean");
const checkDouble = typeCheck("a number", (value) => typeof value === "number");
const checkFloat = typeCheck("a number in the range of a float", isFloat);
const checkInt32 = typeCheck("an int32", isInt32);
const checkUint32 = typeCheck("a uint32", isUint32);
const checkInt64 = typeCheck("an int64", (value) => isInt64(withoutLoss(value)));
const checkUint64 = typeCheck("a uint64", (value) => isUint64(withoutLoss(value)));

/** Converts a number or a text to a 64-bit integer, if protobuf-es would do so without loss. */
function withoutLoss(value: unknown): unknown {
  const isText = typeof value === "string" && /^-?\d{1,20}$/.test(value);
  return isText || Number.isSafeInteger(value) ? BigInt(value as string | number) : value;
}

function typeCheck(what: string, isValid: (value: unknown) => boolean): Check {
  return (value, path) => {
    if (!isValid(value)) throw mismatch(path, what, value);
  };
}

function mismatch(path: string, expected: string, value: unknown): CodecError {
  return new CodecError(`${path} ${describeWrongType(expected, value)}`);
}
