import type { HttpHeaders } from "../errors/http-headers.ts";

/**
 * Whether only the end of the connection ends the body of a response, so that a truncated body looks complete
 * (RFC 9112, section 6.3). undici reports both a FIN and a RST of such a connection as the end of the response
 * (8.12: `onHttpSocketEnd` and `onHttpSocketError` in lib/dispatcher/client-h1.js).
 *
 * @param verb the HTTP method of the request
 * @param rawHeaders the `rawHeaders` of undici's controller
 */
export function isCloseDelimited(
  verb: string,
  status: number,
  headers: HttpHeaders,
  rawHeaders: unknown,
): boolean {
  const transferEncoding = headers["transfer-encoding"];
  if (transferEncoding !== undefined) {
    if (endsWithChunked(String(transferEncoding))) return false;
  } else if (headers["content-length"] !== undefined) {
    return false;
  }
  return mayHaveBody(verb, status) && !isOfHttp2(rawHeaders);
}

/** What is wrong with a response whose end only the connection marks ({@link isCloseDelimited}). */
export const MAY_BE_CUT = "it may be cut short: it ends with the connection and has no content-length";

/** Whether a response has a body, which may be empty (RFC 9112, section 6.3). */
export function mayHaveBody(verb: string, status: number): boolean {
  return verb !== "HEAD" && status !== 204 && status !== 304;
}

/** Whether `chunked` is the last coding, as undici's parser (llhttp) reads the list: an empty element counts. */
function endsWithChunked(codings: string): boolean {
  const last = codings.slice(codings.lastIndexOf(",") + 1);
  return last.trim().toLowerCase() === "chunked";
}

/**
 * Whether headers came over HTTP/2, where the stream itself marks its end. undici 8 passes on Node's object for HTTP/2,
 * and a list for HTTP/1 (`onResponse` in lib/dispatcher/client-h2.js, `onHeaderField` in client-h1.js). undici 7 passes on
 * a list for both, so that its responses over HTTP/2 need a `content-length`.
 */
function isOfHttp2(rawHeaders: unknown): boolean {
  return typeof rawHeaders === "object" && rawHeaders !== null && !Array.isArray(rawHeaders);
}
