import { isUtf8 } from "node:buffer";
import { type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { asBuffer } from "../as-buffer.ts";
import { memoizeByType } from "../memoize-by-type.ts";
import { type Fields, newMessageOf } from "../new-message.ts";
import { wireTypeOfScalar } from "../scalar-wire-type.ts";
import { MAX_DEPTH } from "../validate-binary.ts";
import { high, low, readVarint } from "../varint.ts";
import { type CompilableField, compilableFieldsOf } from "./compilable-fields.ts";
import { UNSUPPORTED, unsupported } from "./unsupported.ts";

/** Decodes a message that ends at `end`. `depth` is the number of nested messages, including this one. */
type DecodeMessage = (end: number, depth: number) => Fields;
type DecodeValue = (end: number, depth: number) => unknown;
/** Decodes one record of a field, after its tag, into a message. */
type DecodeField = (message: Fields, wireType: WireType, end: number, depth: number) => void;

/**
 * Compiles the decoder of a message type. In one pass, it validates the bytes like {@link validateBinary} and decodes them
 * like protobuf-es.
 *
 * @returns undefined if the type cannot be compiled; the decoder throws {@link UNSUPPORTED} for other bytes
 */
export function compileDecoder(desc: DescMessage): ((bytes: Uint8Array) => Message) | undefined {
  const decode = messageDecoder(desc);
  if (decode === undefined) return undefined;
  return (bytes) => {
    buffer = asBuffer(bytes);
    at = 0;
    hasViews = false;
    try {
      return decode(buffer.length, 1) as unknown as Message;
    } finally {
      buffer = nothing;
    }
  };
}

// All decoders share these variables, because decoding is synchronous.
const nothing = /* @__PURE__ */ Buffer.alloc(0);
let buffer: Buffer = nothing;
let at = 0;

/** Whether bytes fields of the message that was decoded last are views of the bytes. */
export let hasViews = false;

const messageDecoder = memoizeByType((desc) => {
  const fields = compilableFieldsOf(desc);
  return fields && compileMessageDecoder(desc, fields);
});

function compileMessageDecoder(desc: DescMessage, fields: readonly CompilableField[]): DecodeMessage {
  const make = newMessageOf(desc);
  const readers: (DecodeField | undefined)[] = [];
  const readersOfHighNumbers = new Map<number, DecodeField>();
  for (const field of fields) {
    if (field.number < 64) readers[field.number] = compileFieldDecoder(field);
    else readersOfHighNumbers.set(field.number, compileFieldDecoder(field));
  }
  return (end, depth) => {
    if (depth > MAX_DEPTH) throw UNSUPPORTED;
    const message = make();
    while (at < end) {
      const tag = readUint32(end);
      const number = tag >>> 3;
      const reader = number < 64 ? readers[number] : readersOfHighNumbers.get(number);
      // protobuf-es keeps unknown fields.
      if (reader === undefined) throw UNSUPPORTED;
      reader(message, tag & 7, end, depth);
    }
    return message;
  };
}

function compileFieldDecoder(field: CompilableField): DecodeField {
  const { localName } = field;
  const valueType =
    field.message === undefined
      ? wireTypeOfScalar(field.scalar ?? ScalarType.INT32)
      : WireType.LengthDelimited;
  const read =
    field.message === undefined
      ? scalarDecoder(field.scalar ?? ScalarType.INT32)
      : lazyMessageDecoder(field.message);
  if (field.fieldKind === "list") {
    const packable = valueType !== WireType.LengthDelimited;
    return (message, wireType, end, depth) => {
      const items = message[localName] as unknown[];
      if (wireType === valueType) {
        items.push(read(end, depth));
      } else if (packable && wireType === WireType.LengthDelimited) {
        const packedEnd = readLength(end);
        while (at < packedEnd) items.push(read(packedEnd, depth));
      } else {
        throw UNSUPPORTED;
      }
    };
  }
  if (field.message !== undefined) {
    return (message, wireType, end, depth) => {
      // protobuf-es merges a message field that occurs twice.
      if (wireType !== valueType || message[localName] !== undefined) throw UNSUPPORTED;
      message[localName] = read(end, depth);
    };
  }
  return (message, wireType, end, depth) => {
    if (wireType !== valueType) throw UNSUPPORTED;
    message[localName] = read(end, depth);
  };
}

function lazyMessageDecoder(desc: DescMessage): DecodeValue {
  let decode: DecodeMessage | undefined;
  return (end, depth) => {
    decode ??= messageDecoder(desc) ?? unsupported;
    return decode(readLength(end), depth + 1);
  };
}

function readUint32(end: number): number {
  if (at >= end) throw UNSUPPORTED;
  const first = buffer[at] as number;
  if (first < 0x80) {
    at++;
    return first;
  }
  readAnyVarint(end);
  if (high !== 0) throw UNSUPPORTED;
  return low;
}

/** Reads any varint into `low` and `high`. */
function readAnyVarint(end: number): void {
  const next = readVarint(buffer, at, end);
  if (next < 0) throw UNSUPPORTED;
  at = next;
}

function bigintOfHalves(): bigint {
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
}

/** Reads a length, and returns the end of the value that follows. */
function readLength(end: number): number {
  const length = readUint32(end);
  const valueEnd = at + length;
  if (valueEnd > end) throw UNSUPPORTED;
  return valueEnd;
}

/** Up to this length, a string is built faster from single characters than by Buffer.toString. */
const SHORT_TEXT = 12;
/** From this length, isUtf8 is faster than a loop. */
const LONG_TEXT = 64;

function readText(end: number): string {
  const textEnd = readLength(end);
  const start = at;
  at = textEnd;
  if (textEnd - start > LONG_TEXT) {
    if (!isUtf8(buffer.subarray(start, textEnd))) throw UNSUPPORTED;
    return buffer.toString("utf8", start, textEnd);
  }
  for (let i = start; i < textEnd; i++) {
    if ((buffer[i] as number) < 0x80) continue;
    if (!isUtf8(buffer.subarray(i, textEnd))) throw UNSUPPORTED;
    return buffer.toString("utf8", start, textEnd);
  }
  if (textEnd - start > SHORT_TEXT) return buffer.toString("latin1", start, textEnd);
  let text = "";
  for (let i = start; i < textEnd; i++) text += String.fromCharCode(buffer[i] as number);
  return text;
}

function readBytes(end: number): Uint8Array {
  const bytesEnd = readLength(end);
  hasViews = true;
  const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset + at, bytesEnd - at);
  at = bytesEnd;
  return bytes;
}

