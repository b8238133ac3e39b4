import { types } from "node:util";
import { type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { isInt32, isInt64, isUint32, isUint64 } from "../integers.ts";
import { isFloat } from "../is-float.ts";
import { isZero } from "../is-zero.ts";
import { memoizeByType } from "../memoize-by-type.ts";
import { encoderThatWrites, output } from "../output.ts";
import { wireTypeOfScalar } from "../scalar-wire-type.ts";
import { type ValueRange, valueRangeOf } from "../time-ranges.ts";
import { type CompilableField, compilableFieldsOf } from "./compilable-fields.ts";
import { UNSUPPORTED, unsupported } from "./unsupported.ts";

/**
 * Compiles the encoder of a message type.
 *
 * @param without the names of fields to omit
 * @returns undefined if the type cannot be compiled; the encoder throws {@link UNSUPPORTED} for other messages
 */
export function compileEncoder(
  desc: DescMessage,
  without: ReadonlySet<string> = nothing,
): ((message: Message) => Uint8Array) | undefined {
  const plan = without.size > 0 ? planMessage(desc, without) : messagePlanOf(desc);
  if (plan === undefined) return undefined;
  return encoderThatWrites((message) =>
    writeMessage(plan, message as unknown as Readonly<Record<string, unknown>>),
  );
}

const nothing: ReadonlySet<string> = new Set();

/** What the encoder has to know of a message type. */
interface MessagePlan {
  readonly typeName: string;
  /** By field number, the order in which protobuf-es writes them. */
  readonly fields: readonly FieldPlan[];
  readonly range: ValueRange | undefined;
}

/** What the encoder has to know of a field. */
interface FieldPlan {
  /** The name of the property. */
  readonly name: string;
  readonly tag: number;
  readonly isList: boolean;
  readonly isPacked: boolean;
  readonly hasPresence: boolean;
  /** The type of a scalar; INT32 for an enum. */
  readonly scalar: ScalarType;
  readonly message: DescMessage | undefined;
  /** Found when the first message is encoded, because a type may contain itself. */
  messagePlan: MessagePlan | undefined;
  /** How many bytes the last length of the field took. */
  lengthBytes: number;
}

const messagePlanOf = memoizeByType((desc) => planMessage(desc, nothing));

function planMessage(desc: DescMessage, without: ReadonlySet<string>): MessagePlan | undefined {
  const fields = compilableFieldsOf(desc);
  return (
    fields && {
      typeName: desc.typeName,
      fields: fields
        .filter(({ name }) => !without.has(name))
        .sort((a, b) => a.number - b.number)
        .map(planField),
      range: valueRangeOf(desc),
    }
  );
}

function planField(field: CompilableField): FieldPlan {
  const { localName: name, number, message, scalar = ScalarType.INT32 } = field;
  const isList = field.fieldKind === "list";
  const isPacked = isList && field.packed;
  const wireType = isPacked || message !== undefined ? WireType.LengthDelimited : wireTypeOfScalar(scalar);
  const tag = ((number << 3) | wireType) >>> 0;
  const hasPresence = field.presence !== FeatureSet_FieldPresence.IMPLICIT;
  return {
    name,
    tag,
    isList,
    isPacked,
    hasPresence,
    scalar,
    message,
    messagePlan: undefined,
    lengthBytes: 1,
  };
}

function writeMessage(
  { typeName, fields, range }: MessagePlan,
  message: Readonly<Record<string, unknown>>,
): void {
  if (message.$typeName !== typeName || message.$unknown !== undefined) throw UNSUPPORTED;
  const { length } = fields;
  let next = 0;
  // Each field is written once, in its order, from the key of for-in if that is next: V8 loads such a property without a
  // lookup, and most messages have their keys in that order.
  for (const key in message) {
    if (key === "$typeName") continue;
    while (next < length) {
      const field = fields[next++] as FieldPlan;
      if (key === field.name) {
        writeField(field, message[key]);
        break;
      }
      writeField(field, message[field.name]);
    }
  }
  for (; next < length; next++) {
    const field = fields[next] as FieldPlan;
    writeField(field, message[field.name]);
  }
  if (range !== undefined && !range.includes(message)) throw UNSUPPORTED;
}

function writeField(field: FieldPlan, value: unknown): void {
  if (field.isList) writeList(field, value);
  else if (field.hasPresence ? value !== undefined : !isZero(field.scalar, value)) {
    if (field.message !== undefined) writeSubMessage(field, field.message, value);
    else {
      writeTag(field.tag);
      writeScalar(field.scalar, value);
    }
  }
}

function writeList(field: FieldPlan, items: unknown): void {
  if (!Array.isArray(items)) throw UNSUPPORTED;
  if (items.length === 0) return;
  if (field.message !== undefined) {
    for (const item of items) writeSubMessage(field, field.message, item);
    return;
  }
  if (!field.isPacked) {
    for (const item of items) {
      writeTag(field.tag);
      writeScalar(field.scalar, item);
    }
    return;
  }
  writeTag(field.tag);
  const reserved = field.lengthBytes;
  const start = beginLength(reserved);
  for (const item of items) writeScalar(field.scalar, item);
  field.lengthBytes = finishLength(start, reserved);
}

function writeSubMessage(field: FieldPlan, desc: DescMessage, value: unknown): void {
  if (typeof value !== "object" || value === null) throw UNSUPPORTED;
  field.messagePlan ??= messagePlanOf(desc) ?? unsupported();
  writeTag(field.tag);
  const reserved = field.lengthBytes;
  const start = beginLength(reserved);
  writeMessage(field.messagePlan, value as Readonly<Record<string, unknown>>);
  field.lengthBytes = finishLength(start, reserved);
}

function writeTag(tag: number): void {
  if (tag > 0x7f) writeUint32(tag);
  else {
    output.reserve(1);
    output.bytes[output.at++] = tag;
  }
}

function varintLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** Reserves bytes for the length of what follows: as many as the last one of the field took. */
function beginLength(lengthBytes: number): number {
  output.reserve(lengthBytes);
  output.at += lengthBytes;
  return output.at;
}

/** Writes the length, and moves the content if the length takes another number of bytes, which it returns. */
function finishLength(start: number, reserved: number): number {
  const length = output.at - start;
  const lengthBytes = varintLength(length);
  const contentStart = start - reserved + lengthBytes;
  if (contentStart !== start) {
    output.reserve(lengthBytes);
    output.bytes.copyWithin(contentStart, start, output.at);
    output.at = contentStart + length;
  }
  let i = start - reserved;
  for (let rest = length; i < contentStart; rest >>>= 7) output.bytes[i++] = rest > 0x7f ? rest | 0x80 : rest;
  return lengthBytes;
}

function writeUint32(value: number): void {
  output.reserve(5);
  let rest = value;
  while (rest > 0x7f) {
    output.bytes[output.at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  output.bytes[output.at++] = rest;
}

function writeUint64(low: number, high: number): void {
  if (high === 0) {
    writeUint32(low);
    return;
  }
  output.reserve(10);
  let l = low;
  let h = high;
  while (h !== 0 || l > 0x7f) {
    output.bytes[output.at++] = (l & 0x7f) | 0x80;
    l = ((l >>> 7) | (h << 25)) >>> 0;
    h >>>= 7;
  }
  output.bytes[output.at++] = l;
}

const MAX_SAFE = /* @__PURE__ */ BigInt(Number.MAX_SAFE_INTEGER);
const LOW = 0xffff_ffffn;

function writeBigint(value: bigint): void {
  if (value >= 0n && value <= MAX_SAFE) {
    const number = Number(value);
    writeUint64(number >>> 0, Math.floor(number / 0x1_0000_0000));
  } else {
    writeUint64(Number(value & LOW), Number((value >> 32n) & LOW));
  }
}

function int32(value: unknown): number {
  if (!isInt32(value)) throw UNSUPPORTED;
  return value;
}

function uint32(value: unknown): number {
  if (!isUint32(value)) throw UNSUPPORTED;
  return value;
}

function int64(value: unknown): bigint {
  if (!isInt64(value)) throw UNSUPPORTED;
  return value;
}

function uint64(value: unknown): bigint {
  if (!isUint64(value)) throw UNSUPPORTED;
  return value;
}

/** Up to this length, a loop is faster than Buffer.write. */
const SHORT_TEXT = 31;

function writeText(value: unknown): void {
  if (typeof value !== "string") throw UNSUPPORTED;
  const { length } = value;
  if (length <= SHORT_TEXT) {
    output.reserve(length + 1);
    let i = 0;
    for (; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) break;
      output.bytes[output.at + 1 + i] = code;
    }
    if (i === length) {
      output.bytes[output.at] = length;
      output.at += length + 1;
      return;
    }
  }
  const lengthBytes = varintLength(length);
  const start = beginLength(lengthBytes);
  output.writeUtf8(value);
  // Only ASCII has as many bytes as code units.
  if (output.at - start > length && !value.isWellFormed()) throw UNSUPPORTED;
  finishLength(start, lengthBytes);
}

function writeBytes(value: unknown): void {
  if (!types.isUint8Array(value)) throw UNSUPPORTED;
  writeUint32(value.length);
  output.reserve(value.length);
  output.bytes.set(value, output.at);
  output.at += value.length;
}

function writeScalar(scalar: ScalarType, value: unknown): void {
  switch (scalar) {
    case ScalarType.STRING:
      writeText(value);
      break;
    case ScalarType.BYTES:
      writeBytes(value);
      break;
    case ScalarType.BOOL:
      writeBool(value);
      break;
    case ScalarType.UINT32:
      writeUint32(uint32(value));
      break;
    case ScalarType.SINT32:
      writeZigZag32(int32(value));
      break;
    case ScalarType.INT64:
      writeBigint(int64(value));
      break;
    case ScalarType.UINT64:
      writeBigint(uint64(value));
      break;
    case ScalarType.SINT64:
      writeZigZag64(int64(value));
      break;
    case ScalarType.INT32:
      writeInt32(int32(value));
      break;
    default:
      writeFixed(scalar, value);
  }
}

function writeFixed(scalar: ScalarType, value: unknown): void {
  output.reserve(8);
  output.at += setFixed(output.view, output.at, scalar, value);
}

/** Sets a value of fixed size, and returns its size in bytes. */
function setFixed(view: DataView, at: number, scalar: ScalarType, value: unknown): 4 | 8 {
  switch (scalar) {
    case ScalarType.FIXED32:
      view.setUint32(at, uint32(value), true);
      return 4;
    case ScalarType.SFIXED32:
      view.setInt32(at, int32(value), true);
      return 4;
    case ScalarType.FIXED64:
      view.setBigUint64(at, uint64(value), true);
      return 8;
    case ScalarType.SFIXED64:
      view.setBigInt64(at, int64(value), true);
      return 8;
    case ScalarType.FLOAT:
      if (!isFloat(value)) throw UNSUPPORTED;
      view.setFloat32(at, value, true);
      return 4;
    default:
      if (typeof value !== "number") throw UNSUPPORTED;
      view.setFloat64(at, value, true);
      return 8;
  }
}

function writeBool(value: unknown): void {
  if (typeof value !== "boolean") throw UNSUPPORTED;
  output.reserve(1);
  output.bytes[output.at++] = value ? 1 : 0;
}

/** Negative numbers have ten bytes, as if they had 64 bits. */
function writeInt32(value: number): void {
  writeUint64(value >>> 0, value < 0 ? 0xffff_ffff : 0);
}

function writeZigZag32(value: number): void {
  writeUint32(((value << 1) ^ (value >> 31)) >>> 0);
}

function writeZigZag64(value: bigint): void {
  writeBigint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
}
