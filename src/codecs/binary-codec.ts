import { type DescMessage, fromBinary, type Message, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { checkBinary } from "./check-binary.ts";
import { checkValues } from "./check-values.ts";
import { CodecError } from "./codec-error.ts";
import { oncePerType } from "./once-per-type.ts";
import { compileDecoder } from "./plain-decoder.ts";
import { compileEncoder } from "./plain-encoder.ts";
import { checkRequiredFields } from "./required-fields.ts";
import { ifEveryday } from "./unusual.ts";
import { shapeOf } from "./wire-shape.ts";

/**
 * Writes a message in protobuf's binary format.
 *
 * @throws an error of protobuf-es, or a {@link CodecError}, that names the field which cannot be written
 */
export function encodeBinary(desc: DescMessage, message: Message): Uint8Array {
  const everyday = ifEveryday(encoderOf(desc), message);
  if (everyday !== undefined) return everyday;
  checkValues(desc, message);
  return toBinary(desc, message as MessageShape<DescMessage>);
}

/**
 * Reads a message in protobuf's binary format.
 *
 * @throws {@link CodecError} if the bytes are not a message of that type (see {@link checkBinary})
 */
export function decodeBinary<Desc extends DescMessage>(desc: Desc, bytes: Uint8Array): MessageShape<Desc> {
  const everyday = ifEveryday(decoderOf(desc), bytes);
  if (everyday !== undefined) return everyday as MessageShape<Desc>;
  checkBinary(shapeOf(desc), bytes);
  // A Buffer would make Buffers of bytes fields, which are no plain Uint8Arrays to whoever compares or slices them.
  const message = fromCheckedBinary(desc, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  checkRequiredFields(desc, message);
  return message;
}

function fromCheckedBinary<Desc extends DescMessage>(desc: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    return fromBinary(desc, bytes);
  } catch (cause) {
    throw new CodecError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const encoderOf = oncePerType((desc) => compileEncoder(desc));
const decoderOf = oncePerType(compileDecoder);
