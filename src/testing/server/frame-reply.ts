import type { Reply } from "../gateway/reply.ts";

/** How the body of a reply goes out over HTTP/1.1 (RFC 9112, section 6). */
export interface FramedReply {
  /** The headers that tell where the body ends; the reply's own go before them. */
  readonly framing: Readonly<Record<string, string | string[]>>;
  /** As much of the body as is sent. */
  readonly body: Uint8Array;
  /** How the end of the body is told: by its length, by a last chunk, or not at all but by the connection's end. */
  readonly endsBy: "length" | "chunk" | "connection";
}

/** Gives a reply, which may break off in the middle, its frame. */
export function frameReply({ status, body, trailers, fails, announced = true }: Reply): FramedReply {
  if (fails?.where === "in-answer") {
    const part = body.subarray(0, fails.bytes ?? Math.ceil(body.length / 2));
    if (!announced) return { framing: {}, body: part, endsBy: "connection" };
    // One more than there is, so that even an empty body does not arrive whole.
    return { framing: { "content-length": String(body.length + 1) }, body: part, endsBy: "length" };
  }
  if (trailers !== undefined) return { framing: { trailer: Object.keys(trailers) }, body, endsBy: "chunk" };
  if (!mayHaveBody(status)) return { framing: {}, body: new Uint8Array(), endsBy: "length" };
  if (!announced) return { framing: {}, body, endsBy: "chunk" };
  return { framing: { "content-length": String(body.length) }, body, endsBy: "length" };
}

/** RFC 9110, section 8.6. */
function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304;
}
