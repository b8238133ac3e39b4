import { create, type Message } from "@bufbuild/protobuf";
import type { StreamEnd } from "../diagnostics/call-event.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { streamsRequests, streamsResponses } from "../transcoding/method-kind.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import type { CallContext } from "./call.ts";
import type { StreamRequest, StreamResponse, UnaryResponse } from "./interceptor.ts";
import { invalidCall } from "./invalid-call.ts";
import type { CallRequest } from "./prepared-call.ts";
import { onlyMessage } from "./request-messages.ts";
import { RequestStream } from "./request-stream.ts";
import { streamCall } from "./stream-call.ts";
import { unaryCall } from "./unary-call.ts";

/**
 * Makes one call of a streaming method, of any of the three kinds.
 *
 * @param onEnd is called when the call is over, with undefined if it was invalid
 */
export async function streamingCall(
  context: CallContext,
  request: StreamRequest,
  onEnd: (end: StreamEnd | undefined) => void,
): Promise<StreamResponse> {
  const { method, message: messages } = request;
  let only: Message | undefined;
  let requests: RequestStream | undefined;
  try {
    if (streamsRequests(method)) requests = new RequestStream(messages, method.input, context.settings);
    else only = await onlyMessage(method, messages);
  } catch (error) {
    onEnd(undefined);
    throw invalidCall(error, rpcName(method));
  }
  const whole = callRequest(request, only ?? create(method.input));
  if (requests === undefined || streamsResponses(method)) return streamCall(context, whole, onEnd, requests);
  return oneResponseCall(context, whole, onEnd, requests);
}

/** A stream has only the deadline of its own options. */
function callRequest({ timeoutMs = 0, ...request }: StreamRequest, message: Message): CallRequest {
  return { ...request, timeoutMs, message };
}

async function oneResponseCall(
  context: CallContext,
  request: CallRequest,
  onEnd: (end: StreamEnd | undefined) => void,
  requests: RequestStream,
): Promise<StreamResponse> {
  let response: UnaryResponse | undefined;
  let error: RpcError | undefined;
  try {
    response = await unaryCall(
      context,
      request,
      (value) => value,
      () => undefined,
      requests,
    );
    return { ...response, metadata: response.metadata, stream: true, message: iterableOf(response.message) };
  } catch (thrown) {
    if (thrown instanceof RpcError) error = thrown;
    throw thrown;
  } finally {
    requests.end(false);
    const { status = 0, attempts = 0, history = [] } = response ?? error ?? {};
    onEnd({
      status,
      attempts,
      history,
      requestMessages: requests.count,
      responseMessages: response === undefined ? 0 : 1,
      error,
    });
  }
}

async function* iterableOf<T>(value: T): AsyncGenerator<T> {
  yield value;
}
