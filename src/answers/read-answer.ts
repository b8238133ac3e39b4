import { create, type DescMessage, type Message, type Registry } from "@bufbuild/protobuf";
import { decodeBinary } from "../codecs/binary-codec.ts";
import { CodecError } from "../codecs/codec-error.ts";
import { decodeJson, decodeJsonField } from "../codecs/json-codec.ts";
import { type Encoding, encodingOf } from "../codecs/media-type.ts";
import { Code } from "../errors/code.ts";
import { type HttpHeaders, headerText } from "../errors/http-headers.ts";
import type { Binding } from "../transcoding/binding.ts";
import { responseFrom } from "../transcoding/place-body.ts";
import type { WireResponse } from "../wire/wire.ts";
import type { AttemptFailure } from "./attempt-failure.ts";
import { keptBody } from "./kept-body.ts";

/** What reading depends on, beyond the answer itself. */
export interface ReadOptions {
  readonly protobufMediaType: string;
  readonly registry: Registry;
}

/**
 * Reads the body of a 2xx answer, by its own content type rather than by what was asked for. One that is not
 * what the method answers with is a failure: what it stands for may have happened.
 */
export function readAnswer(
  binding: Binding,
  response: WireResponse,
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
      body: keptBody(body),
      cause,
    } as const;
    return { init, retry: "never" };
  }
}

function decodeAnswer(
  binding: Binding,
  { status, body, headers }: WireResponse,
  options: ReadOptions,
): Message {
  const { output } = binding.method;
  if (status === 206) throw new CodecError("it is only a part, which nobody asked for");
  const contentType = headerText(headers, "content-type");
  const encoding = encodingOf(contentType, options.protobufMediaType);
  if (binding.verb === "HEAD") return headAnswer(output);
  // A message whose fields are all default has no bytes in binary, and 204 has none by definition.
  if (body.length === 0 && encoding !== "json") return emptyAnswer(binding, encoding, status);
  if (encoding === undefined) {
    throw new CodecError(
      contentType === undefined ? "it has no content-type" : `its content-type is ${contentType}`,
    );
  }
  // Binary has no end of its own: what is cut between two fields is a message too. JSON shows it by itself.
  if (encoding === "protobuf" && endsWithConnection(headers)) {
    throw new CodecError("it may be cut short: it ends with the connection, and nothing says how long it is");
  }
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

function emptyAnswer(binding: Binding, encoding: Encoding | undefined, status: number): Message {
  const { responseField, method } = binding;
  const isField = encoding === "protobuf" && status !== 204 && responseField?.fieldKind === "message";
  // The field is there, as it is in JSON, where the same answer is `{}`.
  return isField ? responseFrom(binding, create(responseField.message)) : create(method.output);
}

/** Whether the end of the connection is the end of the body (RFC 9112, section 6.3). */
function endsWithConnection(headers: HttpHeaders): boolean {
  if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) return false;
  return headerText(headers, "connection")?.toLowerCase() === "close";
}
