import { types } from "node:util";
import { type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { isInt32, isInt64, isUint32, isUint64 } from "../integers.ts";
import { memoizeByType } from "../memoize-by-type.ts";
import { wireTypeOfScalar } from "../scalar-wire-type.ts";
import { valueRangeOf } from "../time-ranges.ts";
import { asciiCapacity, LONG_TEXT, writeAscii } from "../utf8.ts";
import { type CompilableField, compilableFieldsOf, zeroTestOf } from "./compilable-fields.ts";
import { UNSUPPORTED, unsupported } from "./unsupported.ts";

/** Encodes a message, or one of its fields, at the current position. */
type EncodeMessage = (message: Readonly<Record<string, unknown>>) => void;
type EncodeValue = (value: unknown) => void;

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
  const encode = without.size > 0 ? compileMessageEncoder(desc, without) : messageEncoder(desc);
  if (encode === undefined) return undefined;
  let lastBytes = 0;
  let expectedBytes = 0;
  return (message) => {
    // A getter of the message that is being encoded may encode another message.
    if (isEncoding) throw UNSUPPORTED;
    isEncoding = true;
    try {
      at = 0;
      leastGrowth = expectedBytes;
      encode(message as unknown as Readonly<Record<string, unknown>>);
      if (scratch !== ownScratch) {
        const least = Math.min(lastBytes, at);
        expectedBytes = least + (least >> 5);
        lastBytes = at;
      }
      return encodedBytes();
    } finally {
      isEncoding = false;
      if (scratch !== ownScratch) setScratch(ownScratch);
    }
  };
}

const SCRATCH_BYTES = 16 * 1024;

// All encoders share one scratch buffer, because encoding is synchronous. It grows for a large message, and is reset then.
const ownScratch = /* @__PURE__ */ Buffer.allocUnsafeSlow(SCRATCH_BYTES);
let scratch = ownScratch;
let view = /* @__PURE__ */ new DataView(scratch.buffer);
let at = 0;
let isEncoding = false;
/**
 * The shorter length of the last two messages of the type that did not fit, and a little more. If the next one is as long, the
 * buffer grows only once.
 */
let leastGrowth = 0;

/**
 * The encoded bytes: a copy from Node's pool of small Buffers, or the scratch buffer itself if it has grown. One that has grown
 * far too much is copied, because a request keeps its body.
 */
function encodedBytes(): Buffer {
  if (scratch !== ownScratch)
    return 2 * at < scratch.length ? Buffer.from(scratch.subarray(0, at)) : scratch.subarray(0, at);
  const bytes = Buffer.allocUnsafe(at);
  if (at < 32) for (let i = 0; i < at; i++) bytes[i] = scratch[i] as number;
  else scratch.copy(bytes, 0, 0, at);
  return bytes;
}

function setScratch(buffer: Buffer<ArrayBuffer>): void {
  scratch = buffer;
  view = new DataView(buffer.buffer);
}

function grow(needed: number): void {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, scratch.length * 2, leastGrowth));
  scratch.copy(larger, 0, 0, at);
  setScratch(larger);
}

function reserve(bytes: number): void {
  if (at + bytes > scratch.length) grow(at + bytes);
}

const nothing: ReadonlySet<string> = new Set();

const messageEncoder = memoizeByType((desc) => compileMessageEncoder(desc, nothing));

function compileMessageEncoder(desc: DescMessage, without: ReadonlySet<string>): EncodeMessage | undefined {
  const fields = compilableFieldsOf(desc);
  if (fields === undefined) return undefined;
  const encoders = [...fields]
    .filter(({ name }) => !without.has(name))
    .sort((a, b) => a.number - b.number)
    .map(compileFieldEncoder);
  const { typeName } = desc;
  const range = valueRangeOf(desc);
  if (range !== undefined) {
    encoders.push((message) => {
      if (!range.includes(message)) throw UNSUPPORTED;
    });
  }
  return (message) => {
    if (message.$typeName !== typeName || message.$unknown !== undefined) throw UNSUPPORTED;
    for (const encode of encoders) encode(message);
  };
}

