import type { Message } from "@bufbuild/protobuf";
import { validateValues } from "../codecs/validate-values.ts";
import type { Binding } from "../transcoding/binding.ts";
import type { HttpBody } from "../transcoding/http-body.ts";
import { requestContentOf } from "../transcoding/place-body.ts";
import { TranscodingError } from "../transcoding/transcoding-error.ts";
import { checkedHeaderValue } from "./request-headers.ts";

/** The raw body of a request, which is a google.api.HttpBody; null if it is empty. */
export function encodeRawBody(binding: Binding, message: Message): Uint8Array | null {
  const { data } = httpBodyOf(binding, message);
  // A copy, because the caller may change the data while the call waits for its next attempt.
  return data.length === 0 ? null : new Uint8Array(data);
}

/**
 * The content type of the raw body of a request; undefined if the message has none.
 *
 * @throws an error about a content type that a header cannot hold, or about extensions, which HTTP cannot carry
 */
export function rawContentType(binding: Binding, message: Message): string | undefined {
  const { contentType, extensions } = httpBodyOf(binding, message);
  const { requestBody } = binding;
  const prefix = requestBody.kind === "field" ? `${requestBody.field.name}.` : "";
  if (extensions.length > 0) throw new TranscodingError(`${prefix}extensions`, "cannot be sent over HTTP");
  return contentType === ""
    ? undefined
    : checkedHeaderValue("content-type", contentType, `${prefix}content_type`);
}

function httpBodyOf(binding: Binding, request: Message): HttpBody {
  const content = requestContentOf(binding, request);
  if (content?.kind !== "message") throw new TypeError("the body is not a message");
  const { desc, message } = content;
  validateValues(desc, message);
  return message as HttpBody;
}
