import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fieldText } from "./field-text.ts";

/** How a field is written in a query. */
export type QueryField =
  /** One parameter. */
  | { readonly kind: "value"; readonly key: string }
  /** One parameter for each item. */
  | { readonly kind: "list"; readonly key: string }
  /** One parameter for each of its fields: `sub.subfield`. */
  | { readonly kind: "message"; readonly key: string; readonly desc: DescMessage }
  /** The field cannot be in a query. */
  | { readonly kind: "unsupported"; readonly predicate: string };

/**
 * Returns how a field is written in a query. google/api/http.proto allows "a primitive type or a repeated primitive type or
 * a non-repeated message type". Messages that are one parameter (see {@link fieldText}) can be repeated like primitive types.
 * Struct, Value, ListValue and Any have JSON forms of their own, and there are no parameters for them that all gateways read.
 */
export function queryField(field: DescField): QueryField {
  const key = queryKey(field);
  if (field.fieldKind === "map") return unsupported("a map");
  const isText = fieldText(field) !== undefined;
  if (field.fieldKind === "list") return isText ? { kind: "list", key } : unsupported("a repeated message");
  if (isText) return { kind: "value", key };
  if (field.fieldKind === "message" && !withoutParameters.has(field.message.typeName)) {
    return { kind: "message", key, desc: field.message };
  }
  return unsupported(`a ${field.message?.typeName}`);
}

const withoutParameters: ReadonlySet<string> = new Set([
  "google.protobuf.Any",
  "google.protobuf.ListValue",
  "google.protobuf.Struct",
  "google.protobuf.Value",
]);

/** The JSON name, or the name in the .proto file if the JSON name would be read as a path. */
function queryKey({ jsonName, name }: DescField): string {
  return jsonName.includes(".") ? name : jsonName;
}

function unsupported(what: string): QueryField {
  return { kind: "unsupported", predicate: `is ${what}, which cannot be a query parameter` };
}
