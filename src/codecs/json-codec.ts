import { isUtf8 } from "node:buffer";
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
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { checkValues } from "./check-values.ts";
import { CodecError } from "./codec-error.ts";
import { withExactIntegers } from "./exact-integers.ts";
import { oncePerType } from "./once-per-type.ts";
import { compileJsonDecoder } from "./plain-json-decoder.ts";
import { compileJsonEncoder } from "./plain-json-encoder.ts";
import { withoutUnknownAnys } from "./unknown-any.ts";
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
const decoderOf = oncePerType(compileJsonDecoder);

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
    const everyday = ifEveryday(decoderOf(desc), text);
    if (everyday !== undefined) return everyday as MessageShape<Desc>;
    const exact = withExactIntegers(desc, text);
    if (exact !== undefined) return fromParsed(desc, text, exact, registry, unknownAny);
    try {
      return fromJsonString(desc, text, readOptions(registry));
    } catch (error) {
      // Only an Any of an unknown type is worth another look; its "@type" may be spelt with escapes.
      if (unknownAny === "refused" || !text.includes("type")) throw error;
      return fromParsed(desc, text, JSON.parse(text) as JsonValue, registry, unknownAny);
    }
  });
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
  unknownAny: UnknownAny = "refused",
): Message {
  return guarded(() => {
    const text = textOf(bytes);
    // By itself first, so that nothing can close the message that is put around it.
    fromJsonString(ValueSchema, text);
    const message = `{${JSON.stringify(field.jsonName)}:${text}}`;
    return decodeJson(field.parent, utf8Of(message), registry, unknownAny);
  });
}

/** Reads JSON that was parsed to be changed; `text` is what it was parsed from. */
function fromParsed<Desc extends DescMessage>(
  desc: Desc,
  text: string,
  json: JsonValue,
  registry: Registry | undefined,
  unknownAny: UnknownAny,
): MessageShape<Desc> {
  // JSON.parse lets a key stand twice; protobuf-es does not, whatever it reads.
  fromJsonString(ValueSchema, text);
  const known = unknownAny === "kept" ? withoutUnknownAnys(desc, json, registry) : undefined;
  return fromJson(desc, known ?? json, readOptions(registry));
}

function guarded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new CodecError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

// Buffer's way, because that of TextDecoder costs more than reading a small message.
function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new TypeError("it is not UTF-8");
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  // A reader may ignore a byte order mark (RFC 8259, section 8.1).
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

function withRegistry(registry: Registry | undefined): { registry: Registry } | undefined {
  return registry && { registry };
}

function readOptions(registry: Registry | undefined) {
  return { ignoreUnknownFields: true, ...withRegistry(registry) };
}
