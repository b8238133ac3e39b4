import { isUtf8 } from "node:buffer";
import {
  type DescField,
  type DescMessage,
  type JsonObject,
  type Message,
  type MessageShape,
  type Registry,
  toJson,
  toJsonString,
} from "@bufbuild/protobuf";
import { checkValues } from "./check-values.ts";
import { CodecError } from "./codec-error.ts";
import { fieldFromJson, messageFromJson, type UnknownAny } from "./json-decoder.ts";
import { oncePerType } from "./once-per-type.ts";
import { compileJsonEncoder } from "./plain-json-encoder.ts";
import { ifEveryday } from "./unusual.ts";
import { utf8Of } from "./utf8.ts";

/**
 * Writes a message in protobuf's JSON format.
 *
 * @throws an error of protobuf-es, or a {@link CodecError}, that names the field which cannot be written
 * @see https://protobuf.dev/programming-guides/json/
 */
export function encodeJson(desc: DescMessage, message: Message, registry?: Registry): Uint8Array {
  const everyday = ifEveryday(encoderOf(desc), message);
  if (everyday !== undefined) return utf8Of(everyday);
  checkValues(desc, message);
  return utf8Of(toJsonString(desc, message as MessageShape<DescMessage>, withRegistry(registry)));
}

const encoderOf = oncePerType((desc) => compileJsonEncoder(desc));

/**
 * Reads a message in protobuf's JSON format (see {@link messageFromJson}).
 *
 * @throws {@link CodecError} if the text is not JSON, or does not fit the message type
 */
export function decodeJson<Desc extends DescMessage>(
  desc: Desc,
  bytes: Uint8Array,
  registry?: Registry,
  unknownAny?: UnknownAny,
): MessageShape<Desc> {
  return messageFromJson(desc, textOf(bytes), { registry, unknownAny }) as MessageShape<Desc>;
}

/** Writes the value of one field, for a rule whose HTTP body is that field. */
export function encodeJsonField(field: DescField, holder: Message, registry?: Registry): Uint8Array {
  const options = withRegistry(registry);
  const message = holder as MessageShape<DescMessage>;
  checkValues(field.parent, holder);
  const { [field.jsonName]: value } = toJson(field.parent, message, options) as JsonObject;
  if (value !== undefined) return utf8Of(JSON.stringify(value));
  // An unset list is `[]` and an unset number `0`: a body is never absent.
  const { [field.jsonName]: zero } = toJson(field.parent, message, {
    ...options,
    alwaysEmitImplicit: true,
  }) as JsonObject;
  return utf8Of(JSON.stringify(zero ?? null));
}

/** Reads the value of one field: gives a message of the field's parent type with just this field set. */
export function decodeJsonField(
  field: DescField,
  bytes: Uint8Array,
  registry?: Registry,
  unknownAny?: UnknownAny,
): Message {
  return fieldFromJson(field, textOf(bytes), { registry, unknownAny });
}

// Buffer's way, because that of TextDecoder costs more than reading a small message.
function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new CodecError("it is not UTF-8");
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  // A reader may ignore a byte order mark (RFC 8259, section 8.1).
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

function withRegistry(registry: Registry | undefined): { registry: Registry } | undefined {
  return registry && { registry };
}
