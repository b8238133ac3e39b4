import type { DescField, Message } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import type { FieldPath } from "./field-path.ts";

/** Reads a field of a message as protobuf-es stores it: undefined if the field has presence and is not set. */
export type FieldReader = (message: Message) => unknown;

/** Compiles the reader of a field. */
export function fieldReader(field: DescField): FieldReader {
  const name = field.localName;
  const oneof = field.oneof?.localName;
  if (oneof !== undefined) {
    return (message) => {
      const member = properties(message)[oneof] as OneofValue | undefined;
      return member?.case === name ? member.value : undefined;
    };
  }
  if (field.presence === FeatureSet_FieldPresence.IMPLICIT) return (message) => properties(message)[name];
  // The prototype holds the default value of a field with presence (proto2, editions): only own properties are set.
  return (message) => (Object.hasOwn(message, name) ? properties(message)[name] : undefined);
}

/** Compiles the reader of a field path. It also returns undefined if a message on the path is not set. */
export function fieldPathReader(path: FieldPath): FieldReader {
  const readers = path.map(fieldReader);
  const [first] = readers;
  if (first !== undefined && readers.length === 1) return first;
  return (message) => {
    let value: unknown = message;
    for (const read of readers) {
      if (value === undefined) return undefined;
      value = read(value as Message);
    }
    return value;
  };
}

/** Sets a field to a value as protobuf-es stores it. */
export function setField(message: Message, field: DescField, value: unknown): void {
  if (field.oneof === undefined) properties(message)[field.localName] = value;
  else properties(message)[field.oneof.localName] = { case: field.localName, value };
}

interface OneofValue {
  readonly case: string | undefined;
  readonly value?: unknown;
}

/** protobuf-es stores fields as properties. */
function properties(message: Message): Record<string, unknown> {
  return message as unknown as Record<string, unknown>;
}
