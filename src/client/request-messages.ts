import type { DescMessage, DescMethod, Message, MessageInitShape } from "@bufbuild/protobuf";
import { messageFromInit } from "../codecs/message-from-init.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { invalidCall } from "./invalid-call.ts";
import type { RequestIterable } from "./transport.ts";

/**
 * The requests of a streaming method as messages. Each one is validated when it is taken.
 *
 * @throws RpcError `InvalidArgument` if the input cannot be iterated
 */
export function requestMessages<I extends DescMessage>(
  method: DescMethod,
  input: RequestIterable<I>,
): AsyncIterable<Message> {
  const iterable: Partial<AsyncIterable<unknown> & Iterable<unknown>> | undefined =
    typeof input === "object" && input !== null ? input : undefined;
  const isAsync = typeof iterable?.[Symbol.asyncIterator] === "function";
  if (!isAsync && typeof iterable?.[Symbol.iterator] !== "function") {
    const reason = "the requests have to be an iterable or an async iterable of messages";
    throw invalidArgument(reason, rpcName(method));
  }
  return messagesOf(method, input);
}

async function* messagesOf<I extends DescMessage>(
  method: DescMethod,
  input: RequestIterable<I>,
): AsyncGenerator<Message> {
  for await (const init of input) {
    yield messageFrom(method, init as MessageInitShape<DescMessage>);
  }
}

function messageFrom(method: DescMethod, init: MessageInitShape<DescMessage>): Message {
  try {
    return messageFromInit(method.input, init);
  } catch (error) {
    throw invalidCall(error, rpcName(method));
  }
}

/**
 * The only message of a stream.
 *
 * @throws RpcError `InvalidArgument` if there is none, or more than one
 */
export async function onlyMessage(method: DescMethod, messages: AsyncIterable<Message>): Promise<Message> {
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
