import type { DescMessage, DescMethod, Message, MessageInitShape } from "@bufbuild/protobuf";
import { messageFromInit } from "../../codecs/message-from-init.ts";
import { asError } from "../../errors/as-error.ts";
import { rpcName } from "../../transcoding/rpc-name.ts";
import type { CallContext } from "./call-context.ts";

/** The messages of a streaming response. */
export interface Outputs {
  /** Resolves with the next message, or undefined after the last one. It rejects with what the handler threw. */
  next(): Promise<Message | undefined>;
  /** Ends the handler, if it has not ended. */
  cancel(): void;
}

/** The messages that a handler yields. It runs only while the next message is awaited. */
export class HandlerOutputs implements Outputs {
  readonly #context: CallContext;
  readonly #start: () => Promise<unknown>;
  #iterator: AsyncIterator<unknown> | undefined;
  #isOver = false;

  /** @param start calls the handler */
  constructor(context: CallContext, start: () => Promise<unknown>) {
    this.#context = context;
    this.#start = start;
  }

  async next(): Promise<Message | undefined> {
    const context = this.#context;
    try {
      this.#iterator ??= iteratorOf(context.method, await context.unlessAborted(this.#start));
      const iterator = this.#iterator;
      const { done, value } = await context.unlessAborted(() => iterator.next());
      if (done !== true) return outputOf(context.method, value);
      this.#isOver = true;
      context.end();
      return undefined;
    } catch (thrown) {
      this.cancel();
      throw thrown;
    }
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#context.cancel();
    // Not awaited: a handler that waits for something else gets there later.
    Promise.resolve(this.#iterator?.return?.()).catch(() => {});
  }
}

/** @throws TypeError if the handler did not return an async iterable */
function iteratorOf(method: DescMethod, returned: unknown): AsyncIterator<unknown> {
  const iterable = returned as Partial<AsyncIterable<unknown>> | null | undefined;
  const iterator = iterable?.[Symbol.asyncIterator]?.();
  if (iterator !== undefined) return iterator;
  throw new TypeError(`the handler of ${rpcName(method)} did not return an async iterable`);
}

/** @throws TypeError if a handler's output is not a message of its method */
export function outputOf(method: DescMethod, output: unknown): Message {
  try {
    return messageFromInit(method.output, output as MessageInitShape<DescMessage>);
  } catch (cause) {
    throw new TypeError(
      `the handler of ${rpcName(method)} did not return a valid message: ${asError(cause).message}`,
      { cause },
    );
  }
}
