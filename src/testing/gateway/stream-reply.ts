import { validateHeaderValue } from "node:http";
import type { Message } from "@bufbuild/protobuf";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.js";
import { encodeJsonField, jsonTextOf } from "../../codecs/json-codec.ts";
import type { Encoding } from "../../codecs/media-type.ts";
import type { Binding } from "../../transcoding/binding.ts";
import { type HttpBody, isHttpBody } from "../../transcoding/http-body.ts";
import { responseContentOf } from "../../transcoding/place-body.ts";
import { contentTypeHeader, type ReplySettings } from "./encode-reply.ts";
import { formatError } from "./format-error.ts";
import type { Outputs } from "./handler-outputs.ts";
import type { Reply, StreamChunk } from "./reply.ts";
import type { StatusError } from "./status-error.ts";
import { failureOf, statusOf, statusReply } from "./status-reply.ts";
import { type StreamFormat, streamWriter } from "./stream-format.ts";

const utf8 = new TextEncoder();
const nothing: Uint8Array = new Uint8Array();

/** The start of a streaming response: a success, which may still end with an error, or a failure. */
export interface StreamStart {
  readonly reply: Reply;
  readonly isSuccess: boolean;
}

/**
 * Makes the reply of a streaming rpc when its first message is there, as grpc-gateway's ForwardResponseStream does (its
 * runtime/handler.go): before that, a failure still gets its own HTTP status.
 */
export async function startStream(
  binding: Binding,
  outputs: Outputs,
  encoding: Encoding,
  settings: ReplySettings,
): Promise<StreamStart> {
  const { streamFormat, contentTypes } = settings;
  const isRaw = binding.responseField === undefined && isHttpBody(binding.method.output);
  const isBinary = encoding === "protobuf" && streamFormat === "grpc-gateway";
  const writer = streamWriter(streamFormat);
  const encode = (output: Message) =>
    isRaw ? rawBytes(output, streamFormat) : utf8.encode(writer.message(jsonOf(binding, output, settings)));
  const error = (cause: StatusError): StreamChunk => {
    const json = isBinary ? undefined : errorJson(cause, settings);
    return { bytes: json === undefined ? nothing : utf8.encode(writer.error(json)), isMessage: false };
  };
  let first: Message | undefined;
  let bytes: Uint8Array | undefined;
  try {
    first = await outputs.next();
    if (isRaw && first !== undefined) validateHeaderValue("content-type", (first as HttpBody).contentType);
    bytes = first === undefined || (isBinary && !isRaw) ? undefined : encode(first);
  } catch (thrown) {
    outputs.cancel();
    return { reply: earlyFailure(thrown, error, encoding, settings), isSuccess: false };
  }
  if (first !== undefined && bytes === undefined) {
    // A gateway cannot marshal `{"result": …}` in binary, nor the error about that.
    outputs.cancel();
    const headers = contentTypeHeader(contentTypes.protobuf);
    return { reply: { status: 500, headers, body: nothing, announced: false }, isSuccess: false };
  }
  const headers = contentTypeHeader(contentTypeOf(first, isRaw, isBinary, settings));
  const stream = {
    chunks: chunksOf(bytes, outputs, { encode, error, end: () => (isRaw ? "" : writer.end()) }),
    error,
    cancel: () => outputs.cancel(),
  };
  return { reply: { status: 200, headers, body: nothing, stream }, isSuccess: true };
}

interface ChunkWriter {
  encode(output: Message): Uint8Array;
  error(cause: StatusError): StreamChunk;
  end(): string;
}

async function* chunksOf(
  first: Uint8Array | undefined,
  outputs: Outputs,
  { encode, error, end }: ChunkWriter,
): AsyncGenerator<StreamChunk> {
  let bytes = first;
  try {
    while (bytes !== undefined) {
      yield { bytes, isMessage: true };
      const output = await outputs.next();
      bytes = output && encode(output);
    }
    const last = end();
    if (last !== "") yield { bytes: utf8.encode(last), isMessage: false };
  } catch (cause) {
    const { error: status, thrown } = failureOf(cause);
    yield { ...error(status), thrown };
  } finally {
    outputs.cancel();
  }
}

/** An error before the first message: a gateway puts it in its envelope here, too. */
function earlyFailure(
  cause: unknown,
  write: (error: StatusError) => StreamChunk,
  encoding: Encoding,
  settings: ReplySettings,
): Reply {
  const { error, thrown } = failureOf(cause);
  const { streamFormat, errorFormat, contentTypes } = settings;
  const isOwnForm = streamFormat === "grpc-gateway" ? errorFormat === "status" : streamFormat === "array";
  const record = thrown === undefined ? {} : { thrown };
  if (!isOwnForm) return { ...statusReply(error, encoding, settings), ...record };
  const contentType = streamFormat === "array" ? contentTypes.json : contentTypes[encoding];
  const headers = { ...error.headers, ...contentTypeHeader(settings.errorContentType ?? contentType) };
  return { status: error.httpStatus, headers, body: write(error).bytes, announced: false, ...record };
}

/** The JSON of an error; undefined for details of an unknown type, of which a gateway writes nothing at all. */
function errorJson(error: StatusError, settings: ReplySettings): string | undefined {
  try {
    const status = statusOf(error, settings.registry);
    if (settings.streamFormat !== "array") return `{"error":${jsonTextOf(StatusSchema, status, settings)}}`;
    const { httpStatus } = error;
    return formatError("google", error, { status, httpStatus, options: settings }).text;
  } catch {
    return undefined;
  }
}

function jsonOf(binding: Binding, output: Message, settings: ReplySettings): string {
  const content = responseContentOf(binding, output);
  if (content.kind === "message") return jsonTextOf(content.desc, content.message, settings);
  return Buffer.from(encodeJsonField(content.field, content.holder, settings)).toString();
}

function contentTypeOf(
  first: Message | undefined,
  isRaw: boolean,
  isBinary: boolean,
  { streamFormat, contentTypes }: ReplySettings,
): string {
  if (first !== undefined && isRaw) return isBinary ? contentTypes.protobuf : (first as HttpBody).contentType;
  if (streamFormat === "event-stream") return "text/event-stream";
  // A gateway sets it with the first message.
  return first === undefined && streamFormat === "grpc-gateway" ? "" : contentTypes.json;
}

/** A gateway writes its delimiter after raw data, too. */
function rawBytes(message: Message, format: StreamFormat): Uint8Array {
  const { data } = message as HttpBody;
  return format === "grpc-gateway" ? Buffer.concat([data, utf8.encode("\n")]) : data;
}
