import type { Message, Registry } from "@bufbuild/protobuf";
import { encodeBinary } from "../codecs/binary-codec.ts";
import { encodeJson, encodeJsonField } from "../codecs/json-codec.ts";
import type { Encoding } from "../codecs/media-type.ts";
import type { Binding } from "../transcoding/binding.ts";
import { type BodyContent, requestBodyOf } from "../transcoding/place-body.ts";

/** Writes the body that a binding gives a message; null if there is none, or none of any length. */
export function encodeRequestBody(
  binding: Binding,
  message: Message,
  encoding: Encoding,
  registry: Registry | undefined,
): Uint8Array | null {
  const content = requestBodyOf(binding, message);
  if (content === undefined) return null;
  const bytes = encodeContent(content, encoding, registry);
  return bytes.length === 0 ? null : bytes;
}

function encodeContent(content: BodyContent, encoding: Encoding, registry: Registry | undefined): Uint8Array {
  if (content.kind === "field") return encodeJsonField(content.field, content.holder, registry);
  if (encoding === "json") return encodeJson(content.desc, content.message, registry);
  return encodeBinary(content.desc, content.message);
}
