import { contentTypeOf, encodingOf } from "../codecs/media-type.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import type { EncodedRequest } from "./prepared-call.ts";

/**
 * Whether an answer says that the server did not understand binary: a refusal that is not itself in binary.
 * Since it was refused, it is safe to send again, in JSON.
 */
export function isRefusalOfBinary(
  response: HttpResponse,
  sent: EncodedRequest,
  protobufMediaType: string,
): boolean {
  const { status } = response;
  const hasBinaryBody = sent.body !== null && sent.plan.request === "protobuf";
  const isRefused =
    (sent.plan.isBinary && (status === 406 || status === 415)) || (hasBinaryBody && status === 400);
  return isRefused && encodingOf(contentTypeOf(response.headers), protobufMediaType) !== "protobuf";
}

/**
 * Whether the answer to the same call in JSON proves that the server speaks JSON only: a success, or a
 * refusal of what was asked rather than of how. A lost connection or a 5xx proves nothing.
 */
export function provesJsonOnly({ status, headers }: HttpResponse): boolean {
  if (status >= 200 && status < 300) return true;
  if (status === 400 || status === 406 || status === 415 || status < 400 || status >= 500) return false;
  return encodingOf(contentTypeOf(headers)) === "json";
}
