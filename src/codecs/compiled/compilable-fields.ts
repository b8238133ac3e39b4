import { types } from "node:util";
import { create, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** A field that the compiled codecs know. Everything else makes its message one for protobuf-es alone. */
export type CompilableField = DescField & { readonly fieldKind: "scalar" | "enum" | "message" | "list" };

/**
 * The fields of a message type that is worth compiling, or undefined: one with maps, oneofs, groups, closed enums,
 * 64-bit integers as text, fields that protobuf-es keeps in another form (wrappers, Struct), or whose messages need
 * a prototype of their own (proto2, defaults). What its own fields hold is a question of their types.
 */
export function compilableFieldsOf(desc: DescMessage): readonly CompilableField[] | undefined {
  if (Object.getPrototypeOf(create(desc)) !== Object.prototype) return undefined;
  return desc.fields.every(isPlain) ? desc.fields : undefined;
}

function isPlain(field: DescField): field is CompilableField {
  if (field.fieldKind === "map" || field.oneof !== undefined) return false;
  if (field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED) return false;
  if (field.message !== undefined) {
    const isGroup = "delimitedEncoding" in field && field.delimitedEncoding;
    return !isGroup && !isWrapperDesc(field.message) && field.message.typeName !== "google.protobuf.Struct";
  }
  if (field.enum !== undefined) return field.enum.open;
  return !("longAsString" in field && field.longAsString);
}

/** Whether a value is the one that is not written, as protobuf-es sees it. */
export function zeroTestOf({ scalar }: DescField): (value: unknown) => boolean {
  switch (scalar) {
    case ScalarType.STRING:
      return (value) => value === "";
    case ScalarType.BOOL:
      return (value) => value === false;
    case ScalarType.BYTES:
      return (value) => types.isUint8Array(value) && value.length === 0;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return (value) => Object.is(value, 0);
    default:
      // A 64-bit integer may be kept as text.
      return (value) => value === 0 || value === 0n || value === "0";
  }
}
