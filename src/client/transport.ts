import type { DescMessage, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions } from "./call-options.ts";
import type { UnaryResponse } from "./interceptor.ts";

/** Makes calls. It owns connections: close it when no more calls are to come. */
export interface Transport {
  /**
   * Calls a unary method. Everything that goes wrong rejects with an RpcError.
   *
   * @param input a message, or what protobuf-es's `create()` makes one from
   */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<UnaryResponse<O>>;

  /**
   * Lets the calls in flight finish, then closes the connections. Calls made after it fail with
   * `Code.FailedPrecondition`, outcome `"not_sent"`.
   */
  close(): Promise<void>;

  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
