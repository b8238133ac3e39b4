import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fieldText } from "./field-text.ts";

/** What a field is in a query. */
export type QueryField =
  /** One parameter. */
  | { readonly kind: "value"; readonly key: string }
  /** One parameter for each item. */
  | { readonly kind: "list"; readonly key: string }
  /** One parameter for each of its fields: `sub.subfield`. */
  | { readonly kind: "message"; readonly key: string; readonly desc: DescMessage }
  /** Cannot stand there. */
  | { readonly kind: "refused"; readonly predicate: string };

/**
 * What a field is in a query. google/api/http.proto allows "a primitive type or a repeated primitive type or
 * a non-repeated message type". Struct, Value, ListValue and Any are no messages in JSON, and have no
 * parameters that all gateways read.
 */
export function queryField(field: DescField): QueryField {
  const key = queryKey(field);
  if (field.fieldKind === "map") return refused("a map");
  const isText = fieldText(field) !== undefined;
  if (field.fieldKind === "list") return isText ? { kind: "list", key } : refused("a repeated message");
  if (isText) return { kind: "value", key };
  if (field.fieldKind === "message" && !shapeless.has(field.message.typeName)) {
    return { kind: "message", key, desc: field.message };
  }
  return refused(`a ${field.message?.typeName}`);
}

const shapeless: ReadonlySet<string> = new Set([
  "google.protobuf.Any",
  "google.protobuf.ListValue",
  "google.protobuf.Struct",
  "google.protobuf.Value",
]);

/** The JSON name; the .proto file's name where the JSON name would be taken for a path. */
function queryKey({ jsonName, name }: DescField): string {
  return jsonName.includes(".") ? name : jsonName;
}

function refused(what: string): QueryField {
  return { kind: "refused", predicate: `is ${what}, which cannot be a query parameter` };
}
