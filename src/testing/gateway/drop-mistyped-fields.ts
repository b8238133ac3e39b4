import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { CodecError } from "../../codecs/codec-error.ts";
import type { FieldWireSchema, MessageWireSchema } from "../../codecs/wire-schema.ts";

/**
 * The bytes of a message without the known fields that have another wire type than theirs. Go's protobuf takes
 * such a field for an unknown one: a grpc-gateway runs the rpc as if it had not been sent, and so do we.
 *
 * @throws {@link CodecError} if the bytes are not protobuf at all
 */
export function dropMistypedFields(shape: MessageWireSchema, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const reader = new BinaryReader(bytes);
  const writer = new BinaryWriter();
  try {
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      const start = reader.pos;
      reader.skip(wireType, number);
      const field = shape.get(number);
      if (field !== undefined && !fits(field, wireType)) continue;
      const value = bytes.subarray(start, reader.pos);
      writer.tag(number, wireType);
      const inner = field === undefined ? undefined : messageIn(field);
      if (inner === undefined) writer.raw(value);
      else writer.bytes(dropMistypedFields(inner, new BinaryReader(value).bytes()));
    }
  } catch (cause) {
    if (cause instanceof CodecError) throw cause;
    throw new CodecError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  return writer.finish();
}

function fits({ value, packable }: FieldWireSchema, wireType: WireType): boolean {
  return wireType === value.wireType || (packable && wireType === WireType.LengthDelimited);
}

/** The shape of the message that a field holds; of a group, nothing: it is passed on as it is. */
function messageIn({ value }: FieldWireSchema): MessageWireSchema | undefined {
  if (value.wireType !== WireType.LengthDelimited || typeof value.holds === "string") return undefined;
  return value.holds();
}
