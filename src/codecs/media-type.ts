import type { HttpHeaders } from "../errors/http-headers.ts";

/** The encoding of a body. */
export type Encoding = "protobuf" | "json";

/** The media type of a binary body at ByteNite, and of a grpc-gateway with a ProtoMarshaller. */
export const PROTOBUF_MEDIA_TYPE = "application/x-protobuf";

/** The media type of a JSON body. */
export const JSON_MEDIA_TYPE = "application/json";

/** Other media types of binary bodies. */
const binaryTypes: ReadonlySet<string> = new Set([
  PROTOBUF_MEDIA_TYPE,
  // The type of binary responses of a grpc-gateway by default.
  "application/octet-stream",
  // RFC 9996 registers the first and lists the second as its alias.
  "application/protobuf",
  "application/x-protobuffer",
  "application/vnd.google.protobuf",
  "application/x-google-protobuf",
  "application/proto",
]);

/** The `content-type` of a response. A repeated header is one list (RFC 9110, section 5.3). */
export function contentTypeOf(headers: HttpHeaders): string | undefined {
  const value = headers["content-type"];
  return Array.isArray(value) ? value.join(", ") : value;
}

/**
 * The media type in a `content-type`, in lower case and without parameters (RFC 9110, section 8.3.1). If the header has
 * several different media types, the result is empty.
 */
export function mediaTypeOf(contentType: string): string {
  if (!contentType.includes(",")) return withoutParameters(contentType);
  // A comma in a quoted parameter does not separate media types.
  const list = contentType.replace(/"(?:[^"\\]|\\.)*"/g, "").split(",");
  const types = new Set(list.map(withoutParameters));
  return types.size === 1 ? withoutParameters(contentType) : "";
}

function withoutParameters(contentType: string): string {
  const end = /[;,]/.exec(contentType)?.index;
  return contentType.slice(0, end).trim().toLowerCase();
}

/**
 * The encoding of a body with this `content-type`; undefined if it is neither.
 *
 * @param protobufMediaType another media type of binary bodies, in lower case
 */
export function encodingOf(
  contentType: string | undefined,
  protobufMediaType?: string,
): Encoding | undefined {
  if (contentType === undefined) return undefined;
  // Most responses have exactly the media type of the `accept` header.
  if (contentType === PROTOBUF_MEDIA_TYPE || contentType === protobufMediaType) return "protobuf";
  if (contentType === JSON_MEDIA_TYPE) return "json";
  const type = mediaTypeOf(contentType);
  if (binaryTypes.has(type) || type === protobufMediaType) return "protobuf";
  if (type === JSON_MEDIA_TYPE || /^[^/\s]+\/[^/\s]+\+json$/.test(type)) return "json";
  return undefined;
}
