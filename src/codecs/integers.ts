import { ScalarType } from "@bufbuild/protobuf";

/** The range of an integer type of protobuf. */
export interface IntegerRange {
  /** The type with its article, for errors. */
  readonly name: string;
  /** protobuf-es represents 64 bits as a bigint, 32 bits as a number. */
  readonly bits: 32 | 64;
  readonly min: bigint;
  readonly max: bigint;
}

export const INT32: IntegerRange = { name: "an int32", bits: 32, min: -(2n ** 31n), max: 2n ** 31n - 1n };
const UINT32: IntegerRange = { name: "a uint32", bits: 32, min: 0n, max: 2n ** 32n - 1n };
const INT64: IntegerRange = { name: "an int64", bits: 64, min: -(2n ** 63n), max: 2n ** 63n - 1n };
const UINT64: IntegerRange = { name: "a uint64", bits: 64, min: 0n, max: 2n ** 64n - 1n };

/** The range of an integer type, whatever its encoding. */
export function integerRangeOf(type: ScalarType): IntegerRange {
  switch (type) {
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return UINT32;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return INT64;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return UINT64;
    default:
      return INT32;
  }
}

/** Whether a value is a number that an int32 can hold. */
export function isInt32(value: unknown): value is number {
  return typeof value === "number" && (value | 0) === value;
}

/** Whether a value is a number that a uint32 can hold. */
export function isUint32(value: unknown): value is number {
  return typeof value === "number" && value >>> 0 === value;
}

/** Whether a value is a bigint that an int64 can hold. */
export function isInt64(value: unknown): value is bigint {
  return typeof value === "bigint" && BigInt.asIntN(64, value) === value;
}

/** Whether a value is a bigint that a uint64 can hold. */
export function isUint64(value: unknown): value is bigint {
  return typeof value === "bigint" && BigInt.asUintN(64, value) === value;
}
