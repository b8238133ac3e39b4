// Logs a line for each call, and one for each failed attempt. Copy this file; it needs pino.
import { tracingChannel } from "node:diagnostics_channel";
import { type AttemptEvent, type CallEvent, Code, codeName } from "bytenite-jobs";
import type { Logger } from "pino";

const calls = tracingChannel("bytenite-jobs:call");
const attempts = tracingChannel("bytenite-jobs:attempt");

/**
 * Starts to log calls: success as `info`, calls that did not happen as `warn`, and calls that may have happened as `error`,
 * because somebody has to check. @returns a function that stops it
 */
export function logCalls(logger: Logger): () => void {
  const onCall = (message: unknown) => {
    const {
      method,
      code = Code.Unknown,
      outcome,
      status,
      attempts,
      durationMs,
      error,
    } = message as CallEvent;
    const isFailed = "error" in (message as CallEvent);
    const level = !isFailed ? "info" : outcome === "unknown" ? "error" : "warn";
    const fields = { rpc: method, code: codeName(code), outcome, status, attempts, durationMs, err: error };
    logger[level](fields, isFailed ? `call failed, outcome ${outcome}` : "call");
  };
  const onAttempt = (message: unknown) => {
    const {
      method,
      attempt,
      code = Code.Unknown,
      outcome,
      status,
      durationMs,
      error,
    } = message as AttemptEvent;
    if (error === undefined) return;
    const fields = { rpc: method, attempt, code: codeName(code), outcome, status, durationMs };
    logger.debug(fields, error.reason);
  };
  calls.asyncEnd.subscribe(onCall);
  attempts.asyncEnd.subscribe(onAttempt);
  return () => {
    calls.asyncEnd.unsubscribe(onCall);
    attempts.asyncEnd.unsubscribe(onAttempt);
  };
}
