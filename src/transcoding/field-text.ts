import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  isMessage,
  type MessageShape,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { protoSnakeCase } from "@bufbuild/protobuf/reflect";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { scalarFromText, scalarToText } from "./scalar-text.ts";
import { TranscodingError } from "./transcoding-error.ts";

/**
 * Writes a value of a field as the text that stands for it in a path or a query: what the JSON format has
 * between the quotes, except that bytes are URL-safe base64.
 *
 * @param parent the path to the message that holds the field, for errors: `""` or `"shelf."`
 */
export type TextWriter = (value: unknown, parent: string) => string;

/** The way back: gives the value as protobuf-es keeps it in this field. */
export type TextReader = (text: string, parent: string) => unknown;

/** What a field's value looks like in a URL: as a list, each of its items. */
export interface FieldText {
  readonly write: TextWriter;
  readonly read: TextReader;
}

/**
 * How a field's values are written in a URL; undefined if they cannot be.
 *
 * google/api/http.proto allows primitive types. Beside them stand the well-known types that are one text in
 * JSON, as in grpc-gateway (its `wellKnownTypeConv`) and vanguard (its `isParameterType`): Timestamp,
 * Duration, FieldMask and the wrappers. They may not be repeated, being messages.
 */
export function fieldText(field: DescField): FieldText | undefined {
  const text = valueText(field);
  if (text === undefined) return undefined;
  return {
    write: (value, parent) => guarded(parent, field, () => text.write(value)),
    read: (value, parent) => guarded(parent, field, () => text.read(value)),
  };
}

interface ValueText {
  write(value: unknown): string;
  read(text: string): unknown;
}

function guarded<T>(parent: string, field: DescField, convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    throw new TranscodingError(parent + field.name, error instanceof Error ? error.message : String(error));
  }
}

function valueText(field: DescField): ValueText | undefined {
  if (field.fieldKind === "map") return undefined;
  if (field.scalar !== undefined) return scalarText(field.scalar, field.longAsString);
  if (field.enum !== undefined) return enumText(field.enum);
  if (field.fieldKind === "list") return undefined;
  if (!isWrapperDesc(field.message)) return messageText(field.message);
  // In a oneof a wrapper is a message, elsewhere protobuf-es keeps its value alone.
  const [{ scalar }] = field.message.fields;
  if (scalar === undefined) return undefined;
  const text = scalarText(scalar, false);
  return field.oneof === undefined ? text : boxedText(field.message, text);
}

function scalarText(type: ScalarType, longAsString: boolean): ValueText {
  const isLong =
    type === ScalarType.INT64 ||
    type === ScalarType.SINT64 ||
    type === ScalarType.SFIXED64 ||
    type === ScalarType.UINT64 ||
    type === ScalarType.FIXED64;
  return {
    write: (value) => scalarToText(type, value),
    read: (text) => {
      const value = scalarFromText(type, text);
      return isLong && longAsString ? String(value) : value;
    },
  };
}

function boxedText(desc: DescMessage, inner: ValueText): ValueText {
  return {
    write: (value) => inner.write((checkedMessage(desc, value) as unknown as { value: unknown }).value),
    read: (text) => create(desc, { value: inner.read(text) } as never),
  };
}

/** An unknown number is written as the number, where the enum is open. */
function enumText(desc: DescEnum): ValueText {
  const byName = new Map(desc.values.map(({ name, number }) => [name, number]));
  const checked = (value: number) => {
    if (desc.open || desc.value[value] !== undefined) return value;
    throw new Error(`is ${value}, which is no value of ${desc.typeName}`);
  };
  return {
    write: (value) => {
      const number = scalarToText(ScalarType.INT32, value);
      return desc.value[checked(Number(number))]?.name ?? number;
    },
    read: (text) => {
      const known = byName.get(text);
      if (known !== undefined) return known;
      if (!/^-?\d+$/.test(text)) throw new Error(`is no value of ${desc.typeName}`);
      return checked(scalarFromText(ScalarType.INT32, text) as number);
    },
  };
}

function messageText(desc: DescMessage): ValueText | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Timestamp":
      return jsonText(desc, timestamp);
    case "google.protobuf.Duration":
      return jsonText(desc, duration);
    case "google.protobuf.FieldMask":
      return fieldMaskText(desc);
    default:
      return undefined;
  }
}

// More exactly than protobuf-es, which lets a duration be followed by anything.
const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const duration = /^-?\d+(?:\.\d{1,9})?s$/;

function jsonText(desc: DescMessage, form: RegExp): ValueText {
  return {
    write: (value) => json(desc, value),
    read: (text) => {
      if (!form.test(text)) throw new Error(`is no ${desc.typeName}`);
      return parsed(desc, text);
    },
  };
}

/**
 * Names in lowerCamelCase, as in JSON. A grpc-gateway takes the names of a query as they are, so both forms
 * are read.
 */
function fieldMaskText(desc: DescMessage): ValueText {
  return {
    write: (value) => {
      const mask = checkedMessage(desc, value) as unknown as { paths: readonly string[] };
      // As text they would come back as another list of paths.
      const odd = mask.paths.find((path) => path === "" || path.includes(","));
      if (odd !== undefined) throw new Error(`has the path ${JSON.stringify(odd)}, which cannot be sent`);
      return json(desc, value);
    },
    read: (text) => {
      const paths = text === "" ? [] : text.split(",");
      const names = paths.map((path) => (path.includes("_") ? path : protoSnakeCase(path)));
      return create(desc, { paths: names } as never);
    },
  };
}

function json(desc: DescMessage, value: unknown): string {
  const message = checkedMessage(desc, value);
  try {
    return toJson(desc, message) as string;
  } catch (error) {
    throw new Error(`cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parsed(desc: DescMessage, text: string): MessageShape<DescMessage> {
  try {
    return fromJson(desc, text);
  } catch {
    throw new Error(`is no ${desc.typeName}`);
  }
}

function checkedMessage(desc: DescMessage, value: unknown): MessageShape<DescMessage> {
  if (isMessage(value, desc)) return value as MessageShape<DescMessage>;
  throw new Error(`has to be a ${desc.typeName}`);
}
