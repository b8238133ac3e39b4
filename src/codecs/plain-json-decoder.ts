import { create, type DescEnum, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { oncePerType } from "./once-per-type.ts";
import { type PlainField, plainFieldsOf } from "./plain-message.ts";
import { notPlain, unusual } from "./unusual.ts";

type Fields = Record<string, unknown>;
type ReadObject = (json: unknown) => Fields;
type ReadValue = (json: unknown) => unknown;
type ReadField = (message: Fields, json: unknown) => void;

/**
 * Compiles the reading of a message type from JSON, as far as it is plain.
 *
 * @returns undefined if the type is not plain; the function throws {@link unusual} where the text is not: it has
 * keys that are unknown or stand twice, or values in any but their usual form
 */
export function compileJsonDecoder(desc: DescMessage): ((text: string) => Message) | undefined {
  const read = compileMessage(desc);
  if (read === undefined) return undefined;
  return (text) => {
    keys = 0;
    const message = read(parsed(text));
    // JSON.parse lets a key stand twice, and the last one wins without a word.
    if (colonsIn(text) !== keys && colonsOutsideText(text) !== keys) throw unusual;
    return message as unknown as Message;
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusual;
  }
}

/** How many keys were read. */
let keys = 0;

function colonsIn(json: string): number {
  let colons = 0;
  for (let at = json.indexOf(":"); at >= 0; at = json.indexOf(":", at + 1)) colons++;
  return colons;
}

/** The same without those in texts, which takes a look at each character. */
function colonsOutsideText(json: string): number {
  let colons = 0;
  let isText = false;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) isText = !isText;
    else if (code === BACKSLASH) i++;
    else if (code === COLON && !isText) colons++;
  }
  return colons;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

const compileMessage = oncePerType(compileFields);

function compileFields(desc: DescMessage): ReadObject | undefined {
  const fields = plainFieldsOf(desc);
  // Google's own types have forms of their own: a Timestamp is a text.
  if (fields === undefined || desc.typeName.startsWith("google.protobuf.")) return undefined;
  const readers = new Map<string, ReadField>();
  for (const field of fields) {
    // The name of the .proto file is good too, but servers do not use it.
    readers.set(field.jsonName, compileField(field));
  }
  return (json) => {
    if (typeof json !== "object" || json === null || Array.isArray(json)) throw unusual;
    const message = create(desc) as unknown as Fields;
    for (const key in json) {
      keys++;
      const reader = readers.get(key);
      if (reader === undefined) throw unusual;
      const value = (json as Fields)[key];
      if (value !== null) reader(message, value);
    }
    return message;
  };
}

function compileField(field: PlainField): ReadField {
  const { localName } = field;
  const read = compileValue(field);
  if (field.fieldKind === "list") {
    return (message, json) => {
      const items = message[localName] as unknown[];
      if (!Array.isArray(json)) throw unusual;
      for (const item of json) items.push(read(item));
    };
  }
  return (message, json) => {
    message[localName] = read(json);
  };
}

function compileValue(field: PlainField): ReadValue {
  const { message: desc, enum: enumeration, scalar } = field;
  if (desc !== undefined) {
    let read: ReadObject | undefined;
    return (json) => {
      read ??= compileMessage(desc) ?? notPlain;
      return read(json);
    };
  }
  return enumeration === undefined ? scalarReader(scalar ?? ScalarType.INT32) : enumReader(enumeration);
}

function enumReader({ values, typeName }: DescEnum): ReadValue {
  if (typeName.startsWith("google.protobuf.")) return notPlain;
  const numbers = new Map(values.map(({ name, number }) => [name, number]));
  return (json) => {
    const number = typeof json === "string" ? numbers.get(json) : undefined;
    if (number === undefined) throw unusual;
    return number;
  };
}

const decimals = /^-?\d{1,18}$/;
const positiveDecimals = /^\d{1,18}$/;

function scalarReader(scalar: ScalarType): ReadValue {
  switch (scalar) {
    case ScalarType.STRING:
      return (json) => {
        if (typeof json !== "string" || !json.isWellFormed()) throw unusual;
        return json;
      };
    case ScalarType.BOOL:
      return (json) => {
        if (typeof json !== "boolean") throw unusual;
        return json;
      };
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return (json) => {
        if (typeof json !== "number" || (json | 0) !== json || Object.is(json, -0)) throw unusual;
        return json;
      };
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (json) => {
        if (typeof json !== "number" || json >>> 0 !== json || Object.is(json, -0)) throw unusual;
        return json;
      };
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return (json) => bigintOf(json, decimals);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return (json) => bigintOf(json, positiveDecimals);
    case ScalarType.DOUBLE:
      return (json) => {
        if (typeof json !== "number" || !Number.isFinite(json)) throw unusual;
        return json;
      };
    default:
      // Bytes and floats: a conversion that is not worth having twice.
      return notPlain;
  }
}

function bigintOf(json: unknown, pattern: RegExp): bigint {
  if (typeof json !== "string" || !pattern.test(json)) throw unusual;
  return BigInt(json);
}
