import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { CodecError } from "./codec-error.ts";

/** What half of a surrogate pair becomes in UTF-8, and in JSON. */
const REPLACED = "\ufffd";
const ESCAPED = /\\ud[89a-f]/;

/**
 * Refuses to have changed a text on the way: protobuf-es writes U+FFFD for what UTF-8 cannot say, half of a surrogate
 * pair. A string of protobuf's is UTF-8.
 *
 * @param written what protobuf-es made of the message, in binary or in JSON
 * @throws {@link CodecError} that names the field
 * @see https://protobuf.dev/programming-guides/proto3/#scalar
 */
export function refuseChangedText(desc: DescMessage, message: Message, written: Uint8Array | string): void {
  // To look for its trace takes next to nothing; where there is one, it may have been there before.
  if (typeof written === "string" ? !ESCAPED.test(written) : !bufferOf(written).includes(REPLACED)) return;
  refuseIllFormedText(reflect(desc, message as never), "");
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function refuseIllFormedText(message: ReflectMessage, parent: string): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const path = `${parent}${field.name}`;
    for (const value of valuesOf(message, field)) {
      if (isReflectMessage(value)) refuseIllFormedText(value, `${path}.`);
      else if (typeof value === "string" && !value.isWellFormed()) {
        throw new CodecError(`${path} is not well-formed Unicode`);
      }
    }
  }
}

/** The values of a field, with the keys of a map. */
function valuesOf(message: ReflectMessage, field: DescField): Iterable<unknown> {
  switch (field.fieldKind) {
    case "list":
      return message.get(field);
    case "map":
      return [...message.get(field)].flat();
    default:
      return [message.get(field)];
  }
}
