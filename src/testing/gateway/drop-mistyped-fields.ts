import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { CodecError } from "../../codecs/codec-error.ts";
import type { FieldWireSchema, MessageWireSchema } from "../../codecs/wire-schema.ts";

/**
 * Removes the known fields with a wrong wire type from the bytes of a message. Go's protobuf takes such a field for an
 * unknown one, so a grpc-gateway runs the rpc as if the field had not been sent.
 *
 * @throws {@link CodecError} if the bytes are not valid protobuf
 */
export function dropMistypedFields(schema: MessageWireSchema, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const reader = new BinaryReader(bytes);
  const writer = new BinaryWriter();
  try {
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      const start = reader.pos;
      reader.skip(wireType, number);
      const field = schema.get(number);
      if (field !== undefined && !matches(field, wireType)) continue;
      const value = bytes.subarray(start, reader.pos);
      writer.tag(number, wireType);
      const inner = field === undefined ? undefined : messageSchemaOf(field);
      if (inner === undefined) writer.raw(value);
      else writer.bytes(dropMistypedFields(inner, new BinaryReader(value).bytes()));
    }
  } catch (cause) {
    if (cause instanceof CodecError) throw cause;
    throw new CodecError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  return writer.finish();
}

function matches({ value, packable }: FieldWireSchema, wireType: WireType): boolean {
  return wireType === value.wireType || (packable && wireType === WireType.LengthDelimited);
}

/** The wire schema of a message field; undefined for a group, which stays unchanged. */
function messageSchemaOf({ value }: FieldWireSchema): MessageWireSchema | undefined {
  if (value.wireType !== WireType.LengthDelimited || typeof value.holds === "string") return undefined;
  return value.holds();
}
