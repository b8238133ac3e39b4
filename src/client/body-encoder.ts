import { create, type Message } from "@bufbuild/protobuf";
import { decodeBinary, encodeBinary } from "../codecs/binary-codec.ts";
import { compileEncoder } from "../codecs/compiled/encoder.ts";
import { tryCompiled } from "../codecs/compiled/unsupported.ts";
import { encodeJson, encodeJsonField } from "../codecs/json-codec.ts";
import { compileJsonEncoder, type JsonWriteOptions } from "../codecs/json-encoder.ts";
import type { Encoding } from "../codecs/media-type.ts";
import { unlikeJson } from "../codecs/unlike-json.ts";
import type { Binding } from "../transcoding/binding.ts";
import { type BodyContent, requestContentOf } from "../transcoding/place-body.ts";

/** Encodes the body of a request. Returns null if there is no body or it is empty. */
export type BodyEncoder = (message: Message) => Uint8Array | null;

/** Creates the encoder of a binding's request body. */
export function bodyEncoder(binding: Binding, encoding: Encoding, options: JsonWriteOptions): BodyEncoder {
  if (binding.requestBody.kind === "none") return () => null;
  const fallback = (message: Message) => {
    const content = requestContentOf(binding, message);
    return content === undefined ? null : encodeContent(content, encoding, options);
  };
  const compiled = compiledEncoder(binding, encoding, options);
  return (message) => {
    const bytes = tryCompiled(compiled, message) ?? fallback(message);
    if (bytes === null || bytes.length === 0) return null;
    return encoding === "protobuf" ? unlikeJson(bytes) : bytes;
  };
}

/** Converts a binary body to JSON. Returns null if the binding has no body. */
export function bodyInJson(
  { requestBody }: Binding,
  body: Uint8Array | null,
  options: JsonWriteOptions,
): Uint8Array | null {
  // The body of a `body: "field"` binding is never binary.
  if (requestBody.kind !== "message") return null;
  const { desc } = requestBody;
  return encodeJson(desc, body === null ? create(desc) : decodeBinary(desc, body), options);
}

/** If the path holds only top-level fields, the encoder skips them, so the message need not be copied. */
function compiledEncoder(
  { requestBody }: Binding,
  encoding: Encoding,
  options: JsonWriteOptions,
): ((message: Message) => Uint8Array) | undefined {
  if (requestBody.kind !== "message") return undefined;
  const { desc, bound } = requestBody;
  if ([...bound.values()].some((inner) => inner !== "whole")) return undefined;
  const skipped = new Set([...bound.keys()].map(({ name }) => name));
  if (encoding === "protobuf") return compileEncoder(desc, skipped);
  const encode = compileJsonEncoder(desc, skipped);
  return (message) => encode(message, options);
}

function encodeContent(content: BodyContent, encoding: Encoding, options: JsonWriteOptions): Uint8Array {
  if (content.kind === "field") return encodeJsonField(content.field, content.holder, options);
  if (encoding === "json") return encodeJson(content.desc, content.message, options);
  return encodeBinary(content.desc, content.message);
}
