import { isUtf8 } from "node:buffer";
import { type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { memoizeByType } from "../memoize-by-type.ts";
import { type Fields, newMessageOf } from "../new-message.ts";
import { wireTypeOfScalar } from "../scalar-wire-type.ts";
import { MAX_DEPTH } from "../validate-binary.ts";
import { type CompilableField, compilableFieldsOf } from "./compilable-fields.ts";
import { UNSUPPORTED, unsupported } from "./unsupported.ts";

/** Reads a message that ends at `end`; `depth` says how many it lies in, itself counted. */
type Read = (end: number, depth: number) => Fields;
type ReadValue = (end: number, depth: number) => unknown;
/** Reads one record of a field, behind its tag, into a message. */
type ReadField = (message: Fields, wireType: WireType, end: number, depth: number) => void;

/**
 * Compiles the reading of a message type, as far as it is plain: in one pass, the bytes are checked as
 * {@link validateBinary} does it and decoded as protobuf-es does it.
 *
 * @returns undefined if the type is not plain; the function throws {@link UNSUPPORTED} where the bytes are not
 */
export function compileDecoder(desc: DescMessage): ((bytes: Uint8Array) => Message) | undefined {
  const read = compileMessage(desc);
  if (read === undefined) return undefined;
  return (bytes) => {
    buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    at = 0;
    try {
      return read(buffer.length, 1) as unknown as Message;
    } finally {
      buffer = nothing;
    }
  };
}

// One place to read from for all: decoding is synchronous, and what it gives does not depend on these.
const nothing = /* @__PURE__ */ Buffer.alloc(0);
let buffer: Buffer = nothing;
let at = 0;

const compileMessage = memoizeByType((desc) => {
  const fields = compilableFieldsOf(desc);
  return fields && compileFields(desc, fields);
});

function compileFields(desc: DescMessage, fields: readonly CompilableField[]): Read {
  const make = newMessageOf(desc);
  const readers: (ReadField | undefined)[] = [];
  const readersOfHighNumbers = new Map<number, ReadField>();
  for (const field of fields) {
    if (field.number < 64) readers[field.number] = compileField(field);
    else readersOfHighNumbers.set(field.number, compileField(field));
  }
  return (end, depth) => {
    if (depth > MAX_DEPTH) throw UNSUPPORTED;
    const message = make();
    while (at < end) {
      const tag = readUint32(end);
      const number = tag >>> 3;
      const reader = number < 64 ? readers[number] : readersOfHighNumbers.get(number);
      // An unknown field, which protobuf-es keeps.
      if (reader === undefined) throw UNSUPPORTED;
      reader(message, tag & 7, end, depth);
    }
    return message;
  };
}

function compileField(field: CompilableField): ReadField {
  const { localName } = field;
  const valueType =
    field.message === undefined
      ? wireTypeOfScalar(field.scalar ?? ScalarType.INT32)
      : WireType.LengthDelimited;
  const read =
    field.message === undefined
      ? scalarReader(field.scalar ?? ScalarType.INT32)
      : messageReader(field.message);
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
      // A message that comes twice is merged.
      if (wireType !== valueType || message[localName] !== undefined) throw UNSUPPORTED;
      message[localName] = read(end, depth);
    };
  }
  return (message, wireType, end, depth) => {
    if (wireType !== valueType) throw UNSUPPORTED;
    message[localName] = read(end, depth);
  };
}

function messageReader(desc: DescMessage): ReadValue {
  let readMessage: Read | undefined;
  return (end, depth) => {
    readMessage ??= compileMessage(desc) ?? unsupported;
    return readMessage(readLength(end), depth + 1);
  };
}

function readUint32(end: number): number {
  if (at >= end) throw UNSUPPORTED;
  const first = buffer[at++] as number;
  if (first < 0x80) return first;
  readVarint(end, first);
  if (high !== 0) throw UNSUPPORTED;
  return low;
}

// The last long varint read, as two halves: 64 bits do not fit in a number, and a bigint costs an allocation.
let low = 0;
let high = 0;

function readVarint(end: number, first: number): void {
  let l = first & 0x7f;
  let h = 0;
  for (let shift = 7; shift < 70; shift += 7) {
    if (at >= end) throw UNSUPPORTED;
    const byte = buffer[at++] as number;
    const bits = byte & 0x7f;
    if (shift < 28) l |= bits << shift;
    else if (shift === 28) {
      l |= bits << 28;
      h = bits >>> 4;
    } else {
      if (shift === 63 && bits > 1) throw UNSUPPORTED;
      h |= bits << (shift - 32);
    }
    if (byte < 0x80) {
      low = l >>> 0;
      high = h >>> 0;
      return;
    }
  }
  throw UNSUPPORTED;
}

/** Any varint, into `low` and `high`. */
function readUint64(end: number): void {
  if (at >= end) throw UNSUPPORTED;
  const first = buffer[at++] as number;
  if (first >= 0x80) {
    readVarint(end, first);
    return;
  }
  low = first;
  high = 0;
}

function bigintOfHalves(): bigint {
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
}

/** Reads a length and gives where it ends. */
function readLength(end: number): number {
  const length = readUint32(end);
  const valueEnd = at + length;
  if (valueEnd > end) throw UNSUPPORTED;
  return valueEnd;
}

/** Up to here, characters one by one are faster than a call into V8's strings. */
const SHORT_TEXT = 12;
/** From here on, Node looks through bytes faster than a loop does. */
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
  const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset + at, bytesEnd - at);
  at = bytesEnd;
  return bytes;
}

/** Steps over a value of fixed length and gives where it begins. */
function fixed(size: number, end: number): number {
  const start = at;
  at += size;
  if (at > end) throw UNSUPPORTED;
  return start;
}

function readInt32(end: number): number {
  readUint64(end);
  // Negative numbers take ten bytes, but some writers have used five.
  if (high !== 0 && (high !== 0xffff_ffff || low < 0x8000_0000)) throw UNSUPPORTED;
  return low | 0;
}

function scalarReader(scalar: ScalarType): ReadValue {
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
        readUint64(end);
        return BigInt.asIntN(64, bigintOfHalves());
      };
    case ScalarType.UINT64:
      return (end) => {
        readUint64(end);
        return bigintOfHalves();
      };
    case ScalarType.SINT64:
      return (end) => {
        readUint64(end);
        const value = bigintOfHalves();
        return (value >> 1n) ^ -(value & 1n);
      };
    case ScalarType.FIXED32:
      return (end) => buffer.readUInt32LE(fixed(4, end));
    case ScalarType.SFIXED32:
      return (end) => buffer.readInt32LE(fixed(4, end));
    case ScalarType.FIXED64:
      return (end) => buffer.readBigUInt64LE(fixed(8, end));
    case ScalarType.SFIXED64:
      return (end) => buffer.readBigInt64LE(fixed(8, end));
    case ScalarType.FLOAT:
      return (end) => buffer.readFloatLE(fixed(4, end));
    case ScalarType.DOUBLE:
      return (end) => buffer.readDoubleLE(fixed(8, end));
    default:
      return readInt32;
  }
}
