import {
  create,
  type DescMessage,
  type DescMethodStreaming,
  type Message,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import type { Interceptor, StreamRequest, StreamResponse } from "@connectrpc/connect";
import { runStreamingCall } from "@connectrpc/connect/protocol";
import { requestMessages } from "../client/request-messages.ts";
import type { InnerStream } from "../client/rest-transport.ts";
import { streamsRequests } from "../transcoding/method-kind.ts";
import { type CallArguments, ConnectCall, type ConnectContext } from "./connect-call.ts";
import { receivedHeaders, receivedTrailers } from "./headers.ts";
import { withErrors } from "./with-errors.ts";

/** {@link connectUnaryCall} for a streaming method. The errors of the stream are ConnectErrors, too. */
export async function connectStreamingCall<I extends DescMessage, O extends DescMessage>(
  context: ConnectContext,
  args: CallArguments<DescMethodStreaming<I, O>>,
  input: AsyncIterable<MessageInitShape<I>>,
  innerStream: InnerStream,
): Promise<StreamResponse<I, O>> {
  const { method } = args;
  const call = new ConnectCall(context, args);
  const { errors } = call;
  try {
    const requests = requestMessages(method, input);
    const only = streamsRequests(method) ? undefined : await onlyRequest(context, args, call, requests);
    // An interceptor that calls next again has the only message again.
    const message = only === undefined ? requests : requestMessages(method, [only]);
    const validated: Interceptor = (next) => (request) => next({ ...request, message } as StreamRequest);
    const { interceptors, ...options } = call.runOptions;
    const response = await runStreamingCall<I, O>({
      ...options,
      interceptors: [validated, ...interceptors],
      req: {
        stream: true,
        ...call.requestWith(only ?? create(method.input)),
        // When a call is over, Connect makes one more iterator of these to end them, with the reason if it was aborted.
        message: Symbol.asyncIterator in input ? input : (requestMessages(method, []) as never),
      },
      next: async (request) => {
        try {
          return await beginStream(call, request, innerStream);
        } catch (error) {
          throw errors.convert(error, request.signal);
        }
      },
    });
    return { ...response, message: withErrors(response.message, (error) => errors.final(error)) };
  } catch (error) {
    throw errors.final(error);
  }
}

/** Takes the only request of a call. Its iterable may hang. */
async function onlyRequest(
  { engine }: ConnectContext,
  { method, signal }: CallArguments<DescMethodStreaming>,
  { remainingMs, errors }: ConnectCall<DescMethodStreaming>,
  requests: AsyncIterable<Message>,
): Promise<Message> {
  try {
    const request = { stream: true, method, message: requests, timeoutMs: remainingMs, signal } as const;
    return (await engine.onlyRequest(request)).message;
  } catch (error) {
    throw errors.convert(error, signal);
  }
}

/** Begins one stream of a call: interceptors may call `next` more than once. */
async function beginStream<I extends DescMessage, O extends DescMessage>(
  call: ConnectCall<DescMethodStreaming<I, O>>,
  request: StreamRequest<I, O>,
  innerStream: InnerStream,
): Promise<StreamResponse<I, O>> {
  const { method, message, signal } = request;
  const { options, release } = call.optionsOf(request);
  const toConnectError = (error: unknown) => call.errors.convert(error, signal);
  try {
    const response = await innerStream(method, message as never, options, (error) => {
      release();
      if (error !== undefined) toConnectError(error);
    });
    const trailer = new Headers();
    const onDone = () => {
      for (const [name, value] of receivedTrailers(response.headers, response.metadata)) {
        trailer.append(name, value);
      }
    };
    return {
      stream: true,
      service: method.parent,
      method,
      header: receivedHeaders(response.headers),
      trailer,
      message: withErrors(response.message, toConnectError, onDone),
    };
  } catch (error) {
    release();
    throw error;
  }
}
