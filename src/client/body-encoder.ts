import { create, type Message } from "@bufbuild/protobuf";
import { decodeBinary, encodeBinary } from "../codecs/binary-codec.ts";
import { compileEncoder } from "../codecs/compiled/encoder.ts";
import { tryCompiled } from "../codecs/compiled/unsupported.ts";
import { encodeJson, encodeJsonField } from "../codecs/json-codec.ts";
import { compileJsonEncoder, type JsonWriteOptions } from "../codecs/json-encoder.ts";
import type { Encoding } from "../codecs/media-type.ts";
import { utf8Of } from "../codecs/utf8.ts";
import type { Binding } from "../transcoding/binding.ts";
import { type BodyContent, requestBodyOf } from "../transcoding/place-body.ts";

/** Writes the body of a request; null if there is none, or none of any length. */
export type BodyEncoder = (message: Message) => Uint8Array | null;

/** Makes the function that writes the body which a binding gives a message. */
export function bodyEncoder(binding: Binding, encoding: Encoding, options: JsonWriteOptions): BodyEncoder {
  if (binding.requestBody.kind === "none") return () => null;
  const anyWay = (message: Message) => {
    const content = requestBodyOf(binding, message);
    return content === undefined ? null : encodeContent(content, encoding, options);
  };
  const compiled = compiledEncoder(binding, encoding, options);
  return (message) => {
    const bytes = tryCompiled(compiled, message) ?? anyWay(message);
    return bytes?.length === 0 ? null : bytes;
  };
}

/** What a binary body says, in JSON; null if the binding has no body. */
export function bodyInJson(
  { requestBody }: Binding,
  body: Uint8Array | null,
  options: JsonWriteOptions,
): Uint8Array | null {
  // A body that is a field is never binary.
  if (requestBody.kind !== "message") return null;
  const { desc } = requestBody;
  return encodeJson(desc, body === null ? create(desc) : decodeBinary(desc, body), options);
}

/** Where only fields at the top are in the path, the encoder passes over them, and nothing has to be copied. */
function compiledEncoder(
  { requestBody }: Binding,
  encoding: Encoding,
  options: JsonWriteOptions,
): ((message: Message) => Uint8Array) | undefined {
  if (requestBody.kind !== "message") return undefined;
  const { desc, bound } = requestBody;
  if ([...bound.values()].some((inner) => inner !== "whole")) return undefined;
  const carried = new Set([...bound.keys()].map(({ name }) => name));
  if (encoding === "protobuf") return compileEncoder(desc, carried);
  const toJson = compileJsonEncoder(desc, carried);
  return (message) => utf8Of(toJson(message, options));
}

function encodeContent(content: BodyContent, encoding: Encoding, options: JsonWriteOptions): Uint8Array {
  if (content.kind === "field") return encodeJsonField(content.field, content.holder, options);
  if (encoding === "json") return encodeJson(content.desc, content.message, options);
  return encodeBinary(content.desc, content.message);
}
