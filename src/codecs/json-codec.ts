import {
  type DescField,
  type DescMessage,
  fromJson,
  fromJsonString,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageShape,
  type Registry,
  toJson,
  toJsonString,
} from "@bufbuild/protobuf";
import { CodecError } from "./codec-error.ts";
import { withoutUnknownAnys } from "./unknown-any.ts";

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Writes a message in protobuf's JSON format.
 *
 * @see https://protobuf.dev/programming-guides/json/
 */
export function encodeJson(desc: DescMessage, message: Message, registry?: Registry): Uint8Array {
  return utf8.encode(toJsonString(desc, message as MessageShape<DescMessage>, withRegistry(registry)));
}

/** What becomes of a google.protobuf.Any whose type the registry does not know (see {@link withoutUnknownAnys}). */
export type UnknownAny = "refused" | "kept";

/**
 * Reads a message in protobuf's JSON format: either spelling of a field's name, 64-bit integers as text or
 * number, unknown fields ignored.
 *
 * @throws {@link CodecError} if the text is not JSON, or does not fit the message type
 */
export function decodeJson<Desc extends DescMessage>(
  desc: Desc,
  bytes: Uint8Array,
  registry?: Registry,
  unknownAny: UnknownAny = "refused",
): MessageShape<Desc> {
  return guarded(() => {
    const text = textOf(bytes);
    if (unknownAny === "kept" && text.includes('"@type"')) {
      const known = withoutUnknownAnys(desc, JSON.parse(text) as JsonValue, registry);
      if (known !== undefined) return fromJson(desc, known, readOptions(registry));
    }
    return fromJsonString(desc, text, readOptions(registry));
  });
}

/** Writes the value of one field, for a rule whose HTTP body is that field. */
export function encodeJsonField(field: DescField, holder: Message, registry?: Registry): Uint8Array {
  const options = withRegistry(registry);
  const message = holder as MessageShape<DescMessage>;
  const { [field.jsonName]: value } = toJson(field.parent, message, options) as JsonObject;
  if (value !== undefined) return utf8.encode(JSON.stringify(value));
  // An unset list is `[]` and an unset number `0`: a body is never absent.
  const { [field.jsonName]: zero } = toJson(field.parent, message, {
    ...options,
    alwaysEmitImplicit: true,
  }) as JsonObject;
  return utf8.encode(JSON.stringify(zero ?? null));
}

/** Reads the value of one field: gives a message of the field's parent type with just this field set. */
export function decodeJsonField(
  field: DescField,
  bytes: Uint8Array,
  registry?: Registry,
  unknownAny: UnknownAny = "refused",
): Message {
  return guarded(() => {
    const json = { [field.jsonName]: JSON.parse(textOf(bytes)) as JsonValue };
    const known = unknownAny === "kept" ? withoutUnknownAnys(field.parent, json, registry) : undefined;
    return fromJson(field.parent, known ?? json, readOptions(registry));
  });
}

function guarded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new CodecError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function textOf(bytes: Uint8Array): string {
  return strictUtf8.decode(bytes);
}

function withRegistry(registry: Registry | undefined): { registry: Registry } | undefined {
  return registry && { registry };
}

function readOptions(registry: Registry | undefined) {
  return { ignoreUnknownFields: true, ...withRegistry(registry) };
}
