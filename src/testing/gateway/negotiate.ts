import type { Encoding } from "../../codecs/media-type.ts";
import { TOKEN } from "../../http/token.ts";
import { headerLines, type RawHeaders } from "../server/raw-headers.ts";

/** How a request is read and how it is answered. */
export interface Negotiated {
  readonly request: Encoding;
  readonly response: Encoding;
}

/**
 * Chooses encodings exactly as a grpc-gateway does (its runtime/marshaler_registry.go).
 *
 * Marshalers are registered by media type; JSON stands under `*`, which is no wildcard, only the name of the
 * default. A line of `Accept` counts if it is, whole and letter for letter, a registered name: lists, q-values
 * and parameters match nothing. Where none counts, the answer goes out as the request came in. Content types
 * are parsed, so their letter case and parameters do not matter; one that cannot be parsed is passed over.
 *
 * @param binaryMediaTypes the names that the binary marshaler is registered by, in lower case
 */
export function negotiate(headers: RawHeaders, binaryMediaTypes: ReadonlySet<string>): Negotiated {
  const isBinary = headerLines(headers, "content-type").some((line) =>
    binaryMediaTypes.has(mediaTypeOf(line) ?? ""),
  );
  const request = isBinary ? "protobuf" : "json";
  for (const line of headerLines(headers, "accept")) {
    if (binaryMediaTypes.has(line)) return { request, response: "protobuf" };
    if (line === "*") return { request, response: "json" };
  }
  return { request, response: request };
}

const parameter = `\\s*;\\s*${TOKEN}\\s*=\\s*(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*")`;
const mediaType = new RegExp(`^\\s*(${TOKEN}/${TOKEN})(?:${parameter})*\\s*;?\\s*$`);

/** As Go's mime.ParseMediaType: undefined where that fails, for instance on a parameter without a value. */
function mediaTypeOf(contentType: string): string | undefined {
  return mediaType.exec(contentType)?.[1]?.toLowerCase();
}
