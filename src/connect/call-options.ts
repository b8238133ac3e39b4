import { type ContextKey, createContextKey } from "@connectrpc/connect";
import type { CallOptions } from "../client/call-options.ts";

/** The call options that Connect's own call options lack. */
export type RestCallOptions = Pick<
  CallOptions,
  "encoding" | "retry" | "idempotencyKey" | "metadata" | "query"
>;

/**
 * The context key of a call's {@link RestCallOptions}. An interceptor may set it, too.
 *
 * @example
 * const contextValues = createContextValues().set(restCallOptions, { idempotencyKey: "order-17" });
 * await customer.runJob({ jobId: "job-1" }, { contextValues });
 */
export const restCallOptions: ContextKey<RestCallOptions> = createContextKey<RestCallOptions>(
  {},
  { description: "options of a call over REST" },
);
