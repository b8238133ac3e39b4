import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import { Code } from "../../errors/code.ts";
import { headerText } from "../../errors/http-headers.ts";
import type { Binding } from "../../transcoding/binding.ts";
import { streamsRequests, streamsResponses } from "../../transcoding/method-kind.ts";
import { readRequest } from "../../transcoding/read-request.ts";
import type { RouteMatch } from "../../transcoding/router.ts";
import { rpcName } from "../../transcoding/rpc-name.ts";
import { TranscodingError } from "../../transcoding/transcoding-error.ts";
import type { ReceivedRequest } from "../server/received-request.ts";
import { CallContext } from "./call-context.ts";
import { decodeRequestBody } from "./decode-request-body.ts";
import { encodeOutput, type ReplySettings } from "./encode-reply.ts";
import type { GatewaySettings } from "./gateway-options.ts";
import { HandlerOutputs, outputOf } from "./handler-outputs.ts";
import type { Negotiated } from "./negotiate.ts";
import type { Reply } from "./reply.ts";
import { requestMessages } from "./request-stream.ts";
import type { DynamicHandler } from "./service-implementation.ts";
import { StatusError } from "./status-error.ts";
import { failureOf, statusReply } from "./status-reply.ts";
import { startStream } from "./stream-reply.ts";

/** What the calls of a service have in common. */
export interface CallSettings extends ReplySettings {
  readonly handlers: ReadonlyMap<DescMethod, DynamicHandler>;
  readonly onRequest: GatewaySettings["onRequest"];
  readonly maxRequestBytes: number;
}

/** Executes a call, and makes its reply. It never rejects. */
export async function executeRpc(
  match: RouteMatch,
  query: string,
  request: ReceivedRequest,
  encodings: Negotiated,
  settings: CallSettings,
): Promise<Reply> {
  const { binding } = match;
  const { method } = binding;
  let context: CallContext | undefined;
  try {
    context = new CallContext(method, request);
    const input = readInput(match, query, request, encodings, context, settings);
    if (streamsResponses(method)) return await executeStream(binding, input, encodings, context, settings);
    const output = await runHandler(input, context, settings);
    context.end();
    context.addMetadata("content-type", "application/grpc");
    return context.addTo(context.withStatus(encodeOutput(binding, output, encodings.response, settings)));
  } catch (cause) {
    context?.end();
    const { error, thrown } = failureOf(cause);
    const reply = statusReply(error, encodings.response, settings);
    return { ...(context?.addTo(reply) ?? reply), ...(thrown !== undefined && { thrown }) };
  }
}

type Input = Message & AsyncIterable<Message>;

/** Reads the request's message, or its stream of messages. */
function readInput(
  match: RouteMatch,
  query: string,
  { body, stream }: ReceivedRequest,
  encodings: Negotiated,
  context: CallContext,
  { registry, maxRequestBytes }: CallSettings,
): Input {
  const { binding } = match;
  const { method } = binding;
  if (streamsRequests(method) && stream !== undefined) {
    if (encodings.request === "protobuf") {
      // A gateway reads such a body as one message, and then as empty ones without end.
      throw new StatusError(Code.InvalidArgument, "a stream of requests cannot be binary");
    }
    const endsIfInvalid = streamsResponses(method);
    const options = { desc: method.input, registry, maxMessageBytes: maxRequestBytes, endsIfInvalid };
    return requestMessages(stream, options, context) as unknown as Input;
  }
  if (body === undefined) throw new StatusError(Code.ResourceExhausted, "received message larger than max");
  const contentType = headerText(context.headers, "content-type") ?? "";
  const content = decodeRequestBody(binding, body, contentType, encodings.request, registry);
  return asStatusError(() => readRequest(match, query, content)) as Input;
}

/** Turns a TranscodingError, which the caller's input causes, into `InvalidArgument`. */
export function asStatusError<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof TranscodingError)) throw cause;
    throw new StatusError(Code.InvalidArgument, cause.message, { cause });
  }
}

async function executeStream(
  binding: Binding,
  input: Input,
  encodings: Negotiated,
  context: CallContext,
  settings: CallSettings,
): Promise<Reply> {
  const outputs = new HandlerOutputs(context, () => callHandler(input, context, settings));
  const { reply, isSuccess } = await startStream(binding, outputs, encodings.response, settings);
  if (!isSuccess) return context.addToStream(reply);
  context.addMetadata("content-type", "application/grpc");
  return context.addToStream(context.withStatus(reply));
}

/** Makes the reply of an rpc with all fields at their defaults; a stream has one such message. */
export async function emptyReply(
  binding: Binding,
  encoding: Negotiated["response"],
  settings: ReplySettings,
): Promise<Reply> {
  const { method } = binding;
  if (!streamsResponses(method)) return encodeOutput(binding, create(method.output), encoding, settings);
  const left = [create(method.output)];
  const outputs = { next: async () => left.pop(), cancel() {} };
  return (await startStream(binding, outputs, encoding, settings)).reply;
}

function runHandler(input: Input, context: CallContext, settings: CallSettings): Promise<Message> {
  return context.unlessAborted(async () =>
    outputOf(context.method, await callHandler(input, context, settings)),
  );
}

async function callHandler(input: Input, context: CallContext, settings: CallSettings): Promise<unknown> {
  await settings.onRequest?.(context);
  const handler = settings.handlers.get(context.method);
  if (handler === undefined) {
    throw new StatusError(Code.Unimplemented, `${rpcName(context.method)} is not implemented`);
  }
  return handler(input, context);
}
