import {
  create,
  type DescMessage,
  type DescMethodStreaming,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import type { StreamRequest, StreamResponse } from "@connectrpc/connect";
import { runStreamingCall } from "@connectrpc/connect/protocol";
import { onlyMessage, requestMessages } from "../client/request-messages.ts";
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
    const messages = requestMessages(method, input);
    const only = streamsRequests(method) ? undefined : await onlyMessage(method, messages);
    const response = await runStreamingCall<I, O>({
      ...call.runOptions,
      req: {
        stream: true,
        ...call.requestWith(only ?? create(method.input)),
        // An interceptor that calls next again has the message again.
        message: (only === undefined ? messages : requestMessages(method, [only])) as never,
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
