import type { DescMessage, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import type { HttpRules } from "../transcoding/http-rules.ts";
import type { CallOptions } from "./call-options.ts";
import type { UnaryResponse } from "./interceptor.ts";

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
   * Waits for the calls in flight, then closes the connections. Later calls fail with `Code.FailedPrecondition`, outcome
   * `"not_sent"`.
   */
  close(): Promise<void>;

  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The property of this package's transports that holds their http rules, so that a client can validate them. */
export const transportRules = Symbol("http rules");

/** The http rules of a transport; undefined for a transport that is not this package's. */
export function httpRulesOf(transport: Transport): HttpRules | undefined {
  return (transport as { readonly [transportRules]?: HttpRules })[transportRules];
}
