import { isUtf8 } from "node:buffer";
import type { DescField, DescMessage, Message, MessageShape, Registry } from "@bufbuild/protobuf";
import { describeWrongType } from "../errors/wrong-type.ts";
import { asBuffer } from "./as-buffer.ts";
import { CodecError } from "./codec-error.ts";
import { JsonCursor } from "./compiled/json-cursor.ts";
import { compileJsonDecoder } from "./compiled/json-decoder.ts";
import { tryCompiled, UNSUPPORTED } from "./compiled/unsupported.ts";
import { fieldFromJson, messageFromJson, type UnknownAny } from "./json-decoder.ts";
import { compileJsonEncoder, compileJsonFieldEncoder, type JsonWriteOptions } from "./json-encoder.ts";
import { memoizeByType } from "./memoize-by-type.ts";
import { validateValues } from "./validate-values.ts";

/**
 * Encodes a message in protobuf's JSON format.
 *
 * @throws {@link CodecError} that names the field which cannot be encoded
 * @see https://protobuf.dev/programming-guides/json/
 */
export function encodeJson(desc: DescMessage, message: Message, options: JsonWriteOptions = {}): Buffer {
  try {
    return encoderOf(desc)(message, options);
  } catch (error) {
    explain(error, desc, message);
  }
}

const encoderOf = memoizeByType((desc) => compileJsonEncoder(desc));

/** Encodes a message in protobuf's JSON format, as text (see {@link encodeJson}). */
export function jsonTextOf(desc: DescMessage, message: Message, options?: JsonWriteOptions): string {
  return encodeJson(desc, message, options).toString();
}

/** Throws the error of an encoder, or one that names the field whose value it does not support. */
function explain(error: unknown, desc: DescMessage, message: Message): never {
  if (error !== UNSUPPORTED) throw error;
  if (message.$typeName !== desc.typeName) {
    throw new CodecError(`the message ${describeWrongType(`a ${desc.typeName}`, message)}`);
  }
  validateValues(desc, message);
  throw new CodecError("a value is not of its field's type");
}

/**
 * Decodes a message in protobuf's JSON format (see {@link messageFromJson}).
 *
 * @throws {@link CodecError} if the text is not JSON, or does not fit the message type
 */
export function decodeJson<Desc extends DescMessage>(
  desc: Desc,
  bytes: Uint8Array,
  registry?: Registry,
  unknownAny?: UnknownAny,
): MessageShape<Desc> {
  const decoded =
    tryCompiled(decoderOf(desc), bytes) ?? messageFromJson(desc, textOf(bytes), { registry, unknownAny });
  return decoded as MessageShape<Desc>;
}

/** The compiled decoder of a whole text. */
const decoderOf = memoizeByType((desc) => {
  const decode = compileJsonDecoder(desc);
  if (decode === undefined) return undefined;
  return (bytes: Uint8Array): Message => {
    const cursor = new JsonCursor(asBuffer(bytes));
    const message = decode(cursor);
    if (!cursor.isAtEnd()) throw UNSUPPORTED;
    return message;
  };
});

/** Encodes the value of one field, for an http rule whose body is that field. */
export function encodeJsonField(
  field: DescField,
  holder: Message,
  options: JsonWriteOptions = {},
): Uint8Array {
  try {
    return compileJsonFieldEncoder(field)(holder, options);
  } catch (error) {
    explain(error, field.parent, holder);
  }
}

/** Decodes the value of one field: returns a message of the field's parent type with only this field set. */
export function decodeJsonField(
  field: DescField,
  bytes: Uint8Array,
  registry?: Registry,
  unknownAny?: UnknownAny,
): Message {
  return fieldFromJson(field, textOf(bytes), { registry, unknownAny });
}

// Decodes with Buffer: TextDecoder costs more than to read a small message.
function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new CodecError("it is not UTF-8");
  const text = asBuffer(bytes).toString("utf8");
  // A parser may ignore a byte order mark (RFC 8259, section 8.1).
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}
