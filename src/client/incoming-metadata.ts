import type { HttpHeaders } from "../errors/http-headers.ts";

/** gRPC metadata of a response: keys in lower case, values in the order of arrival. */
export type IncomingMetadata = Readonly<Record<string, readonly string[]>>;

const prefixes = ["grpc-metadata-", "grpc-trailer-"];

/** Reads the metadata that a grpc-gateway sends as `Grpc-Metadata-*` headers and `Grpc-Trailer-*` trailers. */
export function incomingMetadata(headers: HttpHeaders, trailers: HttpHeaders): IncomingMetadata {
  // A Map, because an object already has keys such as "constructor".
  const metadata = new Map<string, string[]>();
  for (const fields of [headers, trailers]) {
    for (const [name, value] of Object.entries(fields)) {
      const prefix = prefixes.find((each) => name.startsWith(each));
      if (prefix === undefined || value === undefined) continue;
      const key = name.slice(prefix.length);
      // gRPC metadata has no empty keys.
      if (key === "") continue;
      metadata.set(key, (metadata.get(key) ?? []).concat(value));
    }
  }
  return Object.fromEntries(metadata);
}
