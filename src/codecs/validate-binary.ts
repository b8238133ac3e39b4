import { isUtf8 } from "node:buffer";
import { WireType } from "@bufbuild/protobuf/wire";
import { CodecError } from "./codec-error.ts";
import { high, low, readVarint, TOO_LONG, TRUNCATED } from "./varint.ts";
import type { FieldWireSchema, MessageWireSchema, ValueWireSchema, VarintRange } from "./wire-schema.ts";

/** How deep messages may be nested. protobuf-es and the other runtimes have the same limit. */
export const MAX_DEPTH = 100;

/**
 * Validates that bytes are a message with this wire schema.
 *
 * Decoders rely on field numbers and assume the wire type, so the bytes of one message often decode as another one: a
 * google.rpc.Status that is decoded as a GenericResponse becomes `{ ok: true, … }`. This function requires that each known
 * field has its own wire type, a bool is 0 or 1, a 32-bit number is in range, text is UTF-8, and no bytes are left over. It
 * allows unknown fields, as protobuf's rules for schema evolution require, but not unknown groups, which are long obsolete.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function validateBinary(schema: MessageWireSchema, bytes: Uint8Array): void {
  const closedGroup = new BinaryValidator(bytes).message(schema, bytes.length, 1);
  if (closedGroup !== 0) throw new CodecError(`the end of a group that was not started (${closedGroup})`);
}

class BinaryValidator {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @returns the number of the group that an end-group tag has closed; 0 if the message ended at `end` */
  message(schema: MessageWireSchema, end: number, depth: number): number {
    if (depth > MAX_DEPTH) throw new CodecError(`messages are nested more than ${MAX_DEPTH} deep`);
    while (this.#at < end) {
      this.#varint(end);
      const wireType: WireType = low & 7;
      const number = low >>> 3;
      if (high !== 0 || number === 0) throw new CodecError("an invalid field number");
      if (wireType === WireType.EndGroup) return number;
      const field = schema.get(number);
      if (field === undefined) this.#unknown(number, wireType, end);
      else this.#field(field, number, wireType, end, depth);
    }
    return 0;
  }

  #field(field: FieldWireSchema, number: number, wireType: WireType, end: number, depth: number): void {
    const { value } = field;
    if (wireType === value.wireType) {
      this.#value(field.name, value, number, end, depth);
    } else if (field.packable && wireType === WireType.LengthDelimited) {
      const packedEnd = this.#length(end);
      while (this.#at < packedEnd) this.#value(field.name, value, number, packedEnd, depth);
    } else {
      throw new CodecError(`${field.name} has wire type ${wireType} instead of ${value.wireType}`);
    }
  }

  #value(name: string, value: ValueWireSchema, number: number, end: number, depth: number): void {
    switch (value.wireType) {
      case WireType.Varint:
        this.#varint(end);
        if (!isInRange(value.range)) throw new CodecError(`${name} is out of range`);
        break;
      case WireType.Bit32:
        this.#skip(4, end);
        break;
      case WireType.Bit64:
        this.#skip(8, end);
        break;
      case WireType.LengthDelimited: {
        const valueEnd = this.#length(end);
        if (value.holds === "text") {
          if (!isText(this.#bytes, this.#at, valueEnd)) throw new CodecError(`${name} is not UTF-8`);
        } else if (value.holds !== "bytes" && this.message(value.holds(), valueEnd, depth + 1) !== 0) {
          throw new CodecError(`${name} ends a group that was not started`);
        }
        this.#at = valueEnd;
        break;
      }
      case WireType.StartGroup:
        if (this.message(value.holds(), end, depth + 1) !== number) {
          throw new CodecError(`the group of ${name} does not end`);
        }
        break;
    }
  }

  #unknown(number: number, wireType: WireType, end: number): void {
    switch (wireType) {
      case WireType.Varint:
        this.#varint(end);
        break;
      case WireType.Bit32:
        this.#skip(4, end);
        break;
      case WireType.Bit64:
        this.#skip(8, end);
        break;
      case WireType.LengthDelimited:
        this.#at = this.#length(end);
        break;
      default:
        throw new CodecError(`unknown field ${number} has wire type ${wireType}`);
    }
  }

  #varint(end: number): void {
    const next = readVarint(this.#bytes, this.#at, end);
    if (next === TRUNCATED) throw new CodecError("the bytes end in the middle of a number");
    if (next === TOO_LONG) throw new CodecError("a number has more than 64 bits");
    this.#at = next;
  }

  #length(end: number): number {
    this.#varint(end);
    const valueEnd = this.#at + low;
    if (high !== 0 || valueEnd > end) throw new CodecError("a length goes beyond the end");
    return valueEnd;
  }

  #skip(count: number, end: number): void {
    this.#at += count;
    if (this.#at > end) throw new CodecError("the bytes end in the middle of a number");
  }
}

/** Whether the last varint is in a range. */
function isInRange(range: VarintRange): boolean {
  switch (range) {
    case "bool":
      return high === 0 && low <= 1;
    case "uint32":
    case "sint32":
      return high === 0;
    case "int32":
      // Negative numbers have ten bytes, but some encoders have written five.
      return high === 0 || (high === 0xffffffff && low >= 0x80000000);
    case "64-bit":
      return true;
  }
}

function isText(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    if ((bytes[i] as number) >= 0x80) return isUtf8(bytes.subarray(i, to));
  }
  return true;
}
