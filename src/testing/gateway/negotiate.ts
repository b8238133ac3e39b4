import type { Encoding } from "../../codecs/media-type.ts";
import { TOKEN } from "../../http/token.ts";
import { headerLines, type RawHeaders } from "../server/raw-headers.ts";

/** The encodings of a request and of its response. */
export interface Negotiated {
  readonly request: Encoding;
  readonly response: Encoding;
}

/**
 * Chooses encodings exactly as a grpc-gateway does (its runtime/marshaler_registry.go).
 *
 * Marshalers are registered by media type. JSON is registered as `*`, which is the name of the default and not a wildcard.
 * A line of `Accept` matches only if it equals a registered name: lists, q-values and parameters match nothing. If no line
 * matches, the response has the encoding of the request. Content types are parsed, so letter case and parameters do not
 * matter; one that cannot be parsed is ignored.
 *
 * @param binaryMediaTypes the names of the binary marshaler, in lower case
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

/** Like Go's mime.ParseMediaType; undefined where that fails, for instance on a parameter without a value. */
function mediaTypeOf(contentType: string): string | undefined {
  return mediaType.exec(contentType)?.[1]?.toLowerCase();
}
