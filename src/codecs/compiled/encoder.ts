import { types } from "node:util";
import { type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { isInt32, isInt64, isUint32, isUint64 } from "../integers.ts";
import { memoizeByType } from "../memoize-by-type.ts";
import { wireTypeOfScalar } from "../scalar-wire-type.ts";
import { rangeOf } from "../time-ranges.ts";
import { LONG_TEXT, roomForAscii, writeAscii } from "../utf8.ts";
import { type CompilableField, compilableFieldsOf, zeroTestOf } from "./compilable-fields.ts";
import { UNSUPPORTED, unsupported } from "./unsupported.ts";

/** Writes a message, or a field of it, where the writer stands. */
type Write = (message: Readonly<Record<string, unknown>>) => void;
type WriteValue = (value: unknown) => void;

/**
 * Compiles the writing of a message type, as far as it is plain: the bytes are those of protobuf-es.
 *
 * @param without names of fields to leave out
 * @returns undefined if the type is not plain; the function throws {@link UNSUPPORTED} where a message is not
 */
export function compileEncoder(
  desc: DescMessage,
  without: ReadonlySet<string> = nothing,
): ((message: Message) => Uint8Array) | undefined {
  const write = without.size > 0 ? compileFields(desc, without) : compileMessage(desc);
  if (write === undefined) return undefined;
  return (message) => {
    // Somebody's getter, called for a field of the message that is being written, has one of its own to write.
    if (isWriting) throw UNSUPPORTED;
    isWriting = true;
    try {
      at = 0;
      write(message as unknown as Readonly<Record<string, unknown>>);
      return taken();
    } finally {
      isWriting = false;
    }
  };
}

const SCRATCH_BYTES = 16 * 1024;

// One place to write for all: what it gives is never written again.
const ownScratch = /* @__PURE__ */ Buffer.allocUnsafeSlow(SCRATCH_BYTES);
let scratch = ownScratch;
let view = /* @__PURE__ */ new DataView(scratch.buffer);
let at = 0;
let isWriting = false;

/** What was written: a copy from Node's pool of small Buffers, or the larger place itself where it took one. */
function taken(): Buffer {
  if (scratch !== ownScratch) {
    const bytes = scratch.subarray(0, at);
    writeInto(ownScratch);
    return bytes;
  }
  const bytes = Buffer.allocUnsafe(at);
  if (at < 32) for (let i = 0; i < at; i++) bytes[i] = scratch[i] as number;
  else scratch.copy(bytes, 0, 0, at);
  return bytes;
}

function writeInto(place: Buffer<ArrayBuffer>): void {
  scratch = place;
  view = new DataView(place.buffer);
}

function grow(needed: number): void {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, scratch.length * 2));
  scratch.copy(larger, 0, 0, at);
  writeInto(larger);
}

function reserve(bytes: number): void {
  if (at + bytes > scratch.length) grow(at + bytes);
}

const nothing: ReadonlySet<string> = new Set();

const compileMessage = memoizeByType((desc) => compileFields(desc, nothing));

function compileFields(desc: DescMessage, without: ReadonlySet<string>): Write | undefined {
  const fields = compilableFieldsOf(desc);
  if (fields === undefined) return undefined;
  const writes = [...fields]
    .filter(({ name }) => !without.has(name))
    .sort((a, b) => a.number - b.number)
    .map(compileField);
  const { typeName } = desc;
  const range = rangeOf(desc);
  if (range !== undefined) {
    writes.push((message) => {
      if (!range.holds(message)) throw UNSUPPORTED;
    });
  }
  return (message) => {
    if (message.$typeName !== typeName || message.$unknown !== undefined) throw UNSUPPORTED;
    for (const write of writes) write(message);
  };
}

function compileField(field: CompilableField): Write {
  const { localName } = field;
  if (field.fieldKind === "list") {
    const writeItems = compileList(field);
    return (message) => {
      const items = message[localName];
      if (!Array.isArray(items)) throw UNSUPPORTED;
      if (items.length > 0) writeItems(items);
    };
  }
  const write = compileValue(field);
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

function compileList(field: CompilableField & { fieldKind: "list" }): (items: readonly unknown[]) => void {
  if (!field.packed) {
    const write = compileValue(field);
    return (items) => {
      for (const item of items) write(item);
    };
  }
  const writeTag = tagWriter(field.number, WireType.LengthDelimited);
  const write = scalarWriter(field.scalar ?? ScalarType.INT32);
  return (items) => {
    writeTag();
    const start = begin();
    for (const item of items) write(item);
    finish(start);
  };
}

/** A value with its tag in front. */
function compileValue(field: CompilableField): WriteValue {
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
  let write: Write | undefined;
  return (value) => {
    if (typeof value !== "object" || value === null) throw UNSUPPORTED;
    write ??= compileMessage(desc) ?? unsupported;
    writeTag();
    const start = begin();
    write(value as Readonly<Record<string, unknown>>);
    finish(start);
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

/** Leaves room for the length of what follows: one byte, and {@link finish} makes more where it takes more. */
function begin(): number {
  reserve(1);
  return ++at;
}

function finish(start: number): void {
  const length = at - start;
  if (length < 0x80) {
    scratch[start - 1] = length;
    return;
  }
  const more = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : length < 0x1000_0000 ? 3 : 4;
  reserve(more);
  scratch.copyWithin(start + more, start, at);
  at = start - 1;
  writeUint32(length);
  at += length;
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

/** @returns false if it is not ASCII, and nothing was written */
function writeLongAscii(text: string): boolean {
  const start = at;
  writeUint32(text.length);
  reserve(roomForAscii(text.length));
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

function scalarWriter(scalar: ScalarType): WriteValue {
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

function fixedWriter(scalar: ScalarType): WriteValue {
  const fixed = (size: number, set: (value: unknown) => void): WriteValue => {
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
        // What is out of a float's range, protobuf-es refuses.
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
