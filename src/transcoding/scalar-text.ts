import { types } from "node:util";
import { ScalarType } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { bytesFromBase64 } from "../codecs/base64.ts";
import { type IntegerRange, integerRangeOf } from "../codecs/integers.ts";
import { describeWrongType } from "../errors/wrong-type.ts";

/** Writes a scalar as text. The message of its errors is a predicate: `has to be a string, …`. */
export function scalarToText(type: ScalarType, value: unknown): string {
  switch (type) {
    case ScalarType.STRING:
      if (typeof value !== "string") throw wrongType("a string", value);
      return value;
    case ScalarType.BOOL:
      if (typeof value !== "boolean") throw wrongType("a boolean", value);
      return value ? "true" : "false";
    case ScalarType.BYTES:
      if (!types.isUint8Array(value)) throw wrongType("a Uint8Array", value);
      return bytesToText(value);
    case ScalarType.DOUBLE:
      if (typeof value !== "number") throw wrongType("a number", value);
      return numberToText(value);
    case ScalarType.FLOAT:
      if (typeof value !== "number") throw wrongType("a number", value);
      return numberToText(shortestFloat(checkedFloat(value)));
    default:
      return integerToText(type, value);
  }
}

/** Reads a scalar from text; 64-bit integers become bigints. It accepts more forms than {@link scalarToText} writes. */
export function scalarFromText(type: ScalarType, text: string): unknown {
  switch (type) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      return boolFromText(text);
    case ScalarType.BYTES:
      return bytesFromText(text);
    case ScalarType.DOUBLE:
      return numberFromText(text);
    case ScalarType.FLOAT:
      return checkedFloat(numberFromText(text));
    default:
      return integerFromText(type, text);
  }
}

const decimal = /^-?\d+$/;

function integerToText(type: ScalarType, value: unknown): string {
  const range = integerRangeOf(type);
  if (range.bits === 64) {
    // protobuf-es stores a 64-bit integer as a bigint, or as a string (jstype), and accepts numbers as well.
    const isInteger =
      typeof value === "bigint" ||
      (typeof value === "string" && decimal.test(value)) ||
      (typeof value === "number" && Number.isSafeInteger(value));
    if (!isInteger) throw wrongType(range.name, value);
    return String(checkedInteger(BigInt(value), range));
  }
  if (typeof value !== "number" || !Number.isInteger(value)) throw wrongType(range.name, value);
  return String(checkedInteger(BigInt(value), range));
}

function integerFromText(type: ScalarType, text: string): number | bigint {
  const range = integerRangeOf(type);
  if (!decimal.test(text)) throw new Error(`is not ${range.name}`);
  const value = checkedInteger(BigInt(text), range);
  return range.bits === 64 ? value : Number(value);
}

function checkedInteger(value: bigint, { name, min, max }: IntegerRange): bigint {
  if (value < min || value > max) throw new Error(`is out of range for ${name}`);
  return value;
}

function numberToText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

const decimalFraction = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function numberFromText(text: string): number {
  if (text === "NaN" || text === "Infinity" || text === "-Infinity") return Number(text);
  if (!decimalFraction.test(text)) throw new Error("is not a number");
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error("is out of range for a double");
  return value;
}

/** Rounds to a float, as the binary format does. */
function checkedFloat(value: number): number {
  const float = Math.fround(value);
  if (Number.isFinite(value) && !Number.isFinite(float)) throw new Error("is out of range for a float");
  return float;
}

/** The number with the fewest digits that rounds to the same float: 0.1 for 0.10000000149011612. */
function shortestFloat(float: number): number {
  if (!Number.isFinite(float) || float === 0) return float;
  // Nine digits distinguish any two floats.
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(float.toPrecision(digits));
    if (Math.fround(shorter) === float) return shorter;
  }
  return Number(float.toPrecision(9));
}

/** Reads a bool as Go's strconv.ParseBool does, which grpc-gateway uses. */
function boolFromText(text: string): boolean {
  if (/^(?:1|t|T|true|True|TRUE)$/.test(text)) return true;
  if (/^(?:0|f|F|false|False|FALSE)$/.test(text)) return false;
  throw new Error("is not a bool");
}

/** URL-safe base64. It has padding, because a grpc-gateway requires it. */
function bytesToText(bytes: Uint8Array): string {
  const text = base64Encode(bytes, "url");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

function bytesFromText(text: string): Uint8Array {
  const bytes = bytesFromBase64(text);
  if (bytes === undefined) throw new Error("is not base64");
  return bytes;
}

function wrongType(expected: string, value: unknown): Error {
  return new Error(describeWrongType(expected, value));
}
