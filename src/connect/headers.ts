import { incomingMetadata } from "../client/incoming-metadata.ts";
import type { HttpHeaders } from "../errors/http-headers.ts";

/** Converts Connect's request headers to call options. Headers has already joined the values of a repeated name. */
export function sentHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries(headers);
}

/**
 * Converts response headers for Connect. Metadata that a grpc-gateway sends as `Grpc-Metadata-<key>` is also under
 * `<key>`, as from a Connect or gRPC server.
 */
export function receivedHeaders(headers: HttpHeaders): Headers {
  const received = new Headers();
  append(received, headers);
  for (const [key, values] of Object.entries(incomingMetadata(headers, {}))) {
    // An HTTP header takes precedence: the content-type of the backend's metadata, for instance, is not the response's.
    if (headers[key] === undefined) append(received, { [key]: values });
  }
  return received;
}

/** Converts trailers for Connect: `Grpc-Trailer-<key>` becomes `<key>`. */
export function receivedTrailers(
  headers: HttpHeaders,
  metadata: Readonly<Record<string, readonly string[]>>,
): Headers {
  const inHeaders = incomingMetadata(headers, {});
  const trailers = new Headers();
  for (const [key, values] of Object.entries(metadata)) {
    append(trailers, { [key]: values.slice(inHeaders[key]?.length ?? 0) });
  }
  return trailers;
}

function append(headers: Headers, fields: Readonly<Record<string, string | readonly string[] | undefined>>) {
  for (const [name, value] of Object.entries(fields)) {
    for (const each of value === undefined ? [] : [value].flat()) headers.append(name, each);
  }
}
