/**
 * The headers that frame a response (RFC 9112, section 6; RFC 9110, sections 6.6.2 and 7.8). The server sets them. From a
 * handler, each would have a different effect over HTTP/1.1, over HTTP/2 and in memory. To end a response in the wrong
 * place, use a fault.
 */
const framingHeaders: ReadonlySet<string> = new Set([
  "content-length",
  "transfer-encoding",
  "trailer",
  "upgrade",
]);

/** @throws RangeError for a framing header, in any letter case */
export function rejectFramingHeaders(names: Iterable<string>): void {
  for (const name of names) {
    if (!framingHeaders.has(name.toLowerCase())) continue;
    throw new RangeError(`${name} cannot be set: the server frames the response itself`);
  }
}
