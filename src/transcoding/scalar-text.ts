import { types } from "node:util";
import { ScalarType } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { bytesFromBase64 } from "../codecs/base64.ts";
import { describeWrongType } from "../errors/wrong-type.ts";

/** Writes a scalar as text. What it throws is a sentence without its subject: `has to be a string, …`. */
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

/** The way back from {@link scalarToText}; 64-bit integers are bigints. It reads more than that writes. */
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

interface IntegerRange {
  readonly name: string;
  readonly min: bigint;
  readonly max: bigint;
  readonly isLong: boolean;
}

const int32: IntegerRange = { name: "an int32", min: -(2n ** 31n), max: 2n ** 31n - 1n, isLong: false };
const uint32: IntegerRange = { name: "a uint32", min: 0n, max: 2n ** 32n - 1n, isLong: false };
const int64: IntegerRange = { name: "an int64", min: -(2n ** 63n), max: 2n ** 63n - 1n, isLong: true };
const uint64: IntegerRange = { name: "a uint64", min: 0n, max: 2n ** 64n - 1n, isLong: true };

const integerRanges = new Map<ScalarType, IntegerRange>([
  [ScalarType.INT32, int32],
  [ScalarType.SINT32, int32],
  [ScalarType.SFIXED32, int32],
  [ScalarType.UINT32, uint32],
  [ScalarType.FIXED32, uint32],
  [ScalarType.INT64, int64],
  [ScalarType.SINT64, int64],
  [ScalarType.SFIXED64, int64],
  [ScalarType.UINT64, uint64],
  [ScalarType.FIXED64, uint64],
]);

function rangeOf(type: ScalarType): IntegerRange {
  return integerRanges.get(type) ?? int32;
}

const decimal = /^-?\d+$/;

function integerToText(type: ScalarType, value: unknown): string {
  const range = rangeOf(type);
  if (range.isLong) {
    // protobuf-es keeps a 64-bit integer as a bigint, or as text (jstype), and reads numbers as well.
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
  const range = rangeOf(type);
  if (!decimal.test(text)) throw new Error(`is no ${range.name.replace(/^an? /, "")}`);
  const value = checkedInteger(BigInt(text), range);
  return range.isLong ? value : Number(value);
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
  if (!decimalFraction.test(text)) throw new Error("is no number");
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error("is out of range for a double");
  return value;
}

/** Rounds to what a float can hold, as the binary format does. */
function checkedFloat(value: number): number {
  const float = Math.fround(value);
  if (Number.isFinite(value) && !Number.isFinite(float)) throw new Error("is out of range for a float");
  return float;
}

/** The number with the fewest digits that is the same float: 0.1 for 0.10000000149011612. */
function shortestFloat(float: number): number {
  if (!Number.isFinite(float) || float === 0) return float;
  // Nine digits always tell two floats apart.
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(float.toPrecision(digits));
    if (Math.fround(shorter) === float) return shorter;
  }
  return Number(float.toPrecision(9));
}

/** What Go's strconv.ParseBool takes, which is what grpc-gateway reads a bool with. */
function boolFromText(text: string): boolean {
  if (/^(?:1|t|T|true|True|TRUE)$/.test(text)) return true;
  if (/^(?:0|f|F|false|False|FALSE)$/.test(text)) return false;
  throw new Error("is no bool");
}

/** URL-safe base64; with padding, without which no grpc-gateway reads it. */
function bytesToText(bytes: Uint8Array): string {
  const text = base64Encode(bytes, "url");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

function bytesFromText(text: string): Uint8Array {
  const bytes = bytesFromBase64(text);
  if (bytes === undefined) throw new Error("is no base64");
  return bytes;
}

function wrongType(expected: string, value: unknown): Error {
  return new Error(describeWrongType(expected, value));
}