/** Skips a value of fixed size, and returns its start. */
function skipFixed(size: number, end: number): number {
  const start = at;
  at += size;
  if (at > end) throw UNSUPPORTED;
  return start;
}

function readInt32(end: number): number {
  readAnyVarint(end);
  // Negative numbers have ten bytes, but some encoders have written five.
  if (high !== 0 && (high !== 0xffff_ffff || low < 0x8000_0000)) throw UNSUPPORTED;
  return low | 0;
}

function scalarDecoder(scalar: ScalarType): DecodeValue {
  switch (scalar) {
    case ScalarType.STRING:
      return readText;
    case ScalarType.BYTES:
      return readBytes;
    case ScalarType.BOOL:
      return (end) => {
        const value = readUint32(end);
        if (value > 1) throw UNSUPPORTED;
        return value === 1;
      };
    case ScalarType.UINT32:
      return readUint32;
    case ScalarType.SINT32:
      return (end) => {
        const value = readUint32(end);
        return (value >>> 1) ^ -(value & 1);
      };
    case ScalarType.INT64:
      return (end) => {
        readAnyVarint(end);
        return BigInt.asIntN(64, bigintOfHalves());
      };
    case ScalarType.UINT64:
      return (end) => {
        readAnyVarint(end);
        return bigintOfHalves();
      };
    case ScalarType.SINT64:
      return (end) => {
        readAnyVarint(end);
        const value = bigintOfHalves();
        return (value >> 1n) ^ -(value & 1n);
      };
    case ScalarType.FIXED32:
      return (end) => buffer.readUInt32LE(skipFixed(4, end));
    case ScalarType.SFIXED32:
      return (end) => buffer.readInt32LE(skipFixed(4, end));
    case ScalarType.FIXED64:
      return (end) => buffer.readBigUInt64LE(skipFixed(8, end));
    case ScalarType.SFIXED64:
      return (end) => buffer.readBigInt64LE(skipFixed(8, end));
    case ScalarType.FLOAT:
      return (end) => buffer.readFloatLE(skipFixed(4, end));
    case ScalarType.DOUBLE:
      return (end) => buffer.readDoubleLE(skipFixed(8, end));
    default:
      return readInt32;
  }
}
