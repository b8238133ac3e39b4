import { RpcError, type RpcErrorInit } from "../errors/rpc-error.ts";
import type { RetrySafety } from "../policies/assess-status.ts";

/** An attempt that failed: what its error will say, except for what only the whole call knows. */
export interface AttemptFailure {
  readonly init: Omit<RpcErrorInit, "method" | "attempts" | "history">;
  /** When it may be made again. */
  readonly retry: RetrySafety;
  /** How long the server asks to wait before the next try, in milliseconds, if it does. */
  readonly pushbackMs?: number | undefined;
  /** Whether an idle connection had gone stale, which says nothing about the server's health. */
  readonly isStaleConnection?: boolean | undefined;
  /** Makes the error, where it is not a plain RpcError. */
  readonly toError?: ((init: RpcErrorInit) => RpcError) | undefined;
}

/** What the whole call knows. */
export type CallFacts = Required<Pick<RpcErrorInit, "method" | "attempts" | "history">> &
  Pick<RpcErrorInit, "outcome">;

/** The error of a call whose last attempt failed so. */
export function errorOf(failure: AttemptFailure, facts: CallFacts): RpcError {
  const init = { ...failure.init, ...facts };
  return failure.toError?.(init) ?? new RpcError(init);
}
