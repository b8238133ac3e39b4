import type { DescMethod, Message } from "@bufbuild/protobuf";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { CallScope } from "../policies/call-scope.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { CLOSED } from "./call.ts";
import type { StreamRequest } from "./interceptor.ts";
import type { Lifetime } from "./lifetime.ts";
import { checkedTimeout } from "./rest-transport-options.ts";
import { checkCallOptions } from "./validate-call-options.ts";

/** The time, in milliseconds, that an iterable takes which has its message ready. The call's deadline does not count it. */
const SHORT_WAIT_MS = 10;

/** The only request of a call, and how much time the call has left, in milliseconds; 0 for no deadline. */
export interface OnlyRequest {
  readonly message: Message;
  readonly remainingMs: number;
}

/**
 * Takes the only request of a call from its iterable, which may never give one, or never end. A stream has only the
 * deadline of its own options.
 *
 * @throws RpcError with outcome `not_sent`, if there is not exactly one request, or the deadline, the signal or the transport
 * ends the call; what the iterable throws, as it is
 */
export async function onlyRequest(request: StreamRequest, lifetime: Lifetime): Promise<OnlyRequest> {
  const { method, timeoutMs = 0, signal } = request;
  checkCallOptions(request);
  const scope = new CallScope(checkedTimeout(timeoutMs), signal);
  const stopListening = lifetime.onClosing(() => scope.cancel(CLOSED));
  try {
    // Only of a valid call: an iterator counts as read from here on.
    const messages = request.message[Symbol.asyncIterator]();
    const waited = await scope.race(onlyMessage(method, { [Symbol.asyncIterator]: () => messages }));
    if ("value" in waited) {
      const hasWaited = timeoutMs > 0 && performance.now() - scope.startedAt > SHORT_WAIT_MS;
      // Not 0, which would be no deadline.
      const remainingMs = hasWaited ? Math.max(Math.ceil(scope.remainingMs()), 1) : timeoutMs;
      return { message: waited.value, remainingMs };
    }
    messages.return?.().catch(() => undefined);
    throw new RpcError({ ...waited.end, outcome: "not_sent", method: rpcName(method) });
  } finally {
    stopListening();
    scope.close();
  }
}

/** @throws RpcError `InvalidArgument` if there is no message, or more than one */
async function onlyMessage(method: DescMethod, messages: AsyncIterable<Message>): Promise<Message> {
  let only: Message | undefined;
  for await (const message of messages) {
    if (only !== undefined)
      throw invalidArgument("the method takes one request, not several", rpcName(method));
    only = message;
  }
  if (only === undefined)
    throw invalidArgument("the method takes one request, but there is none", rpcName(method));
  return only;
}