function compileFieldEncoder(field: CompilableField): EncodeMessage {
  const { localName } = field;
  if (field.fieldKind === "list") {
    const writeItems = compileListEncoder(field);
    return (message) => {
      const items = message[localName];
      if (!Array.isArray(items)) throw UNSUPPORTED;
      if (items.length > 0) writeItems(items);
    };
  }
  const write = compileValueEncoder(field);
  if (field.presence === FeatureSet_FieldPresence.IMPLICIT) {
    const isZero = zeroTestOf(field);
    return (message) => {
      const value = message[localName];
      if (!isZero(value)) write(value);
    };
  }
  return (message) => {
    const value = message[localName];
    if (value !== undefined) write(value);
  };
}

function compileListEncoder(
  field: CompilableField & { fieldKind: "list" },
): (items: readonly unknown[]) => void {
  if (!field.packed) {
    const write = compileValueEncoder(field);
    return (items) => {
      for (const item of items) write(item);
    };
  }
  const writeTag = tagWriter(field.number, WireType.LengthDelimited);
  const write = scalarWriter(field.scalar ?? ScalarType.INT32);
  let lengthBytes = 1;
  return (items) => {
    writeTag();
    const start = beginLength(lengthBytes);
    for (const item of items) write(item);
    lengthBytes = finishLength(start, lengthBytes);
  };
}

/** Compiles the encoder of a value with its tag. */
function compileValueEncoder(field: CompilableField): EncodeValue {
  const { message: desc, scalar = ScalarType.INT32, number } = field;
  if (desc === undefined) {
    const writeTag = tagWriter(number, wireTypeOfScalar(scalar));
    const write = scalarWriter(scalar);
    return (value) => {
      writeTag();
      write(value);
    };
  }
  const writeTag = tagWriter(number, WireType.LengthDelimited);
  let write: EncodeMessage | undefined;
  let lengthBytes = 1;
  return (value) => {
    if (typeof value !== "object" || value === null) throw UNSUPPORTED;
    write ??= messageEncoder(desc) ?? unsupported;
    writeTag();
    const reserved = lengthBytes;
    const start = beginLength(reserved);
    write(value as Readonly<Record<string, unknown>>);
    lengthBytes = finishLength(start, reserved);
  };
}

function tagWriter(number: number, wireType: WireType): () => void {
  const tag = ((number << 3) | wireType) >>> 0;
  if (tag > 0x7f) return () => writeUint32(tag);
  return () => {
    reserve(1);
    scratch[at++] = tag;
  };
}

/** Reserves bytes for the length of what follows: as many as the last one of the field took. */
function beginLength(lengthBytes: number): number {
  reserve(lengthBytes);
  at += lengthBytes;
  return at;
}

/** Writes the length, and moves the content if the length takes another number of bytes, which it returns. */
function finishLength(start: number, reserved: number): number {
  const length = at - start;
  const lengthBytes =
    length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : length < 0x1000_0000 ? 4 : 5;
  const contentStart = start - reserved + lengthBytes;
  if (contentStart !== start) {
    reserve(lengthBytes);
    scratch.copyWithin(contentStart, start, at);
    at = contentStart + length;
  }
  let i = start - reserved;
  for (let rest = length; i < contentStart; rest >>>= 7) scratch[i++] = rest > 0x7f ? rest | 0x80 : rest;
  return lengthBytes;
}

