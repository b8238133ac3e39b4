import { create, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** A field that the compiled codecs support. */
export type CompilableField = DescField & { readonly fieldKind: "scalar" | "enum" | "message" | "list" };

/**
 * The fields of a message type that can be compiled; undefined for a type with maps, oneofs, groups, closed enums, 64-bit
 * integers as text, or fields that protobuf-es represents differently (wrappers, Struct), and for messages with a prototype
 * (proto2, default values). The types of message fields are not examined.
 */
export function compilableFieldsOf(desc: DescMessage): readonly CompilableField[] | undefined {
  if (Object.getPrototypeOf(create(desc)) !== Object.prototype) return undefined;
  return desc.fields.every(isCompilable) ? desc.fields : undefined;
}

function isCompilable(field: DescField): field is CompilableField {
  if (field.fieldKind === "map" || field.oneof !== undefined) return false;
  if (field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED) return false;
  if (field.message !== undefined) {
    const isGroup = "delimitedEncoding" in field && field.delimitedEncoding;
    return !isGroup && !isWrapperDesc(field.message) && field.message.typeName !== "google.protobuf.Struct";
  }
  if (field.enum !== undefined) return field.enum.open;
  return !("longAsString" in field && field.longAsString);
}
