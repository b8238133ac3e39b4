import type { DescMessage, DescMethodStreaming, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions } from "./call-options.ts";
import type { StreamResponse, UnaryResponse } from "./interceptor.ts";
import type { RequestIterable } from "./request-messages.ts";

/** Makes calls. It owns connections: close it after the last call. */
export interface Transport {
  /**
   * Calls a unary method. Every failure rejects with an RpcError.
   *
   * @param input a message, or an init object as for protobuf-es's `create()`
   */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<UnaryResponse<O>>;

  /**
   * Calls a streaming method. Every failure rejects with an RpcError: this promise before the response begins, and the
   * stream of responses after that.
   *
   * A stream has a deadline only if the options have `timeoutMs`, which then covers it whole. The client retries only before
   * the first response, and never after it has taken a request from a stream.
   *
   * @param input the requests, each a message or an init object; exactly one, if the method streams only its responses
   */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    input: RequestIterable<I>,
    options?: CallOptions,
  ): Promise<StreamResponse<O>>;

  /**
   * Waits for the calls in flight, then closes the connections. Open streams end with `Code.Cancelled`, because they may
   * have no end of their own. Later calls fail with `Code.FailedPrecondition`, outcome `"not_sent"`.
   */
  close(): Promise<void>;

  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
