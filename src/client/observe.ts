import { asError } from "../errors/as-error.ts";

/**
 * Tells somebody who looks on. A call does not end, and nothing that it says changes, because they have a bug:
 * what they throw, now or later, becomes a warning of the process.
 */
export function observe(tell: (() => unknown) | undefined): void {
  if (tell === undefined) return;
  try {
    const result = tell();
    if (result instanceof Promise) result.catch(warn);
  } catch (error) {
    warn(error);
  }
}

function warn(error: unknown): void {
  process.emitWarning(asError(error));
}
