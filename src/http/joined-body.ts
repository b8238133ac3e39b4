import type { HttpResponse } from "./http-exchange.ts";

/** Joins the chunks of a body, in memory that {@link freeJoinedBody} can free. */
export function joinChunks(chunks: readonly Uint8Array[], length: number): Uint8Array {
  // Buffer.concat may take the memory from Node's pool, which other Buffers share.
  const body = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const chunk of chunks) {
    // Not set(), which takes a string for an array of numbers.
    at += Buffer.prototype.copy.call(chunk, body, at);
  }
  return body;
}

/**
 * Frees the memory of a body at once, if the body was joined from chunks. The body then has no bytes.
 *
 * V8 would free it in its next garbage collection, and starts one after every few dozen megabytes of such memory. With
 * responses of 1 MB, that cost as much CPU as receiving them.
 */
export function freeJoinedBody({ body, isJoined }: HttpResponse): void {
  if (isJoined) (body.buffer as ArrayBuffer).transfer(0);
}
