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
 * What an exchange says that did not end in an answer.
 *
 * @param end why the call was ended, where that is what ended the exchange
 */
export function readHttpFailure(failure: HttpFailure, end: CallEnd | undefined): AttemptFailure {
  const { kind, sent, status, headers, cause } = failure;
  const outcome: Outcome = sent ? "unknown" : "not_sent";
  const seen = { status, headers, outcome, cause };
  switch (kind) {
    case "cancelled":
      return { init: { code: Code.Cancelled, reason: words(cause), ...seen, ...end }, retry: "never" };
    case "not_connected": {
      const init = { code: Code.Unavailable, reason: `not connected: ${words(cause)}`, ...seen };
      return { init, retry: "always", isStaleConnection: isSocketError(cause) };
    }
    case "connection_lost": {
      const init = { code: Code.Unavailable, reason: `the connection was lost: ${words(cause)}`, ...seen };
      return { init, retry: "if_idempotent" };
    }
    case "too_large":
      return badBody(failure, Code.ResourceExhausted, words(cause));
    case "unreadable":
      return badBody(failure, undefined, words(cause));
    case "invalid_request":
      return { init: { code: Code.InvalidArgument, reason: words(cause), ...seen }, retry: "never" };
    case "unusable_dispatcher":
      return { init: { code: Code.FailedPrecondition, reason: words(cause), ...seen }, retry: "never" };
  }
}

/** An answer whose status was read and whose body was not. Its status says what it can. */
function badBody(
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

/** What undici says of a connection that was there, rather than of one that could not be made. */
function isSocketError(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "UND_ERR_SOCKET";
}

/** Node gives a bare AggregateError where it tried several addresses; its parts say why. */
function words(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === "") return cause.errors.map(words).join("; ");
  if (!(cause instanceof Error)) return asError(cause).message;
  // OpenSSL's message is its own numbers, files and a line break; Node.js keeps what it says beside it.
  if ("library" in cause && "reason" in cause) return `TLS: ${cause.reason}`;
  return cause.message || ("code" in cause ? String(cause.code) : cause.name);
}
