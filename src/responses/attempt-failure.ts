import type { Message } from "@bufbuild/protobuf";
import type { Code } from "../errors/code.ts";
import { RpcError, type RpcErrorInit } from "../errors/rpc-error.ts";
import type { RetrySafety } from "../policies/assess-status.ts";

/** A failed attempt: everything its error needs, except for what only the whole call knows. */
export interface AttemptFailure {
  readonly init: Omit<RpcErrorInit, "method" | "attempts" | "history">;
  /** The code of an error response as the client reads it, whatever the caller's `readError` makes of it. */
  readonly ownCode?: Code | undefined;
  /** When the attempt may be retried. */
  readonly retry: RetrySafety;
  /** How long the server asks the client to wait before the next attempt, in milliseconds, if it does. */
  readonly pushbackMs?: number | undefined;
  /** Whether an idle connection had gone stale, which says nothing about the server's health. */
  readonly isStaleConnection?: boolean | undefined;
  /** The service's own message that the body was, and the error for it, where that is not a plain RpcError. */
  readonly own?: OwnError | undefined;
}

/** An error of the service's own type. */
export interface OwnError {
  readonly message: Message;
  readonly toError: (message: Message, init: RpcErrorInit) => RpcError;
}

/** What only the whole call knows about its error. */
export type CallFacts = Required<Pick<RpcErrorInit, "method" | "attempts" | "history">> &
  Pick<RpcErrorInit, "outcome">;

/** Creates the error of a call whose last attempt failed. */
export function errorOf(failure: AttemptFailure, facts: CallFacts): RpcError {
  const { body } = failure.init;
  const init = { ...failure.init, ...facts, body: body && truncatedBody(body) };
  return failure.own?.toError(failure.own.message, init) ?? new RpcError(init);
}

/** How much of a response body an error keeps, in bytes. */
export const MAX_ERROR_BODY_BYTES = 64 * 1024;

/** Copies the part of a response body that an error keeps. A copy, so that the error does not keep the whole buffer alive. */
function truncatedBody(body: Uint8Array): Uint8Array {
  return new Uint8Array(body.subarray(0, MAX_ERROR_BODY_BYTES));
}
