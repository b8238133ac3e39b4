import { type DescMessage, fromBinary, type Message, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { checkBinary } from "./check-binary.ts";
import { CodecError } from "./codec-error.ts";
import { compileDecoder } from "./plain-decoder.ts";
import { compileEncoder } from "./plain-encoder.ts";
import { unusual } from "./unusual.ts";
import { shapeOf } from "./wire-shape.ts";

/** Writes a message in protobuf's binary format. */
export function encodeBinary(desc: DescMessage, message: Message): Uint8Array {
  const { encode } = codecOf(desc);
  if (encode !== undefined) {
    try {
      return encode(message);
    } catch (error) {
      if (error !== unusual) throw error;
    }
  }
  return toBinary(desc, message as MessageShape<DescMessage>);
}

/**
 * Reads a message in protobuf's binary format.
 *
 * @throws {@link CodecError} if the bytes are not a message of that type (see {@link checkBinary})
 */
export function decodeBinary<Desc extends DescMessage>(desc: Desc, bytes: Uint8Array): MessageShape<Desc> {
  const { decode } = codecOf(desc);
  if (decode !== undefined) {
    try {
      return decode(bytes) as MessageShape<Desc>;
    } catch (error) {
      if (error !== unusual) throw error;
    }
  }
  checkBinary(shapeOf(desc), bytes);
  try {
    // A Buffer would make Buffers of bytes fields, which are no plain Uint8Arrays to whoever compares or slices them.
    return fromBinary(desc, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (cause) {
    throw new CodecError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

interface CompiledCodec {
  readonly encode: ReturnType<typeof compileEncoder>;
  readonly decode: ReturnType<typeof compileDecoder>;
}

const codecs = new WeakMap<DescMessage, CompiledCodec>();

function codecOf(desc: DescMessage): CompiledCodec {
  let codec = codecs.get(desc);
  if (codec === undefined) {
    codec = { encode: compileEncoder(desc), decode: compileDecoder(desc) };
    codecs.set(desc, codec);
  }
  return codec;
}
