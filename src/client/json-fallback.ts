import { contentTypeOf, encodingOf } from "../codecs/media-type.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import { beginsAsJson } from "../responses/recognize-json.ts";
import type { EncodedRequest } from "./prepared-call.ts";

/**
 * Whether the response says that the server does not understand binary: a rejection that is not itself in binary.
 * The server has rejected the request, so it is safe to send it again, in JSON.
 */
export function isBinaryRejected(
  response: HttpResponse,
  sent: EncodedRequest,
  protobufMediaType: string,
): boolean {
  const { status } = response;
  const hasBinaryBody = sent.body !== null && sent.plan.request === "protobuf";
  const isRejected =
    (sent.plan.isBinary && (status === 406 || status === 415)) || (hasBinaryBody && status === 400);
  return isRejected && encodingOf(contentTypeOf(response.headers), protobufMediaType) !== "protobuf";
}

/**
 * Whether the response to the same call in JSON proves that the server speaks JSON only: a success, or a
 * rejection of the request itself rather than of its encoding. A lost connection or a 5xx proves nothing.
 */
export function provesJsonOnly({ status, headers, body }: HttpResponse): boolean {
  if (status >= 200 && status < 300) return true;
  return rejectsCallItself(status) && (encodingOf(contentTypeOf(headers)) === "json" || beginsAsJson(body));
}

/** Whether a status rejects the call itself rather than the way in which it was encoded. */
export function rejectsCallItself(status: number): boolean {
  return status > 400 && status < 500 && status !== 406 && status !== 415;
}
