import { isUtf8 } from "node:buffer";
import { WireType } from "@bufbuild/protobuf/wire";
import { CodecError } from "./codec-error.ts";
import type { FieldWireSchema, MessageWireSchema, ValueWireSchema, VarintRange } from "./wire-schema.ts";

/** How deep messages may lie in each other; protobuf-es and the other runtimes have the same limit. */
export const MAX_DEPTH = 100;

/**
 * Refuses bytes that are not a message of the given shape.
 *
 * Decoders go by field numbers and believe the wire type that they expect, so one message's bytes often
 * decode as another: a google.rpc.Status read as a GenericResponse is `{ ok: true, … }`. Here each known
 * field must have its own wire type, a bool must be 0 or 1, a 32-bit number must fit, text must be UTF-8,
 * and nothing may be left over. Unknown fields are allowed, as protobuf's rules for evolution demand;
 * unknown groups are not, nothing has written them for long.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function validateBinary(shape: MessageWireSchema, bytes: Uint8Array): void {
  const closedGroup = new BinaryValidator(bytes).message(shape, bytes.length, 1);
  if (closedGroup !== 0) throw new CodecError(`the end of a group that nothing began (${closedGroup})`);
}

class BinaryValidator {
  readonly #bytes: Uint8Array;
  #at = 0;
  // The last varint read, as two halves: 64 bits do not fit in a number, and a bigint costs an allocation.
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @returns the number of the group that an end-group tag closed, or 0 where the message ended at `end`. */
  message(shape: MessageWireSchema, end: number, depth: number): number {
    if (depth > MAX_DEPTH) throw new CodecError(`messages are nested more than ${MAX_DEPTH} deep`);
    while (this.#at < end) {
      this.#varint(end);
      const wireType: WireType = this.#low & 7;
      const number = this.#low >>> 3;
      if (this.#high !== 0 || number === 0) throw new CodecError("an impossible field number");
      if (wireType === WireType.EndGroup) return number;
      const field = shape.get(number);
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
        if (!this.#fits(value.range)) throw new CodecError(`${name} is out of range`);
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
          throw new CodecError(`${name} ends a group that it did not begin`);
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
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= end) throw new CodecError("the bytes end in the middle of a number");
      const byte = bytes[this.#at++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift === 63 && bits > 1) {
        throw new CodecError("a number has more than 64 bits");
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw new CodecError("a number has more than 64 bits");
  }

  #length(end: number): number {
    this.#varint(end);
    const valueEnd = this.#at + this.#low;
    if (this.#high !== 0 || valueEnd > end) throw new CodecError("a length goes beyond the end");
    return valueEnd;
  }

  #skip(count: number, end: number): void {
    this.#at += count;
    if (this.#at > end) throw new CodecError("the bytes end in the middle of a number");
  }

  #fits(range: VarintRange): boolean {
    switch (range) {
      case "bool":
        return this.#high === 0 && this.#low <= 1;
      case "uint32":
      case "sint32":
        return this.#high === 0;
      case "int32":
        // Negative numbers take ten bytes, but some writers have used five.
        return this.#high === 0 || (this.#high === 0xffffffff && this.#low >= 0x80000000);
      case "64-bit":
        return true;
    }
  }
}

function isText(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    if ((bytes[i] as number) >= 0x80) return isUtf8(bytes.subarray(i, to));
  }
  return true;
}
