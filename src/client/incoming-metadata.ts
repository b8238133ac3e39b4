import type { HttpHeaders } from "../errors/http-headers.ts";

/** gRPC metadata of an answer: keys in lower case, values in the order in which they came. */
export type IncomingMetadata = Readonly<Record<string, readonly string[]>>;

const prefixes = ["grpc-metadata-", "grpc-trailer-"];

/** Reads the metadata that a grpc-gateway passes on as `Grpc-Metadata-*` headers and `Grpc-Trailer-*` trailers. */
export function incomingMetadata(headers: HttpHeaders, trailers: HttpHeaders): IncomingMetadata {
  // Not an object, where a key such as "constructor" would be there before it comes.
  const metadata = new Map<string, string[]>();
  for (const fields of [headers, trailers]) {
    for (const [name, value] of Object.entries(fields)) {
      const prefix = prefixes.find((each) => name.startsWith(each));
      if (prefix === undefined || value === undefined) continue;
      const key = name.slice(prefix.length);
      // No metadata has an empty key, and a header's name cannot be empty.
      if (key === "") continue;
      metadata.set(key, (metadata.get(key) ?? []).concat(value));
    }
  }
  return Object.fromEntries(metadata);
}
