/** How much of an answer's body an error keeps, in bytes. */
const KEPT_BYTES = 64 * 1024;

/** The bytes of an answer that its error keeps. A copy where it is cut, so that a piece does not hold the whole. */
export function keptBody(body: Uint8Array): Uint8Array {
  return body.length > KEPT_BYTES ? new Uint8Array(body.subarray(0, KEPT_BYTES)) : body;
}
