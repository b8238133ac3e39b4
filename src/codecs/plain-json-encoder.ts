import { type DescEnum, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { oncePerType } from "./once-per-type.ts";
import { isInt32, isInt64, isUint32, isUint64 } from "./plain-integers.ts";
import { type PlainField, plainFieldsOf, zeroTestOf } from "./plain-message.ts";
import { notPlain, unusual } from "./unusual.ts";

type Fields = Readonly<Record<string, unknown>>;
type WriteMessage = (message: Fields) => string;
type WriteValue = (value: unknown) => string;
/** Gives `,"name":value`, or nothing for a field that is not written. */
type WriteField = (message: Fields) => string;

/**
 * Compiles the writing of a message type in JSON, as far as it is plain: the text is that of protobuf-es.
 *
 * @param without names of fields to leave out
 * @returns undefined if the type is not plain; the function throws {@link unusual} where a message is not
 */
export function compileJsonEncoder(
  desc: DescMessage,
  without: ReadonlySet<string> = nothing,
): ((message: Message) => string) | undefined {
  const write = without.size > 0 ? compileFields(desc, without) : compileMessage(desc);
  return write as ((message: Message) => string) | undefined;
}

const nothing: ReadonlySet<string> = new Set();

const compileMessage = oncePerType((desc) => compileFields(desc, nothing));

function compileFields(desc: DescMessage, without: ReadonlySet<string>): WriteMessage | undefined {
  const { typeName } = desc;
  const fields = plainFieldsOf(desc);
  // Google's own types have forms of their own: a Timestamp is a text.
  if (fields === undefined || typeName.startsWith("google.protobuf.")) return undefined;
  // An object would put keys that look like numbers first.
  if (fields.some(({ jsonName }) => /^\d|^__proto__$/.test(jsonName))) return undefined;
  const writes = [...fields]
    .filter(({ name }) => !without.has(name))
    .sort((a, b) => a.number - b.number)
    .map(compileField);
  return (message) => {
    if (message.$typeName !== typeName || message.$unknown !== undefined) throw unusual;
    let text = "";
    for (const write of writes) text += write(message);
    return `{${text.slice(1)}}`;
  };
}

function compileField(field: PlainField): WriteField {
  const { localName, jsonName } = field;
  const start = `,${JSON.stringify(jsonName)}:`;
  const write = compileValue(field);
  if (field.fieldKind === "list") {
    return (message) => {
      const items = message[localName];
      if (!Array.isArray(items)) throw unusual;
      if (items.length === 0) return "";
      let text = "";
      for (const item of items) text += `,${write(item)}`;
      return `${start}[${text.slice(1)}]`;
    };
  }
  if (field.presence === FeatureSet_FieldPresence.IMPLICIT) {
    const isZero = zeroTestOf(field);
    return (message) => {
      const value = message[localName];
      return isZero(value) ? "" : start + write(value);
    };
  }
  return (message) => {
    const value = message[localName];
    return value === undefined ? "" : start + write(value);
  };
}

function compileValue({ message: desc, enum: enumeration, scalar }: PlainField): WriteValue {
  if (desc !== undefined) {
    let write: WriteMessage | undefined;
    return (value) => {
      if (typeof value !== "object" || value === null) throw unusual;
      write ??= compileMessage(desc) ?? notPlain;
      return write(value as Fields);
    };
  }
  return enumeration === undefined ? scalarWriter(scalar ?? ScalarType.INT32) : enumWriter(enumeration);
}

function enumWriter({ values, typeName }: DescEnum): WriteValue {
  if (typeName.startsWith("google.protobuf.")) return notPlain;
  // The first of several names for a number is its own.
  const names = new Map([...values].reverse().map(({ name, number }) => [number, JSON.stringify(name)]));
  return (value) => names.get(value as number) ?? text(value, isInt32);
}

function text(value: unknown, isGood: (value: unknown) => boolean): string {
  if (!isGood(value)) throw unusual;
  return String(value);
}

function scalarWriter(scalar: ScalarType): WriteValue {
  switch (scalar) {
    case ScalarType.STRING:
      return (value) => {
        if (typeof value !== "string" || !value.isWellFormed()) throw unusual;
        return JSON.stringify(value);
      };
    case ScalarType.BOOL:
      return (value) => text(value, (each) => typeof each === "boolean");
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return (value) => text(value, isInt32);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (value) => text(value, isUint32);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return (value) => `"${text(value, isInt64)}"`;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return (value) => `"${text(value, isUint64)}"`;
    case ScalarType.DOUBLE:
      return (value) => text(value, Number.isFinite);
    default:
      // Bytes and floats: a conversion that is not worth having twice.
      return notPlain;
  }
}
