/** How much of an answer's body an error keeps, in bytes. */
const KEPT_BYTES = 64 * 1024;

/** The bytes of an answer that its error keeps: a copy, which does not hold the whole of what was received. */
export function truncatedBody(body: Uint8Array): Uint8Array {
  return new Uint8Array(body.subarray(0, KEPT_BYTES));
}
