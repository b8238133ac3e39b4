import type { HttpHeaders } from "../errors/http-headers.ts";

/** How a body is written. */
export type Encoding = "protobuf" | "json";

/** What ByteNite and a grpc-gateway with a ProtoMarshaller call a binary body. */
export const PROTOBUF_MEDIA_TYPE = "application/x-protobuf";

/** What every grpc-gateway calls a JSON body. */
export const JSON_MEDIA_TYPE = "application/json";

/** Names for the same bytes. */
const binaryTypes: ReadonlySet<string> = new Set([
  PROTOBUF_MEDIA_TYPE,
  // What a stock grpc-gateway labels its binary responses with.
  "application/octet-stream",
  // RFC 9996 registers the first and lists the second as its alias.
  "application/protobuf",
  "application/x-protobuffer",
  "application/vnd.google.protobuf",
  "application/x-google-protobuf",
  "application/proto",
]);

/** The `content-type` of a response. Several lines of it are one list, as RFC 9110, section 5.3, has it. */
export function contentTypeOf(headers: HttpHeaders): string | undefined {
  const value = headers["content-type"];
  return Array.isArray(value) ? value.join(", ") : value;
}

/**
 * The media type in a `content-type`, in lower case and without its parameters (RFC 9110, section 8.3.1). One that
 * comes several times counts once; of different ones none does, and the result is empty.
 */
export function mediaTypeOf(contentType: string): string {
  if (!contentType.includes(",")) return withoutParameters(contentType);
  // A comma in a quoted parameter begins no other type.
  const list = contentType.replace(/"(?:[^"\\]|\\.)*"/g, "").split(",");
  const types = new Set(list.map(withoutParameters));
  return types.size === 1 ? withoutParameters(contentType) : "";
}

function withoutParameters(contentType: string): string {
  const end = /[;,]/.exec(contentType)?.index;
  return contentType.slice(0, end).trim().toLowerCase();
}

/**
 * How to read a body with this `content-type`, or undefined if it is in neither encoding.
 *
 * @param protobufMediaType one more name for binary, in lower case
 */
export function encodingOf(
  contentType: string | undefined,
  protobufMediaType?: string,
): Encoding | undefined {
  if (contentType === undefined) return undefined;
  // Most responses say it in the very words in which they were asked.
  if (contentType === PROTOBUF_MEDIA_TYPE || contentType === protobufMediaType) return "protobuf";
  if (contentType === JSON_MEDIA_TYPE) return "json";
  const type = mediaTypeOf(contentType);
  if (binaryTypes.has(type) || type === protobufMediaType) return "protobuf";
  if (type === JSON_MEDIA_TYPE || /^[^/\s]+\/[^/\s]+\+json$/.test(type)) return "json";
  return undefined;
}
