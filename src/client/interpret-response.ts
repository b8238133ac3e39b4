import type { DecodedBody } from "../codecs/binary-codec.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import type { AttemptFailure } from "../responses/attempt-failure.ts";
import { readErrorResponse } from "../responses/read-error-response.ts";
import { readResponse } from "../responses/read-response.ts";
import type { Redactor } from "../responses/redactor.ts";
import type { ErrorBodyType } from "../responses/status-info.ts";
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
): DecodedBody | AttemptFailure {
  if (response.status < 200 || response.status >= 300) {
    return redactor().redactFailure(readErrorResponse(response, settings, errorBody));
  }
  const read = readResponse(binding, response, settings);
  return "message" in read ? read : redactor().redactFailure(read);
}
