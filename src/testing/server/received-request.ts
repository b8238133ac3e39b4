import type { Reply } from "../gateway/reply.ts";
import type { RawHeaders } from "./raw-headers.ts";

/** The head of a request. */
interface RequestHead {
  /** The HTTP method. */
  readonly verb: string;
  /** The request target with its escapes: path and query, or an absolute URL. */
  readonly target: string;
  readonly headers: RawHeaders;
  /** Aborts when the client disconnects before the response is complete. */
  readonly signal: AbortSignal;
}

/** A request whose body may still be on its way. */
export interface IncomingRequest extends RequestHead {
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** A request with its complete body, or with the stream of its messages. */
export interface ReceivedRequest extends RequestHead {
  /** Undefined if the body is longer than the server's limit; empty if it is a stream. */
  readonly body: Uint8Array | undefined;
  /** The body of an rpc that takes a stream of messages. */
  readonly stream?: RequestStream | undefined;
}

/** The body of a request that is a stream of messages. */
export interface RequestStream {
  /** The bytes as they come. Read them once. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Counts a message in the record of the request. */
  countMessage(): void;
}

/** Replies to a request. It must not reject, unless the request's body cannot be read. */
export type RequestHandler = (request: IncomingRequest) => Promise<Reply>;

/** Reads a body to its end even above the limit: a client that is still sending would miss the response. */
export async function readBody(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return length > maxBytes ? undefined : new Uint8Array(Buffer.concat(chunks));
}

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
