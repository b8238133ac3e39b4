import { incomingMetadata } from "../client/incoming-metadata.ts";
import type { HttpHeaders } from "../errors/http-headers.ts";

/** Headers that Connect gives, as a call of ours takes them. Several values of a name are one by now. */
export function sentHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries(headers);
}

/**
 * The headers of an answer as Connect knows them. What a grpc-gateway passes on as `Grpc-Metadata-<key>` is there under
 * its own key, too, where a Connect or gRPC server would have put it.
 */
export function receivedHeaders(headers: HttpHeaders): Headers {
  const received = new Headers();
  append(received, headers);
  for (const [key, values] of Object.entries(incomingMetadata(headers, {}))) {
    // The HTTP header says what was sent: the backend's own content-type, for one, is another.
    if (headers[key] === undefined) append(received, { [key]: values });
  }
  return received;
}

/** What came as trailers: `Grpc-Trailer-<key>`, under its own key. */
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
