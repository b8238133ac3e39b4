import { type DescMessage, fromBinary, type Message, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { CodecError } from "./codec-error.ts";
import { compileDecoder, hasViews } from "./compiled/decoder.ts";
import { compileEncoder } from "./compiled/encoder.ts";
import { tryCompiled } from "./compiled/unsupported.ts";
import { memoizeByType } from "./memoize-by-type.ts";
import { validateBinary } from "./validate-binary.ts";
import { validateRequiredFields } from "./validate-required-fields.ts";
import { validateValues } from "./validate-values.ts";
import { wireSchemaOf } from "./wire-schema.ts";

/**
 * Encodes a message in protobuf's binary format.
 *
 * @throws an error of protobuf-es, or a {@link CodecError}, that names the field which cannot be encoded
 */
export function encodeBinary(desc: DescMessage, message: Message): Uint8Array {
  const encoded = tryCompiled(encoderOf(desc), message);
  if (encoded !== undefined) return encoded;
  validateValues(desc, message);
  return toBinary(desc, message as MessageShape<DescMessage>);
}

/**
 * Decodes a message in protobuf's binary format.
 *
 * @throws {@link CodecError} if the bytes are not a message of that type (see {@link validateBinary})
 */
export function decodeBinary<Desc extends DescMessage>(desc: Desc, bytes: Uint8Array): MessageShape<Desc> {
  return decodeBinaryBody(desc, bytes).message;
}

/** A message that was decoded from the body of a response. */
export interface DecodedBody<T extends Message = Message> {
  readonly message: T;
  /** Whether the message has views of the body, which then has to stay as it is. */
  readonly hasViews: boolean;
}

/** Decodes the body of a response (see {@link decodeBinary}). */
export function decodeBinaryBody<Desc extends DescMessage>(
  desc: Desc,
  bytes: Uint8Array,
): DecodedBody<MessageShape<Desc>> {
  const decoded = tryCompiled(decoderOf(desc), bytes);
  if (decoded !== undefined) return { message: decoded as MessageShape<Desc>, hasViews };
  validateBinary(wireSchemaOf(desc), bytes);
  // From a Buffer, protobuf-es would decode bytes fields as Buffers, whose slice() and equality differ from a Uint8Array.
  const message = fromValidBinary(desc, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  validateRequiredFields(desc, message);
  // protobuf-es makes views for bytes fields and unknown fields.
  return { message, hasViews: true };
}

function fromValidBinary<Desc extends DescMessage>(desc: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    return fromBinary(desc, bytes);
  } catch (cause) {
    throw new CodecError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const encoderOf = memoizeByType((desc) => compileEncoder(desc));
const decoderOf = memoizeByType(compileDecoder);
