import { asError } from "../errors/as-error.ts";
import { Code } from "../errors/code.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import type { Outcome } from "../errors/outcome.ts";
import type { HttpFailure } from "../http/http-exchange.ts";
import { assessStatus } from "../policies/assess-status.ts";
import type { CallEnd } from "../policies/call-scope.ts";
import { pushbackMs } from "../policies/pushback.ts";
import type { AttemptFailure } from "./attempt-failure.ts";

/**
 * Reads an HTTP exchange that ended without a response.
 *
 * @param end why the call ended, if that is what ended the exchange
 */
export function readHttpFailure(failure: HttpFailure, end: CallEnd | undefined): AttemptFailure {
  const { kind, sent, status, headers, cause } = failure;
  const outcome: Outcome = sent ? "unknown" : "not_sent";
  const known = { status, headers, outcome, cause };
  const reason = describeCause(cause);
  switch (kind) {
    case "cancelled":
      return { init: { code: Code.Cancelled, reason, ...known, ...end }, retry: "never" };
    case "not_connected": {
      const init = { code: Code.Unavailable, reason: `not connected: ${reason}`, ...known };
      return { init, retry: "always", isStaleConnection: isSocketError(cause) };
    }
    case "connection_lost": {
      const init = { code: Code.Unavailable, reason: `the connection was lost: ${reason}`, ...known };
      return { init, retry: "if_idempotent" };
    }
    case "too_large":
      return bodyFailure(failure, Code.ResourceExhausted, reason);
    case "unreadable":
      return bodyFailure(failure, undefined, reason);
    case "invalid_request":
      return { init: { code: Code.InvalidArgument, reason, ...known }, retry: "never" };
    case "unusable_dispatcher":
      return { init: { code: Code.FailedPrecondition, reason, ...known }, retry: "never" };
  }
}

/** Reads an exchange that received a status but no usable body. */
function bodyFailure(
  { status = 0, headers = {}, cause }: HttpFailure,
  code: Code | undefined,
  reason: string,
): AttemptFailure {
  if (status >= 200 && status < 300) {
    const init = { code: code ?? Code.DataLoss, reason, outcome: "unknown", status, headers, cause } as const;
    return { init, retry: "never" };
  }
  const pushback = pushbackMs(headers, [], Date.now());
  const { outcome, retry } = assessStatus(status, pushback !== undefined);
  return {
    init: { code: code ?? codeFromHttpStatus(status), reason, outcome, status, headers, cause },
    retry,
    pushbackMs: pushback,
  };
}

/** Whether undici reports an established connection that broke, and not one that could not be opened. */
function isSocketError(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "UND_ERR_SOCKET";
}

function describeCause(cause: unknown): string {
  // Node.js throws an AggregateError without a message if it tried several addresses.
  if (cause instanceof AggregateError && cause.message === "") {
    return cause.errors.map(describeCause).join("; ");
  }
  if (!(cause instanceof Error)) return asError(cause).message;
  // OpenSSL's message is numbers, file names and a line break; Node.js puts the readable part into `reason`.
  if ("library" in cause && "reason" in cause) return `TLS: ${cause.reason}`;
  return cause.message || ("code" in cause ? String(cause.code) : cause.name);
}
