import type { Reply } from "../gateway/reply.ts";
import type { RawHeaders } from "./raw-headers.ts";

/** A request with its complete body. */
export interface ReceivedRequest {
  /** The HTTP method. */
  readonly verb: string;
  /** The request target with its escapes: path and query, or an absolute URL. */
  readonly target: string;
  readonly headers: RawHeaders;
  /** Undefined if the body is longer than the server's limit. */
  readonly body: Uint8Array | undefined;
  /** Aborts when the client disconnects before the response is complete. */
  readonly signal: AbortSignal;
}

/** Replies to a request. It must not reject, unless the request's signal is aborted. */
export type RequestHandler = (request: ReceivedRequest) => Promise<Reply>;

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
