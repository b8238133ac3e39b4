import { type DescEnum, type DescExtension, type DescField, ScalarType } from "@bufbuild/protobuf";
import { NullValue } from "@bufbuild/protobuf/wkt";
import { bytesFromBase64 } from "./base64.ts";
import { CodecError } from "./codec-error.ts";
import { INT32, type IntegerRange, integerRangeOf } from "./integers.ts";
import { doubleFromText, integerFromText, LongNumber, plainNumber } from "./parse-json.ts";

/** Returns {@link UNKNOWN_ENUM} for an unknown name of an enum value. */
export type ReadValue = (json: unknown, depth: number) => unknown;

/** The descriptor of a value, or of an item. */
export type ValueDesc = DescField | DescExtension;

/** Thrown for an integer that JSON.parse may have rounded. */
export const ROUNDED_NUMBER = new Error("an integer has to be read from its text");

/**
 * Reads the value of an enum: a name, or a number.
 *
 * @param onUnknown returns the result for an unknown name
 */
export function enumReader(
  field: ValueDesc,
  desc: DescEnum,
  onUnknown: (name: string) => typeof UNKNOWN_ENUM,
): ReadValue {
  const isNull = desc.typeName === "google.protobuf.NullValue";
  const numbers = new Map<unknown, number>();
  for (const { jsonName, number } of desc.values) numbers.set(jsonName, number);
  for (const { name, number } of desc.values) numbers.set(name, number);
  return (json) => {
    if (json === null && isNull) return NullValue.NULL_VALUE;
    if (typeof json === "string") return numbers.get(json) ?? onUnknown(json);
    const number = integerFrom(field, json, INT32);
    if (!desc.open && desc.value[Number(number)] === undefined) {
      throw new CodecError(`${field} is ${number}, which is not a value of ${desc.typeName}`);
    }
    return Number(number);
  };
}

/** An unknown value of an enum, perhaps of a newer schema. It is ignored, as protobuf-es does and like an unknown field. */
export const UNKNOWN_ENUM: unique symbol = Symbol("unknown enum value");

/** An integer that a number represents exactly. */
const shortInteger = /^(?:0|-?[1-9]\d{0,14})$/;

/** Reads an integer in any of its JSON forms. */
function integerFrom(field: ValueDesc, json: unknown, range: IntegerRange): bigint {
  let value: bigint | undefined;
  if (typeof json === "number") {
    if (!Number.isSafeInteger(json)) throw ROUNDED_NUMBER;
    value = BigInt(json);
  } else if (typeof json === "string" || json instanceof LongNumber) {
    value = integerFromText(typeof json === "string" ? json : json.text);
  }
  if (value === undefined || value < range.min || value > range.max) throw mismatch(field, range.name, json);
  return value;
}

/**
 * Reads a scalar.
 *
 * @param asString whether protobuf-es keeps a 64-bit integer as text
 */
export function scalarReader(field: ValueDesc, scalar: ScalarType, asString = false): ReadValue {
  switch (scalar) {
    case ScalarType.STRING:
      return (json) => {
        if (typeof json !== "string") throw mismatch(field, "a string", json);
        if (!json.isWellFormed()) throw new CodecError(`${field} is not well-formed Unicode`);
        return json;
      };
    case ScalarType.BOOL:
      return (json) => {
        if (typeof json !== "boolean") throw mismatch(field, "a boolean", json);
        return json;
      };
    case ScalarType.BYTES:
      return (json) => {
        const bytes = typeof json === "string" ? bytesFromBase64(json) : undefined;
        if (bytes === undefined) throw mismatch(field, "base64", json);
        return bytes;
      };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return floatReader(field, scalar);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (json) => {
        if (typeof json === "number" && json >>> 0 === json) return json + 0;
        return Number(integerFrom(field, json, integerRangeOf(scalar)));
      };
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return longReader(field, integerRangeOf(scalar), asString);
    default:
      return (json) => {
        // `+ 0` turns minus zero into zero.
        if (typeof json === "number" && (json | 0) === json) return json + 0;
        return Number(integerFrom(field, json, INT32));
      };
  }
}

function longReader(field: ValueDesc, range: IntegerRange, asString: boolean): ReadValue {
  const isSigned = range.min < 0n;
  const read = (json: unknown): bigint => {
    if (typeof json === "string" && shortInteger.test(json) && (isSigned || json[0] !== "-"))
      return BigInt(json);
    return integerFrom(field, json, range);
  };
  return asString ? (json) => String(read(json)) : read;
}

function floatReader(field: ValueDesc, scalar: ScalarType): ReadValue {
  const isFloat = scalar === ScalarType.FLOAT;
  return (json) => {
    let value: unknown = plainNumber(json);
    if (typeof value === "string") value = specialValues.get(value) ?? doubleFromText(value);
    // JSON.parse makes Infinity of a number that is too large for a double.
    else if (!Number.isFinite(value)) value = undefined;
    if (
      typeof value !== "number" ||
      (isFloat && Number.isFinite(value) && !Number.isFinite(Math.fround(value)))
    ) {
      throw mismatch(field, isFloat ? "a float" : "a double", json);
    }
    return value;
  };
}

const specialValues: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/** The error names only the kind of the value, because the value may be a secret. */
export function mismatch(field: ValueDesc, expected: string, json: unknown): CodecError {
  return new CodecError(`${field} has to be ${expected}, not ${kindOf(json)}`);
}

/** For errors, which do not show values: they may be secrets. */
export function kindOf(json: unknown): string {
  if (json === null) return "null";
  if (Array.isArray(json)) return "an array";
  if (json instanceof LongNumber) return "a number";
  return typeof json === "object" ? "an object" : `a ${typeof json}`;
}
