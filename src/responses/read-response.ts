import { create, type DescMessage, type Message, type Registry } from "@bufbuild/protobuf";
import { decodeBinary } from "../codecs/binary-codec.ts";
import { CodecError } from "../codecs/codec-error.ts";
import { decodeJson, decodeJsonField } from "../codecs/json-codec.ts";
import { contentTypeOf, type Encoding, encodingOf, mediaTypeOf } from "../codecs/media-type.ts";
import { Code } from "../errors/code.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import type { Binding } from "../transcoding/binding.ts";
import { responseFrom } from "../transcoding/place-body.ts";
import type { AttemptFailure } from "./attempt-failure.ts";
import { truncatedBody } from "./truncated-body.ts";

/** What reading depends on, beyond the answer itself. */
export interface ReadOptions {
  readonly protobufMediaType: string;
  readonly registry: Registry;
}

/**
 * Reads the body of a 2xx answer, by its own content type rather than by what was asked for. One that is not
 * what the method answers with is a failure: what it stands for may have happened.
 */
export function readResponse(
  binding: Binding,
  response: HttpResponse,
  options: ReadOptions,
): { readonly message: Message } | AttemptFailure {
  try {
    return { message: decodeAnswer(binding, response, options) };
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause;
    const { status, headers, body } = response;
    const reason = `the answer cannot be read: ${cause.message}`;
    const init = {
      code: Code.DataLoss,
      reason,
      outcome: "unknown",
      status,
      headers,
      body: truncatedBody(body),
      cause,
    } as const;
    return { init, retry: "never" };
  }
}

function decodeAnswer(
  binding: Binding,
  { status, body, headers, isCloseDelimited }: HttpResponse,
  options: ReadOptions,
): Message {
  const { output } = binding.method;
  if (status === 206) throw new CodecError("it is only a part, which nobody asked for");
  if (binding.verb === "HEAD") return headAnswer(output);
  // It has no body by definition, whatever its headers say.
  if (status === 204) return create(output);
  const contentType = contentTypeOf(headers);
  const encoding = encodingOf(contentType, options.protobufMediaType);
  // JSON shows its own end. Binary has none: what is cut between two fields, or before the first one, is a message too.
  if (isCloseDelimited && (encoding !== "json" || body.length === 0)) {
    throw new CodecError("it may be cut short: it ends with the connection, and nothing says how long it is");
  }
  if (body.length === 0) return emptyAnswer(binding, encoding, contentType);
  if (encoding === undefined) throw new CodecError(describeLabel(contentType));
  const field = binding.responseField;
  if (field === undefined) {
    return encoding === "json"
      ? decodeJson(output, body, options.registry, "kept")
      : decodeBinary(output, body);
  }
  if (encoding === "json") return decodeJsonField(field, body, options.registry, "kept");
  if (field.fieldKind !== "message")
    throw new CodecError(`it is binary, but ${field.toString()} is no message`);
  return responseFrom(binding, decodeBinary(field.message, body));
}

/** HEAD is answered without a body, whatever there is to say (RFC 9110, section 9.3.2). */
function headAnswer(output: DescMessage): Message {
  if (output.fields.length === 0) return create(output);
  throw new CodecError(`the answer to a HEAD request has no body, and so nothing of ${output.typeName}`);
}

/** A message whose fields are all default has no bytes in binary, and some servers leave them out in JSON too. */
function emptyAnswer(
  binding: Binding,
  encoding: Encoding | undefined,
  contentType: string | undefined,
): Message {
  const { responseField, method } = binding;
  if (encoding === "json" && method.output.fields.length > 0) {
    throw new CodecError("it is labelled JSON and has no bytes");
  }
  // A page is somebody else's: what is between the server and us makes these, and not every one of them has a text.
  if (contentType !== undefined && mediaTypeOf(contentType) === "text/html") {
    throw new CodecError(describeLabel(contentType));
  }
  // The field is there, as it is in JSON, where the same answer is `{}`.
  const isField = encoding === "protobuf" && responseField?.fieldKind === "message";
  return isField ? responseFrom(binding, create(responseField.message)) : create(method.output);
}

function describeLabel(contentType: string | undefined): string {
  return contentType === undefined ? "it has no content-type" : `its content-type is ${contentType}`;
}
