import type { Message } from "@bufbuild/protobuf";
import type { HttpResponse } from "../http/http-exchange.ts";
import type { AttemptFailure } from "../responses/attempt-failure.ts";
import type { ErrorBodyType } from "../responses/error-body-type.ts";
import { readErrorResponse } from "../responses/read-error-response.ts";
import { readResponse } from "../responses/read-response.ts";
import type { Redactor } from "../responses/redactor.ts";
import type { Binding } from "../transcoding/binding.ts";
import type { TransportSettings } from "./rest-transport-options.ts";

/**
 * Reads a response: the message of the method, or a failure in which no secret shows.
 *
 * @param redactor gives what the call has sent; it is needed for failures only
 */
export function interpretResponse(
  binding: Binding,
  response: HttpResponse,
  settings: TransportSettings,
  errorBody: ErrorBodyType | undefined,
  redactor: () => Redactor,
): { readonly message: Message } | AttemptFailure {
  if (response.status < 200 || response.status >= 300) {
    const redact = redactor();
    const { protobufMediaType } = settings;
    const failure = readErrorResponse(redact.redactResponse(response), { protobufMediaType, errorBody });
    return redact.redactFailure(failure);
  }
  const read = readResponse(binding, response, settings);
  if ("message" in read) return read;
  // The reason may quote the response, so it is read again, redacted. What is redacted may happen to be readable.
  const redact = redactor();
  const reread = readResponse(binding, redact.redactResponse(response), settings);
  return redact.redactFailure("init" in reread ? reread : read);
}
