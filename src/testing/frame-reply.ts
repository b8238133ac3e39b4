import type { Reply } from "./reply.ts";

/** How the body of a reply goes out over HTTP/1.1 (RFC 9112, section 6). */
export interface FramedReply {
  /** The headers that tell where the body ends; the reply's own go before them. */
  readonly framing: Readonly<Record<string, string | string[]>>;
  /** As much of the body as is sent. */
  readonly body: Uint8Array;
  /** Whether the body is sent without its length being told. */
  readonly isChunked: boolean;
}

/** Gives a reply, which may break off in the middle, its frame. */
export function frameReply({ status, body, trailers, fails, announced = true }: Reply): FramedReply {
  if (fails?.where === "in-answer") {
    // One more than there is, so that even an empty body does not arrive whole.
    const framing = { "content-length": String(body.length + 1) };
    return { framing, body: body.subarray(0, Math.ceil(body.length / 2)), isChunked: false };
  }
  if (trailers !== undefined) return { framing: { trailer: Object.keys(trailers) }, body, isChunked: true };
  if (!mayHaveBody(status)) return { framing: {}, body: new Uint8Array(), isChunked: false };
  if (!announced) return { framing: {}, body, isChunked: true };
  return { framing: { "content-length": String(body.length) }, body, isChunked: false };
}

/** RFC 9110, section 8.6. */
function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304;
}
