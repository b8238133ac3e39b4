import { create } from "@bufbuild/protobuf";
import type { StreamEnd } from "../diagnostics/call-event.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { streamsRequests, streamsResponses } from "../transcoding/method-kind.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import type { CallContext } from "./call.ts";
import type { StreamRequest, StreamResponse, UnaryResponse } from "./interceptor.ts";
import { type OnlyRequest, onlyRequest } from "./only-request.ts";
import type { CallRequest } from "./prepared-call.ts";
import { errorOfRequests, RequestStream } from "./request-stream.ts";
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
  const { method, message: messages, timeoutMs = 0 } = request;
  let only: OnlyRequest | undefined;
  let requests: RequestStream | undefined;
  try {
    if (streamsRequests(method)) requests = new RequestStream(messages, method.input, context.settings);
    else only = await onlyRequest(request, context.lifetime);
  } catch (error) {
    onEnd(undefined);
    const { code, reason, cause } = errorOfRequests(error);
    throw new RpcError({ code, reason, outcome: "not_sent", method: rpcName(method), cause });
  }
  const { message, remainingMs } = only ?? { message: create(method.input), remainingMs: timeoutMs };
  const whole: CallRequest = { ...request, timeoutMs: remainingMs, message };
  if (requests === undefined || streamsResponses(method)) return streamCall(context, whole, onEnd, requests);
  return oneResponseCall(context, whole, onEnd, requests);
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
