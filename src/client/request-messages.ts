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
  const iterate = iterable?.[Symbol.asyncIterator] ?? iterable?.[Symbol.iterator];
  if (typeof iterate !== "function") {
    const reason = "the requests have to be an iterable or an async iterable of messages";
    throw invalidArgument(reason, rpcName(method));
  }
  return messagesOf(method, input);
}

/** No async generator, because it would pass on `return` only when a request comes, and `throw` never. */
function messagesOf<I extends DescMessage>(
  method: DescMethod,
  input: RequestIterable<I>,
): AsyncIterable<Message> {
  return {
    [Symbol.asyncIterator]() {
      const source = iteratorOf(input);
      const converted = async (
        result: Result | Promise<Result>,
      ): Promise<IteratorResult<Message, undefined>> => {
        const { done, value } = await result;
        if (done === true) return { done, value: undefined };
        try {
          return { done: false, value: messageFrom(method, await value) };
        } catch (error) {
          // Not awaited: the caller's cleanup must not hold the error back.
          Promise.resolve(source.return?.()).catch(() => undefined);
          throw error;
        }
      };
      return {
        next: async () => converted(source.next()),
        ...(source.return && { return: async () => converted(source.return?.() ?? over) }),
        ...(source.throw && { throw: async (error) => converted(source.throw?.(error) ?? over) }),
      };
    },
  };
}

type Result = IteratorResult<MessageInitShape<DescMessage>, unknown>;

const over = { done: true, value: undefined } as const;

function iteratorOf(input: RequestIterable<DescMessage>) {
  return Symbol.asyncIterator in input ? input[Symbol.asyncIterator]() : input[Symbol.iterator]();
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
