import type { AsyncResource } from "node:async_hooks";
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { encodeJson } from "../codecs/json-codec.ts";
import type { JsonWriteOptions } from "../codecs/json-encoder.ts";
import { asError } from "../errors/as-error.ts";
import { Code } from "../errors/code.ts";
import { RpcError } from "../errors/rpc-error.ts";

const newline = /* @__PURE__ */ Buffer.from("\n");

const cutMessage = /* @__PURE__ */ Buffer.from("{");

/**
 * After how many messages the event loop gets a turn. If the server reads as fast as the client writes, nothing else lets it
 * see a response, a deadline or a signal while the messages are there at once.
 */
const MESSAGES_PER_TURN = 64;

const done = { done: true, value: undefined } as const;

/**
 * The requests of a call as the body of one HTTP request: a line of JSON for each. It takes a message only when the
 * connection can take more bytes. It can be sent once.
 */
export class RequestStream implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #messages: AsyncIterator<Message>;
  readonly #desc: DescMessage;
  readonly #options: JsonWriteOptions;
  #isStarted = false;
  #isEnded = false;
  #count = 0;
  /** Whether the messages came to their end, or the server has responded without waiting for it. */
  #endsCleanly = false;
  /** Whether the start of a message was sent, which no other part will follow. */
  #isCut = false;
  /** Ends the wait for a message when the call ends. */
  #stopWaiting: ((result: IteratorReturnResult<undefined>) => void) | undefined;
  #onFailure: ((error: RpcError) => void) | undefined;
  #context: AsyncResource | undefined;

  constructor(messages: AsyncIterable<Message>, desc: DescMessage, options: JsonWriteOptions) {
    this.#messages = messages[Symbol.asyncIterator]();
    this.#desc = desc;
    this.#options = options;
  }

  /** Whether a message was taken, so that the stream cannot be sent again. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** How many messages were sent. */
  get count(): number {
    return this.#count;
  }

  /**
   * @param context the call in whose asynchronous context the messages are taken
   * @param onFailure is called if the messages cannot be sent: they throw, or one is invalid
   */
  attach(context: AsyncResource, onFailure: (error: RpcError) => void): void {
    this.#context = context;
    this.#onFailure = onFailure;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#isStarted = true;
    if (this.#count % MESSAGES_PER_TURN === MESSAGES_PER_TURN - 1) await new Promise(setImmediate);
    try {
      const result = this.#isEnded ? done : await this.#nextMessage();
      if (this.#isEnded) return await this.#breakOff();
      if (result.done === true) {
        this.#isEnded = true;
        this.#endsCleanly = true;
        return done;
      }
      const line = Buffer.concat([encodeJson(this.#desc, result.value, this.#options), newline]);
      this.#count++;
      return { done: false, value: line };
    } catch (thrown) {
      if (this.#isEnded) throw thrown;
      this.end(false);
      const error = errorOfRequests(thrown);
      this.#onFailure?.(error);
      return this.#breakOff();
    }
  }

  /** undici has stopped sending. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.end(false);
    return done;
  }

  /**
   * Ends the stream, and lets the caller's iterable clean up.
   *
   * @param isComplete whether the response is complete
   */
  end(isComplete: boolean): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#endsCleanly = isComplete;
    this.#stopWaiting?.(done);
    // A generator that waits for something returns only afterwards, so nothing here can wait for it.
    this.#inContext(() => this.#messages.return?.()).catch(() => undefined);
  }

  /**
   * What undici gets after the call has ended. A clean end would show a server part of the requests as all of them. undici (8.12)
   * aborts an HTTP/2 stream with a clean end, so the start of a message goes before it.
   */
  async #breakOff(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#endsCleanly) return done;
    if (!this.#isCut) {
      this.#isCut = true;
      return { done: false, value: cutMessage };
    }
    // In a later turn, as in UndiciExchange.cancel.
    await new Promise(setImmediate);
    throw new Error("the call has ended before its requests");
  }

  #nextMessage(): Promise<IteratorResult<Message, undefined>> {
    return new Promise((resolve, reject) => {
      this.#stopWaiting = resolve;
      this.#inContext(() => this.#messages.next()).then(resolve, reject);
    });
  }

  async #inContext<T>(take: () => T | Promise<T>): Promise<T> {
    return this.#context === undefined ? take() : this.#context.runInAsyncScope(take);
  }
}

/** The error of requests that threw something. The call knows its own outcome. */
export function errorOfRequests(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const { message } = asError(thrown);
  const reason = `the stream of requests failed: ${message}`;
  return new RpcError({ code: Code.Unknown, reason, outcome: "unknown", cause: thrown });
}
