import { create, type Message, type Registry } from "@bufbuild/protobuf";
import { type DecodedBody, decodeBinaryBody } from "../codecs/binary-codec.ts";
import { CodecError } from "../codecs/codec-error.ts";
import { decodeJson, decodeJsonField } from "../codecs/json-codec.ts";
import { contentTypeOf, type Encoding, encodingOf, mediaTypeOf } from "../codecs/media-type.ts";
import { Code } from "../errors/code.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import { MAY_BE_CUT } from "../http/message-body.ts";
import type { Binding } from "../transcoding/binding.ts";
import { responseFrom } from "../transcoding/place-body.ts";
import type { AttemptFailure } from "./attempt-failure.ts";
import { readRawBody } from "./read-raw-body.ts";
import { beginsAsJson, isResponseInJson } from "./recognize-json.ts";

/** The settings of a transport that decoding depends on. */
export interface ReadOptions {
  readonly protobufMediaType: string;
  readonly registry: Registry;
}

/**
 * Reads the message in a 2xx response. The response chooses the encoding ({@link encodingOfResponse}), not the request's
 * `accept`.
 * A body that is not the method's output is a failure with outcome `unknown`: the rpc may have been carried out.
 */
export function readResponse(
  binding: Binding,
  response: HttpResponse,
  options: ReadOptions,
): DecodedBody | AttemptFailure {
  try {
    return decodeResponse(binding, response, options);
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause;
    const { status, headers, body } = response;
    const reason = `cannot decode the response: ${cause.message}`;
    const init = {
      code: Code.DataLoss,
      reason,
      outcome: "unknown",
      status,
      headers,
      body,
      cause,
    } as const;
    return { init, retry: "never" };
  }
}

function decodeResponse(binding: Binding, response: HttpResponse, options: ReadOptions): DecodedBody {
  const { status, body, headers, isCloseDelimited } = response;
  const { output } = binding.method;
  if (status === 206) throw new CodecError("it is partial, although the request had no Range");
  if (binding.verb === "HEAD") {
    // RFC 9110, section 9.3.2: a response to HEAD never has a body.
    if (output.fields.length === 0) return withoutViews(create(output));
    throw new CodecError(`the response to a HEAD request has no body, and so no ${output.typeName}`);
  }
  // By definition it has no body, whatever its headers say.
  if (status === 204) return withoutViews(create(output));
  if (binding.responseIsRaw) {
    if (isCloseDelimited) throw new CodecError(MAY_BE_CUT);
    return readRawBody(binding, response);
  }
  const contentType = contentTypeOf(headers);
  const encoding = encodingOfResponse(binding, contentType, body, options.protobufMediaType);
  // JSON marks its own end, unless it is a bare number. Binary does not: cut between two fields, or before the first one, it is still a message.
  if (isCloseDelimited && (encoding !== "json" || !marksItsEnd(body))) throw new CodecError(MAY_BE_CUT);
  if (body.length === 0) return withoutViews(decodeEmptyBody(binding, encoding, contentType));
  if (encoding === undefined) throw new CodecError(describeContentType(contentType));
  const field = binding.responseField;
  if (field === undefined) {
    return encoding === "json"
      ? withoutViews(decodeJson(output, body, options.registry, "kept"))
      : decodeBinaryBody(output, body);
  }
  if (encoding === "json") return withoutViews(decodeJsonField(field, body, options.registry, "kept"));
  if (field.fieldKind !== "message") {
    throw new CodecError(`it is binary, but ${field.toString()} is not a message`);
  }
  const { message, hasViews } = decodeBinaryBody(field.message, body);
  return { message: responseFrom(binding, message), hasViews };
}

function withoutViews(message: Message): DecodedBody {
  return { message, hasViews: false };
}

/**
 * A content type that says binary or JSON is believed. If there is another one or none, the body may be unmistakable JSON:
 * Go's net/http labels what a handler leaves unlabelled as text/plain. Some servers label everything as
 * application/octet-stream, which is what a stock grpc-gateway calls binary, so that label is not believed for text.
 */
function encodingOfResponse(
  binding: Binding,
  contentType: string | undefined,
  body: Uint8Array,
  protobufMediaType: string,
): Encoding | undefined {
  const labelled = encodingOf(contentType, protobufMediaType);
  if (labelled === "json" || (labelled === "protobuf" && !beginsAsJson(body))) return labelled;
  const type = contentType && mediaTypeOf(contentType);
  if (labelled === "protobuf" && type !== "application/octet-stream") return labelled;
  if (isPage(contentType)) return undefined;
  return isResponseInJson(binding, body) ? "json" : labelled;
}

/**
 * Whether a `content-type` is that of a page, which comes from an intermediary and not from the service. A header with
 * several media types is no better.
 */
export function isPage(contentType: string | undefined): boolean {
  if (!contentType) return false;
  const type = mediaTypeOf(contentType);
  return type === "" || type === "text/html";
}

/** Whether JSON text cannot be the beginning of other JSON text, as `12` can be of `123`. */
function marksItsEnd(json: Uint8Array): boolean {
  const last = json.at(-1);
  return last !== undefined && !(last >= 0x30 && last <= 0x39);
}

/** Decodes no bytes: in binary, a message with all fields at their defaults. Some servers omit it in JSON too. */
function decodeEmptyBody(
  binding: Binding,
  encoding: Encoding | undefined,
  contentType: string | undefined,
): Message {
  const { responseField, method } = binding;
  if (encoding === "json" && method.output.fields.length > 0) {
    throw new CodecError("its content-type is JSON, but it has no bytes");
  }
  // Even an empty page is none of the service's responses.
  if (isPage(contentType)) throw new CodecError(describeContentType(contentType));
  // Binary sets the field, as JSON does, where the same response is `{}`.
  const isField = encoding === "protobuf" && responseField?.fieldKind === "message";
  return isField ? responseFrom(binding, create(responseField.message)) : create(method.output);
}

function describeContentType(contentType: string | undefined): string {
  return contentType === undefined ? "it has no content-type" : `its content-type is ${contentType}`;
}
