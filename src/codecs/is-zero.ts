import { types } from "node:util";
import { ScalarType } from "@bufbuild/protobuf";

/**
 * Whether a value is what a field without presence has if it is not set. Such a field is not encoded.
 *
 * @param scalar undefined for an enum
 */
export function isZero(scalar: ScalarType | undefined, value: unknown): boolean {
  switch (scalar) {
    case ScalarType.STRING:
      return value === "";
    case ScalarType.BOOL:
      return value === false;
    case ScalarType.BYTES:
      return types.isUint8Array(value) && value.length === 0;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return Object.is(value, 0);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      // A 64-bit integer may be a number or text, too.
      return value === 0n || value === 0 || value === "0";
    default:
      return value === 0;
  }
}
