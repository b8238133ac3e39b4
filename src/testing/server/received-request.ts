import type { Reply } from "../gateway/reply.ts";
import type { RawHeaders } from "./raw-headers.ts";

/** A request, read whole. */
export interface ReceivedRequest {
  /** The HTTP method. */
  readonly verb: string;
  /** The request target, undecoded: the path and the query, or a whole URL. */
  readonly target: string;
  readonly headers: RawHeaders;
  /** Undefined if it is longer than allowed. */
  readonly body: Uint8Array | undefined;
  /** Fires when the connection is gone before the answer is out. */
  readonly signal: AbortSignal;
}

/** Gives the reply to a request. It must not reject, except when the request's signal has fired. */
export type Answer = (request: ReceivedRequest) => Promise<Reply>;
