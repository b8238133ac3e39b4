/**
 * What tells where an answer ends, and what comes behind it (RFC 9112, section 6; RFC 9110, sections 6.6.2 and 7.8).
 * A server works that out by itself. From somebody else it would do something else with each of HTTP/1.1, HTTP/2 and a
 * server without a socket; for answers that end in the wrong place there are faults.
 */
const framingHeaders: ReadonlySet<string> = new Set([
  "content-length",
  "transfer-encoding",
  "trailer",
  "upgrade",
]);

/** @throws RangeError for the name of a header that the server sets by itself, in any spelling */
export function refuseFraming(names: Iterable<string>): void {
  for (const name of names) {
    if (!framingHeaders.has(name.toLowerCase())) continue;
    throw new RangeError(`${name} is the server's own to set: it frames the answer`);
  }
}
