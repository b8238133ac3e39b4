import type { Reply } from "../gateway/reply.ts";

/** The framing of a reply's body over HTTP/1.1 (RFC 9112, section 6). */
export interface FramedReply {
  /** The headers that say where the body ends. The reply's own headers override them. */
  readonly framing: Readonly<Record<string, string | string[]>>;
  /** The part of the body that is sent. */
  readonly body: Uint8Array;
  /** What marks the end of the body: its length, the last chunk, or the end of the connection. */
  readonly endsBy: "length" | "chunk" | "connection";
}

/** Frames a reply, whose body a fault may truncate. */
export function frameReply({ status, body, trailers, fails, stream, announced = true }: Reply): FramedReply {
  if (stream !== undefined) return { framing: {}, body, endsBy: "chunk" };
  if (fails?.where === "in-answer") {
    const part = body.subarray(0, fails.bytes ?? Math.ceil(body.length / 2));
    if (!announced) return { framing: {}, body: part, endsBy: "connection" };
    // One byte more than the body has, so that even an empty body is incomplete.
    return { framing: { "content-length": String(body.length + 1) }, body: part, endsBy: "length" };
  }
  if (!mayHaveBody(status)) return { framing: {}, body: new Uint8Array(), endsBy: "length" };
  if (trailers !== undefined) return { framing: { trailer: Object.keys(trailers) }, body, endsBy: "chunk" };
  if (!announced) return { framing: {}, body, endsBy: "chunk" };
  return { framing: { "content-length": String(body.length) }, body, endsBy: "length" };
}

/** RFC 9110, section 8.6. */
function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304;
}
