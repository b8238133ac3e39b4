import { isUtf8 } from "node:buffer";
import { type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { asBuffer } from "../as-buffer.ts";
import { memoizeByType } from "../memoize-by-type.ts";
import { type Fields, newMessageOf } from "../new-message.ts";
import { wireTypeOfScalar } from "../scalar-wire-type.ts";
import { textOfAscii } from "../utf8.ts";
import { MAX_DEPTH } from "../validate-binary.ts";
import { high, low, readVarint } from "../varint.ts";
import { type CompilableField, compilableFieldsOf } from "./compilable-fields.ts";
import { UNSUPPORTED, unsupported } from "./unsupported.ts";

/**
 * Compiles the decoder of a message type. In one pass, it validates the bytes like {@link validateBinary} and decodes them
 * like protobuf-es.
 *
 * @returns undefined if the type cannot be compiled; the decoder throws {@link UNSUPPORTED} for other bytes
 */
export function compileDecoder(desc: DescMessage): ((bytes: Uint8Array) => Message) | undefined {
  const plan = messagePlanOf(desc);
  if (plan === undefined) return undefined;
  return (bytes) => {
    buffer = asBuffer(bytes);
    at = 0;
    hasViews = false;
    try {
      return readMessage(plan, buffer.length, 1) as unknown as Message;
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

/** What the decoder has to know of a message type. */
interface MessagePlan {
  readonly make: () => Fields;
  /** The fields whose numbers are less than 64, by number. */
  readonly fields: readonly (FieldPlan | undefined)[];
  readonly fieldsOfHighNumbers: ReadonlyMap<number, FieldPlan>;
}

/** What the decoder has to know of a field. */
interface FieldPlan {
  /** The name of the property. */
  readonly name: string;
  /** The wire type of a value, which is not that of a packed list. */
  readonly wireType: WireType;
  readonly isList: boolean;
  /** The type of a scalar; INT32 for an enum. */
  readonly scalar: ScalarType;
  readonly message: DescMessage | undefined;
  /** Found when the first message is decoded, because a type may contain itself. */
  messagePlan: MessagePlan | undefined;
}

const messagePlanOf = memoizeByType((desc): MessagePlan | undefined => {
  const compilable = compilableFieldsOf(desc);
  if (compilable === undefined) return undefined;
  const fields: (FieldPlan | undefined)[] = [];
  const fieldsOfHighNumbers = new Map<number, FieldPlan>();
  for (const field of compilable) {
    if (field.number < 64) fields[field.number] = planField(field);
    else fieldsOfHighNumbers.set(field.number, planField(field));
  }
  return { make: newMessageOf(desc), fields, fieldsOfHighNumbers };
});

function planField(field: CompilableField): FieldPlan {
  const { localName: name, message, scalar = ScalarType.INT32 } = field;
  const wireType = message === undefined ? wireTypeOfScalar(scalar) : WireType.LengthDelimited;
  return { name, wireType, isList: field.fieldKind === "list", scalar, message, messagePlan: undefined };
}

/** @param depth the number of nested messages, including this one */
function readMessage({ make, fields, fieldsOfHighNumbers }: MessagePlan, end: number, depth: number): Fields {
  if (depth > MAX_DEPTH) throw UNSUPPORTED;
  const message = make();
  while (at < end) {
    const tag = readUint32(end);
    const number = tag >>> 3;
    const field = number < 64 ? fields[number] : fieldsOfHighNumbers.get(number);
    // protobuf-es keeps unknown fields.
    if (field === undefined) throw UNSUPPORTED;
    const wireType = tag & 7;
    if (field.isList) readItems(field, message[field.name] as unknown[], wireType, end, depth);
    else if (wireType !== field.wireType) throw UNSUPPORTED;
    else if (field.message === undefined) message[field.name] = readScalar(field.scalar, end);
    // protobuf-es merges a message field that occurs twice.
    else if (message[field.name] !== undefined) throw UNSUPPORTED;
    else message[field.name] = readSubMessage(field, field.message, end, depth);
  }
  return message;
}

/** Reads one record of a list: an item, or packed items. */
function readItems(field: FieldPlan, items: unknown[], wireType: WireType, end: number, depth: number): void {
  const { scalar, message } = field;
  if (wireType === field.wireType) {
    items.push(message === undefined ? readScalar(scalar, end) : readSubMessage(field, message, end, depth));
  } else if (wireType === WireType.LengthDelimited) {
    const packedEnd = readLength(end);
    while (at < packedEnd) items.push(readScalar(scalar, packedEnd));
  } else {
    throw UNSUPPORTED;
  }
}

function readSubMessage(field: FieldPlan, desc: DescMessage, end: number, depth: number): Fields {
  field.messagePlan ??= messagePlanOf(desc) ?? unsupported();
  return readMessage(field.messagePlan, readLength(end), depth + 1);
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

/** Reads a length, and returns the end of the value that follows. */
function readLength(end: number): number {
  const length = readUint32(end);
  const valueEnd = at + length;
  if (valueEnd > end) throw UNSUPPORTED;
  return valueEnd;
}

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
  return textOfAscii(buffer, start, textEnd);
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

function readScalar(scalar: ScalarType, end: number): unknown {
  switch (scalar) {
    case ScalarType.STRING:
      return readText(end);
    case ScalarType.BYTES:
      return readBytes(end);
    case ScalarType.BOOL:
      return readBool(end);
    case ScalarType.UINT32:
      return readUint32(end);
    case ScalarType.SINT32:
      return zigZag32(readUint32(end));
    case ScalarType.INT64:
      return BigInt.asIntN(64, readUint64(end));
    case ScalarType.UINT64:
      return readUint64(end);
    case ScalarType.SINT64:
      return zigZag64(readUint64(end));
    case ScalarType.FIXED32:
      return buffer.readUInt32LE(skipFixed(4, end));
    case ScalarType.SFIXED32:
      return buffer.readInt32LE(skipFixed(4, end));
    case ScalarType.FIXED64:
      return buffer.readBigUInt64LE(skipFixed(8, end));
    case ScalarType.SFIXED64:
      return buffer.readBigInt64LE(skipFixed(8, end));
    case ScalarType.FLOAT:
      return buffer.readFloatLE(skipFixed(4, end));
    case ScalarType.DOUBLE:
      return buffer.readDoubleLE(skipFixed(8, end));
    default:
      return readInt32(end);
  }
}

function readBool(end: number): boolean {
  const value = readUint32(end);
  if (value > 1) throw UNSUPPORTED;
  return value === 1;
}

function readUint64(end: number): bigint {
  readAnyVarint(end);
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
}

function zigZag32(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}

function zigZag64(value: bigint): bigint {
  return (value >> 1n) ^ -(value & 1n);
}
