import type { DescMessage, DescMethod, Message, MessageInitShape } from "@bufbuild/protobuf";
import { messageFromInit } from "../codecs/message-from-init.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { invalidCall } from "./invalid-call.ts";

/** The requests of a streaming method: an array, a generator, an async generator. */
export type RequestIterable<I extends DescMessage> =
  | AsyncIterable<MessageInitShape<I>>
  | Iterable<MessageInitShape<I>>;

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

/** It is no generator, which would let `return()` wait until the input has given its next message. */
function messagesOf<I extends DescMessage>(
  method: DescMethod,
  input: RequestIterable<I>,
): AsyncIterable<Message> {
  return {
    [Symbol.asyncIterator]: () => {
      const inits = iteratorOf(input);
      const leave = async () => {
        await inits.return?.();
        return done;
      };
      return {
        next: async () => {
          const result = await inits.next();
          if (result.done === true) return done;
          try {
            return { done: false, value: messageFrom(method, await result.value) };
          } catch (error) {
            leave().catch(() => undefined);
            throw error;
          }
        },
        return: leave,
      };
    },
  };
}

const done = { done: true, value: undefined } as const;

function iteratorOf<T>(
  input: Partial<AsyncIterable<T> & Iterable<T>>,
): AsyncIterator<T> | Iterator<T | PromiseLike<T>> {
  return input[Symbol.asyncIterator]?.() ?? (input as Iterable<T>)[Symbol.iterator]();
}

function messageFrom(method: DescMethod, init: MessageInitShape<DescMessage>): Message {
  try {
    return messageFromInit(method.input, init);
  } catch (error) {
    throw invalidCall(error, rpcName(method));
  }
}
