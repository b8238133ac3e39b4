import { asError } from "../errors/as-error.ts";

/**
 * Runs a callback that only observes a call. An error that it throws, or its promise rejects with, becomes a process
 * warning and does not affect the call.
 */
export function observe(callback: (() => unknown) | undefined): void {
  if (callback === undefined) return;
  try {
    const result = callback();
    if (result instanceof Promise) result.catch(warn);
  } catch (error) {
    warn(error);
  }
}

function warn(error: unknown): void {
  process.emitWarning(asError(error));
}
