import {
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageShape,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";

/**
 * A message in JSON as a grpc-gateway writes it out of the box: with fields that are not set (protojson's
 * EmitUnpopulated). Zeros, `""`, `[]` and `{}` protobuf-es writes too when asked; messages that are not set
 * it never does, and those are `null` here. Members of a oneof and `optional` fields stay out.
 */
export function gatewayJson(desc: DescMessage, message: Message, registry: Registry): JsonValue {
  const json = toJson(desc, message as MessageShape<DescMessage>, { alwaysEmitImplicit: true, registry });
  return withUnset(reflect(desc, message as MessageShape<DescMessage>), json);
}

function withUnset(message: ReflectMessage, json: JsonValue): JsonValue {
  // Any, Timestamp, Struct and the like have a JSON form of their own.
  if (message.desc.typeName.startsWith("google.protobuf.")) return json;
  const fields = json as JsonObject;
  const all: JsonObject = {};
  for (const field of message.fields) {
    const value = fields[field.jsonName];
    if (value !== undefined) all[field.jsonName] = fieldWithUnset(message, field, value);
    else if (isNullWhenUnset(field)) all[field.jsonName] = null;
  }
  return all;
}

function fieldWithUnset(message: ReflectMessage, field: DescField, json: JsonValue): JsonValue {
  if (field.message === undefined || json === null) return json;
  if (field.fieldKind === "message") return withUnset(message.get(field), json);
  if (field.fieldKind === "list") {
    const items = Array.from(message.get(field)) as ReflectMessage[];
    return items.map((item, i) => withUnset(item, (json as JsonValue[])[i] as JsonValue));
  }
  const entries = message.get(field) as Iterable<[unknown, ReflectMessage]>;
  return Object.fromEntries(
    Array.from(entries, ([key, value]) => [
      String(key),
      withUnset(value, (json as JsonObject)[String(key)] as JsonValue),
    ]),
  );
}

function isNullWhenUnset(field: DescField): boolean {
  return field.fieldKind === "message" && field.oneof === undefined && !field.proto.proto3Optional;
}
