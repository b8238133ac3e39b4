import type { ServerResponse } from "node:http";

/**
 * Fires when the caller's connection closes before it has its answer.
 *
 * It is the response that knows. Fastify's `request.signal` (5.12) goes by the request, which Node closes as soon as
 * its body is read: a call with a body would be cancelled before it begins.
 */
export function callerGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new Error("the caller is gone"));
  });
  return gone.signal;
}
