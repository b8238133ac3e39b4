import { RpcError } from "./rpc-error.ts";

/**
 * Lets the stack of an RpcError lead to the line that made the call. The error was created in a callback of undici, whose
 * stack has no line of the caller. V8 knows who awaits an async function, so to capture the stack in its `catch` finds the
 * caller, and costs a call that succeeds nothing.
 *
 * @param below the function whose callers the stack shows. Bun (1.4) finds it only by its own name, which neither an arrow
 *   function nor the variable of a function has.
 * @returns the same error; errors of the caller's own keep their stack
 * @see https://v8.dev/blog/fast-async#improved-developer-experience
 */
export function withCallerStack(error: unknown, below: (...args: never[]) => unknown): unknown {
  if (error instanceof RpcError) Error.captureStackTrace(error, below);
  return error;
}
