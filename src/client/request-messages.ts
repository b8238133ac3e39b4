import type { DescMessage, DescMethod, Message, MessageInitShape } from "@bufbuild/protobuf";
import { messageFromInit } from "../codecs/message-from-init.ts";
import { Code } from "../errors/code.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { RpcError } from "../errors/rpc-error.ts";
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
      const inits = unreadIteratorOf(method, input);
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

/** The iterators that calls have begun to read, and the streams. */
const read = new WeakSet<object>();

/**
 * An interceptor that calls `next` again begins the requests again. What is left of a generator, which may be nothing, would
 * pass for all of them.
 *
 * @throws RpcError `FailedPrecondition` if the input can be read only once, and was
 */
function unreadIteratorOf<T>(
  method: DescMethod,
  input: Partial<AsyncIterable<T> & Iterable<T>>,
): AsyncIterator<T> | Iterator<T | PromiseLike<T>> {
  const iterator = input[Symbol.asyncIterator]?.() ?? (input as Iterable<T>)[Symbol.iterator]();
  // A stream, of the web or of Node.js, makes an iterator each time, for what is left of it.
  const source = "getReader" in input || "readableEnded" in input ? input : iterator;
  if (!read.has(source)) {
    read.add(source);
    return iterator;
  }
  const reason = "the requests were already read, and cannot be read again";
  const code = Code.FailedPrecondition;
  throw new RpcError({ code, reason, outcome: "not_sent", method: rpcName(method) });
}

function messageFrom(method: DescMethod, init: MessageInitShape<DescMessage>): Message {
  try {
    return messageFromInit(method.input, init);
  } catch (error) {
    throw invalidCall(error, rpcName(method));
  }
}
