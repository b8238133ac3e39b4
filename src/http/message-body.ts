import type { HttpHeaders } from "../errors/http-headers.ts";

/**
 * Whether nothing but the end of the connection ends the body of a response, so that one which was cut looks like a whole
 * one (RFC 9112, section 6.3). undici reports either end of such a connection, FIN or RST, as the end of the response
 * (8.12: `onHttpSocketEnd` and `onHttpSocketError` in lib/dispatcher/client-h1.js).
 *
 * @param verb the method of the request
 * @param rawHeaders what undici's controller has of them
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

/** Whether a response has a body, be it an empty one (RFC 9112, section 6.3). */
export function mayHaveBody(verb: string, status: number): boolean {
  return verb !== "HEAD" && status !== 204 && status !== 304;
}

/** As undici's parser reads the list (llhttp): what has an empty element behind it is not the last one. */
function endsWithChunked(codings: string): boolean {
  const last = codings.slice(codings.lastIndexOf(",") + 1);
  return last.trim().toLowerCase() === "chunked";
}

/**
 * Whether headers came over HTTP/2, where the stream says that it ends. undici 8 keeps those as the object that Node
 * makes of them, and those of HTTP/1 as a list (`onResponse` in lib/dispatcher/client-h2.js, `onHeaderField` in
 * client-h1.js). undici 7 has a list for both; its answers over HTTP/2 have to have a length.
 */
function isOfHttp2(rawHeaders: unknown): boolean {
  return typeof rawHeaders === "object" && rawHeaders !== null && !Array.isArray(rawHeaders);
}
