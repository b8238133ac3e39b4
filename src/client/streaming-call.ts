import { create, type Message } from "@bufbuild/protobuf";
import type { StreamEnd } from "../diagnostics/call-event.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { CallScope } from "../policies/call-scope.ts";
import { streamsRequests, streamsResponses } from "../transcoding/method-kind.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { type CallContext, CLOSED } from "./call.ts";
import type { StreamRequest, StreamResponse, UnaryResponse } from "./interceptor.ts";
import type { CallRequest } from "./prepared-call.ts";
import { onlyMessage } from "./request-messages.ts";
import { errorOfRequests, RequestStream } from "./request-stream.ts";
import { checkedTimeout } from "./rest-transport-options.ts";
import { streamCall } from "./stream-call.ts";
import { unaryCall } from "./unary-call.ts";
import { checkCallOptions } from "./validate-call-options.ts";

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
  let only: TakenMessage | undefined;
  let requests: RequestStream | undefined;
  try {
    if (streamsRequests(method)) requests = new RequestStream(messages, method.input, context.settings);
    else only = await takenWithin(context, request);
  } catch (error) {
    onEnd(undefined);
    const { code, reason, cause } = errorOfRequests(error);
    throw new RpcError({ code, reason, outcome: "not_sent", method: rpcName(method), cause });
  }
  if (only?.error !== undefined) {
    onEnd(undefined);
    throw only.error;
  }
  const { message, remainingMs } = only ?? { message: create(method.input), remainingMs: timeoutMs };
  const whole: CallRequest = { ...request, timeoutMs: remainingMs, message };
  if (requests === undefined || streamsResponses(method)) return streamCall(context, whole, onEnd, requests);
  return oneResponseCall(context, whole, onEnd, requests);
}

/** The time, in milliseconds, that an iterable takes which has its message ready. The call's deadline does not count it. */
const SHORT_WAIT_MS = 10;

type TakenMessage =
  | { readonly message: Message; readonly remainingMs: number; readonly error?: undefined }
  | { readonly error: RpcError };

/**
 * Takes the only request of a call, whose iterable may never give one, or never end. A stream has only the deadline of its
 * own options.
 */
async function takenWithin(context: CallContext, request: StreamRequest): Promise<TakenMessage> {
  const { method, timeoutMs = 0, signal } = request;
  checkCallOptions(request);
  const messages = request.message[Symbol.asyncIterator]();
  const scope = new CallScope(checkedTimeout(timeoutMs), signal);
  const stopListening = context.lifetime.onClosing(() => scope.cancel(CLOSED));
  try {
    const waited = await scope.race(onlyMessage(method, { [Symbol.asyncIterator]: () => messages }));
    if ("value" in waited) {
      const hasWaited = timeoutMs > 0 && performance.now() - scope.startedAt > SHORT_WAIT_MS;
      // Not 0, which would be no deadline.
      const remainingMs = hasWaited ? Math.max(Math.ceil(scope.remainingMs()), 1) : timeoutMs;
      return { message: waited.value, remainingMs };
    }
    messages.return?.().catch(() => undefined);
    return { error: new RpcError({ ...waited.end, outcome: "not_sent", method: rpcName(method) }) };
  } finally {
    stopListening();
    scope.close();
  }
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
