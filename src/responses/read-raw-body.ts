import type { DecodedBody } from "../codecs/binary-codec.ts";
import { contentTypeOf } from "../codecs/media-type.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import type { Binding } from "../transcoding/binding.ts";
import { httpBody } from "../transcoding/http-body.ts";
import { responseFrom } from "../transcoding/place-body.ts";

/** Makes the output of a method from the raw body of a response, which is a google.api.HttpBody whatever its type. */
export function readRawBody(
  binding: Binding,
  { headers, body, isJoined = false }: HttpResponse,
): DecodedBody {
  const { responseField, method } = binding;
  const desc = responseField?.message ?? method.output;
  // A single chunk is a part of what was read from the socket, with headers and perhaps other responses.
  const data = isJoined ? new Uint8Array(body.buffer) : new Uint8Array(body);
  const message = responseFrom(binding, httpBody(desc, contentTypeOf(headers) ?? "", data));
  return { message, hasViews: isJoined };
}
