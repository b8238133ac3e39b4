import type { Message } from "@bufbuild/protobuf";
import { contentTypeOf } from "../codecs/media-type.ts";
import type { HttpHeaders } from "../errors/http-headers.ts";
import type { Binding } from "../transcoding/binding.ts";
import { httpBody } from "../transcoding/http-body.ts";
import { responseFrom } from "../transcoding/place-body.ts";

/** Makes the output of a method from a copy of the raw body of a response, which is a google.api.HttpBody whatever its type. */
export function readRawBody(binding: Binding, headers: HttpHeaders, body: Uint8Array): Message {
  const { responseField, method } = binding;
  const desc = responseField?.message ?? method.output;
  return responseFrom(binding, httpBody(desc, contentTypeOf(headers) ?? "", body));
}