function writeUint32(value: number): void {
  reserve(5);
  let rest = value;
  while (rest > 0x7f) {
    scratch[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  scratch[at++] = rest;
}

function writeUint64(low: number, high: number): void {
  if (high === 0) {
    writeUint32(low);
    return;
  }
  reserve(10);
  let l = low;
  let h = high;
  while (h !== 0 || l > 0x7f) {
    scratch[at++] = (l & 0x7f) | 0x80;
    l = ((l >>> 7) | (h << 25)) >>> 0;
    h >>>= 7;
  }
  scratch[at++] = l;
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

function writeText(value: unknown): void {
  if (typeof value !== "string") throw UNSUPPORTED;
  const { length } = value;
  if (length < 32) {
    reserve(length + 1);
    let i = 0;
    for (; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) break;
      scratch[at + 1 + i] = code;
    }
    if (i === length) {
      scratch[at] = length;
      at += length + 1;
      return;
    }
  }
  if (!value.isWellFormed()) throw UNSUPPORTED;
  if (length >= LONG_TEXT && writeLongAscii(value)) return;
  const bytes = Buffer.byteLength(value);
  writeUint32(bytes);
  reserve(bytes);
  at += scratch.write(value, at);
}

/** @returns false, without moving the position, if the text is not ASCII */
function writeLongAscii(text: string): boolean {
  const start = at;
  writeUint32(text.length);
  reserve(asciiCapacity(text.length));
  const isAscii = writeAscii(text, scratch, at);
  at = isAscii ? at + text.length : start;
  return isAscii;
}

function writeBytes(value: unknown): void {
  if (!types.isUint8Array(value)) throw UNSUPPORTED;
  writeUint32(value.length);
  reserve(value.length);
  scratch.set(value, at);
  at += value.length;
}

function scalarWriter(scalar: ScalarType): EncodeValue {
  switch (scalar) {
    case ScalarType.STRING:
      return writeText;
    case ScalarType.BYTES:
      return writeBytes;
    case ScalarType.BOOL:
      return (value) => {
        if (typeof value !== "boolean") throw UNSUPPORTED;
        reserve(1);
        scratch[at++] = value ? 1 : 0;
      };
    case ScalarType.INT32:
      return (value) => {
        const number = int32(value);
        writeUint64(number >>> 0, number < 0 ? 0xffff_ffff : 0);
      };
    case ScalarType.UINT32:
      return (value) => writeUint32(uint32(value));
    case ScalarType.SINT32:
      return (value) => {
        const number = int32(value);
        writeUint32(((number << 1) ^ (number >> 31)) >>> 0);
      };
    case ScalarType.INT64:
      return (value) => writeBigint(int64(value));
    case ScalarType.UINT64:
      return (value) => writeBigint(uint64(value));
    case ScalarType.SINT64:
      return (value) => {
        const number = int64(value);
        writeBigint(BigInt.asUintN(64, (number << 1n) ^ (number >> 63n)));
      };
    default:
      return fixedWriter(scalar);
  }
}

function fixedWriter(scalar: ScalarType): EncodeValue {
  const fixed = (size: number, set: (value: unknown) => void): EncodeValue => {
    return (value) => {
      reserve(size);
      set(value);
      at += size;
    };
  };
  switch (scalar) {
    case ScalarType.FIXED32:
      return fixed(4, (value) => view.setUint32(at, uint32(value), true));
    case ScalarType.SFIXED32:
      return fixed(4, (value) => view.setInt32(at, int32(value), true));
    case ScalarType.FIXED64:
      return fixed(8, (value) => view.setBigUint64(at, uint64(value), true));
    case ScalarType.SFIXED64:
      return fixed(8, (value) => view.setBigInt64(at, int64(value), true));
    case ScalarType.FLOAT:
      return fixed(4, (value) => {
        // protobuf-es throws an error for a number beyond the range of a float.
        if (typeof value !== "number" || (Number.isFinite(value) && !Number.isFinite(Math.fround(value)))) {
          throw UNSUPPORTED;
        }
        view.setFloat32(at, value, true);
      });
    default:
      return fixed(8, (value) => {
        if (typeof value !== "number") throw UNSUPPORTED;
        view.setFloat64(at, value, true);
      });
  }
}
