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
import { protoCamelCase, protoSnakeCase } from "@bufbuild/protobuf/reflect";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { scalarFromText, scalarToText } from "./scalar-text.ts";
import { TranscodingError } from "./transcoding-error.ts";

/**
 * Writes a value of a field as text for a path or a query: the text of the JSON format, without quotes, except that bytes
 * are URL-safe base64.
 *
 * @param parent the path to the message that holds the field, for errors: `""` or `"shelf."`
 * @param index the place of the item, if the field is a list, for errors
 */
export type TextWriter = (value: unknown, parent: string, index?: number) => string;

/** Reads the text of a {@link TextWriter}. It returns the value as protobuf-es stores it in this field. */
export type TextReader = (text: string, parent: string, index?: number) => unknown;

/** How the paths of a FieldMask are written: as in the .proto file, or as in the JSON format. Both forms are read. */
export type FieldMaskForm = "snake_case" | "camelCase";

/** Writes and reads the values of a field in a URL; the items, if the field is a list. */
export interface FieldText {
  readonly write: TextWriter;
  readonly read: TextReader;
}

/**
 * Returns how the values of a field are written in a URL; undefined if they cannot be.
 *
 * google/api/http.proto allows primitive types. Like grpc-gateway (its `wellKnownTypeConv`) and vanguard (its
 * `isParameterType`), this also allows the well-known types that are a string in JSON: Timestamp, Duration, FieldMask and
 * the wrappers. They can be repeated, too: a grpc-gateway reads each item like a single value (its `populateRepeatedField`).
 *
 * @param fieldMask how a FieldMask is written
 */
export function fieldText(field: DescField, fieldMask: FieldMaskForm = "camelCase"): FieldText | undefined {
  const text = valueText(field, fieldMask);
  if (text === undefined) return undefined;
  return {
    write: (value, parent, index) => withFieldName(parent, field, index, () => text.write(value)),
    read: (value, parent, index) => withFieldName(parent, field, index, () => text.read(value)),
  };
}

interface ValueText {
  write(value: unknown): string;
  read(text: string): unknown;
}

function withFieldName<T>(
  parent: string,
  { name }: DescField,
  index: number | undefined,
  convert: () => T,
): T {
  try {
    return convert();
  } catch (error) {
    throw new TranscodingError(
      parent + itemName(name, index),
      error instanceof Error ? error.message : String(error),
    );
  }
}

/** The name of a field in errors, with the place of an item if the field is a list: `"tags[1]"`. */
export function itemName(name: string, index: number | undefined): string {
  return index === undefined ? name : `${name}[${index}]`;
}

function valueText(field: DescField, fieldMask: FieldMaskForm): ValueText | undefined {
  if (field.fieldKind === "map") return undefined;
  if (field.scalar !== undefined) return scalarText(field.scalar, field.longAsString);
  if (field.enum !== undefined) return enumText(field.enum);
  if (!isWrapperDesc(field.message)) return messageText(field.message, fieldMask);
  // protobuf-es stores a wrapper as a message in a oneof and in a list, and as its value elsewhere.
  const [{ scalar }] = field.message.fields;
  if (scalar === undefined) return undefined;
  const text = scalarText(scalar, false);
  const isMessage = field.oneof !== undefined || field.fieldKind === "list";
  return isMessage ? wrapperText(field.message, text) : text;
}

function scalarText(type: ScalarType, longAsString: boolean): ValueText {
  return {
    write: (value) => scalarToText(type, value),
    read: (text) => {
      const value = scalarFromText(type, text);
      return longAsString && typeof value === "bigint" ? String(value) : value;
    },
  };
}

function wrapperText(desc: DescMessage, inner: ValueText): ValueText {
  return {
    write: (value) => inner.write((checkedMessage(desc, value) as unknown as { value: unknown }).value),
    read: (text) => create(desc, { value: inner.read(text) } as never),
  };
}

/** Writes the name of an enum value; a number that an open enum does not know, as the number. */
function enumText(desc: DescEnum): ValueText {
  const byName = new Map(desc.values.map(({ name, number }) => [name, number]));
  const checked = (value: number) => {
    if (desc.open || desc.value[value] !== undefined) return value;
    throw new Error(`is ${value}, which is not a value of ${desc.typeName}`);
  };
  return {
    write: (value) => {
      const number = scalarToText(ScalarType.INT32, value);
      return desc.value[checked(Number(number))]?.name ?? number;
    },
    read: (text) => {
      const known = byName.get(text);
      if (known !== undefined) return known;
      if (!/^-?\d+$/.test(text)) throw new Error(`is not a value of ${desc.typeName}`);
      return checked(scalarFromText(ScalarType.INT32, text) as number);
    },
  };
}

function messageText(desc: DescMessage, fieldMask: FieldMaskForm): ValueText | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Timestamp":
      return jsonText(desc, timestamp);
    case "google.protobuf.Duration":
      return jsonText(desc, duration);
    case "google.protobuf.FieldMask":
      return fieldMaskText(desc, fieldMask);
    default:
      return undefined;
  }
}

// Stricter than protobuf-es, which accepts any text after a duration.
const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;
const duration = /^-?\d+(?:\.\d{1,9})?s$/;

function jsonText(desc: DescMessage, form: RegExp): ValueText {
  return {
    write: (value) => json(desc, value),
    read: (text) => {
      if (!form.test(text)) throw new Error(`is not a ${desc.typeName}`);
      return parsed(desc, text);
    },
  };
}

/**
 * Writes and reads paths, separated by commas. In a query, a grpc-gateway reads them as in the .proto file
 * (grpc-gateway#4134), and Google's servers and vanguard read them as in JSON. The form of JSON has no underscores, so all
 * paths of a text with an underscore are read as in the .proto file, also those with the key of a map.
 */
function fieldMaskText(desc: DescMessage, form: FieldMaskForm): ValueText {
  return {
    write: (value) => {
      const { paths } = checkedMessage(desc, value) as unknown as { paths: readonly string[] };
      for (const path of paths) checkMaskPath(path, form);
      const text = paths.join(",");
      return form === "camelCase" ? protoCamelCase(text) : text;
    },
    read: (text) => {
      const names = text.includes("_") ? text : protoSnakeCase(text);
      return create(desc, { paths: names === "" ? [] : names.split(",") } as never);
    },
  };
}

/** @throws an error if the path would be read as another one */
function checkMaskPath(path: unknown, form: FieldMaskForm): void {
  if (typeof path !== "string") throw new Error("has a path that is not a string");
  const shown = JSON.stringify(path);
  if (path === "" || path.includes(",")) throw new Error(`has the path ${shown}, which cannot be sent`);
  if (form === "camelCase" && protoSnakeCase(protoCamelCase(path)) !== path) {
    throw new Error(`has the path ${shown}, which cannot be written in camelCase`);
  }
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
    throw new Error(`is not a ${desc.typeName}`);
  }
}

function checkedMessage(desc: DescMessage, value: unknown): MessageShape<DescMessage> {
  if (isMessage(value, desc)) return value as MessageShape<DescMessage>;
  throw new Error(`has to be a ${desc.typeName}`);
}
