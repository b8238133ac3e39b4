/** How a body is written. */
export type Encoding = "protobuf" | "json";

/** What ByteNite and a grpc-gateway with a ProtoMarshaller call a binary body. */
export const PROTOBUF_MEDIA_TYPE = "application/x-protobuf";

/** What every grpc-gateway calls a JSON body. */
export const JSON_MEDIA_TYPE = "application/json";

/**
 * `application/octet-stream` is what a stock grpc-gateway labels its binary answers with; the other two
 * are in use elsewhere for the same bytes.
 */
const binaryTypes: ReadonlySet<string> = new Set([
  PROTOBUF_MEDIA_TYPE,
  "application/octet-stream",
  "application/protobuf",
  "application/vnd.google.protobuf",
]);

/**
 * How to read a body with this `content-type`, or undefined if it is in neither encoding. Letter case and
 * parameters do not count (RFC 9110, section 8.3.1).
 *
 * @param protobufMediaType one more name for binary, in lower case
 */
export function encodingOf(
  contentType: string | undefined,
  protobufMediaType?: string,
): Encoding | undefined {
  if (contentType === undefined) return undefined;
  // Most answers say it in the very words in which they were asked.
  if (contentType === PROTOBUF_MEDIA_TYPE || contentType === protobufMediaType) return "protobuf";
  if (contentType === JSON_MEDIA_TYPE) return "json";
  const semicolon = contentType.indexOf(";");
  const type = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  if (binaryTypes.has(type) || type === protobufMediaType) return "protobuf";
  if (type === JSON_MEDIA_TYPE || /^[^/\s]+\/[^/\s]+\+json$/.test(type)) return "json";
  return undefined;
}
