import { type ContextKey, createContextKey } from "@connectrpc/connect";
import type { CallOptions } from "../client/call-options.ts";

/** What a call may have of its own that Connect has no word for. */
export type RestCallOptions = Pick<CallOptions, "encoding" | "retry" | "idempotencyKey" | "metadata">;

/**
 * Gives one call options that Connect has no word for, as a context value; an interceptor may set it, too.
 *
 * @example
 * const contextValues = createContextValues().set(restCallOptions, { idempotencyKey: "order-17" });
 * await customer.runJob({ jobId: "job-1" }, { contextValues });
 */
export const restCallOptions: ContextKey<RestCallOptions> = createContextKey<RestCallOptions>(
  {},
  { description: "options of a call over REST" },
);
