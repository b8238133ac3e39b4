import { contentTypeOf, encodingOf } from "../codecs/media-type.ts";
import { Code } from "../errors/code.ts";
import { gzip } from "../http/content-encoding.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import type { AttemptFailure } from "../responses/attempt-failure.ts";
import { beginsAsJson } from "../responses/recognize-json.ts";
import { rejectsCallItself } from "./json-fallback.ts";
import type { EncodedRequest } from "./prepared-call.ts";

/** Compresses the body of a request. A body that zlib has no memory for stays as it is. */
export async function compressed(request: EncodedRequest): Promise<EncodedRequest> {
  const { plan, headers, body } = request;
  if (body === null) return request;
  try {
    return { plan, headers: headers.withContentEncoding("gzip"), body: await gzip(body) };
  } catch {
    return request;
  }
}

/**
 * Whether the response to a compressed request may mean that the server does not decompress requests. The server has
 * rejected the request, so it is safe to send it again, uncompressed.
 *
 * A 415 says so (RFC 9110, section 15.5.16), although it may mean the media type instead. A grpc-gateway reads the
 * compressed bytes as a message, and sends 400 with InvalidArgument.
 *
 * @param isConfirmed the server has understood a compressed request before
 */
export function isCompressionRejected(
  { status }: HttpResponse,
  { ownCode }: AttemptFailure,
  isConfirmed: boolean,
): boolean {
  return status === 415 || (status === 400 && ownCode === Code.InvalidArgument && !isConfirmed);
}

/**
 * Whether the response to the same request, uncompressed, proves that the compression was the reason of a rejection: a
 * success, or a rejection of the call itself in an encoding of the service. A lost connection or a 5xx proves nothing.
 */
export function provesCompressionRejected(
  { status, headers, body }: HttpResponse,
  protobufMediaType: string,
): boolean {
  if (status >= 200 && status < 300) return true;
  const encoding = encodingOf(contentTypeOf(headers), protobufMediaType);
  return rejectsCallItself(status) && (encoding !== undefined || beginsAsJson(body));
}
