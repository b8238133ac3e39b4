import { validateHeaderValue } from "node:http";
import type { DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { encodeBinary } from "../../codecs/binary-codec.ts";
import { encodeJson, encodeJsonField } from "../../codecs/json-codec.ts";
import type { JsonWriteOptions } from "../../codecs/json-encoder.ts";
import type { Encoding } from "../../codecs/media-type.ts";
import { Code } from "../../errors/code.ts";
import type { Binding } from "../../transcoding/binding.ts";
import type { HttpBody } from "../../transcoding/http-body.ts";
import { responseContentOf } from "../../transcoding/place-body.ts";
import type { ErrorFormat } from "./error-format.ts";
import type { Reply } from "./reply.ts";
import { StatusError } from "./status-error.ts";
import type { StreamFormat } from "./stream-format.ts";

/** What all replies of a server have in common. */
export interface ReplySettings extends JsonWriteOptions {
  /** The message types that a google.protobuf.Any may hold. */
  readonly registry: Registry;
  /** The content type of each encoding; empty for none. */
  readonly contentTypes: Readonly<Record<Encoding, string>>;
  readonly errorFormat: ErrorFormat;
  /** The content type of errors, instead of the one of their form. */
  readonly errorContentType: string | undefined;
  readonly streamFormat: StreamFormat;
}

/** The header for a content type; none if it is empty. */
export function contentTypeHeader(contentType: string): Readonly<Record<string, string>> {
  return contentType === "" ? {} : { "content-type": contentType };
}

/** Makes a reply with status 200 from a message. */
export function encodeReply(
  desc: DescMessage,
  message: Message,
  encoding: Encoding,
  settings: ReplySettings,
): Reply {
  const body = encoding === "protobuf" ? encodeBinary(desc, message) : encodeJson(desc, message, settings);
  return { status: 200, headers: contentTypeHeader(settings.contentTypes[encoding]), body };
}

/**
 * Makes a reply from an rpc's output, or from the one field that the rule names as `response_body`.
 *
 * @throws StatusError `Unknown`, as in a grpc-gateway, for a field that is not a message in binary
 */
export function encodeOutput(
  binding: Binding,
  output: Message,
  encoding: Encoding,
  settings: ReplySettings,
): Reply {
  const content = responseContentOf(binding, output);
  if (binding.responseIsRaw && encoding === "json" && content.kind === "message") {
    return rawReply(content.message as HttpBody, binding, settings);
  }
  if (content.kind === "message") return encodeReply(content.desc, content.message, encoding, settings);
  if (encoding === "protobuf") throw new StatusError(Code.Unknown, "unable to marshal non proto field");
  const body = encodeJsonField(content.field, content.holder, settings);
  return { status: 200, headers: contentTypeHeader(settings.contentTypes.json), body };
}

/** Makes a reply whose body is raw. Only a whole output gives it its content type: a grpc-gateway does not look into a field. */
function rawReply(
  { contentType, data }: HttpBody,
  { responseField }: Binding,
  settings: ReplySettings,
): Reply {
  validateHeaderValue("content-type", contentType);
  const type = responseField === undefined ? contentType : settings.contentTypes.json;
  // A copy, because the handler may change its data.
  return { status: 200, headers: { "content-type": type }, body: new Uint8Array(data) };
}
