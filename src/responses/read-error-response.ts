import { contentTypeOf, encodingOf } from "../codecs/media-type.ts";
import { type HttpHeaders, headerText } from "../errors/http-headers.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import { assessStatus } from "../policies/assess-status.ts";
import { pushbackMs } from "../policies/pushback.ts";
import type { AttemptFailure } from "./attempt-failure.ts";
import { readStatusInfo } from "./read-status-info.ts";
import type { ErrorBodyType } from "./status-info.ts";

/** Reads a response whose status is not 2xx. */
export function readErrorResponse(
  response: HttpResponse,
  options: { readonly protobufMediaType: string; readonly errorBody: ErrorBodyType | undefined },
): AttemptFailure {
  const { status, headers, body } = response;
  const { errorBody } = options;
  const encoding = encodingOf(contentTypeOf(headers), options.protobufMediaType);
  const { code, reason, details, message } = readStatusInfo(body, encoding, errorBody);
  const isRedirect = status < 400 && code === undefined && message === undefined;
  const pushback = pushbackMs(headers, details, Date.now());
  const { outcome, retry } = assessStatus(status, pushback !== undefined);
  return {
    init: {
      code: code ?? codeFromHttpStatus(status),
      reason: (isRedirect ? describeRedirect(status, headers) : reason) || "the server gave no reason",
      outcome,
      status,
      headers,
      details,
      body,
    },
    retry,
    pushbackMs: pushback,
    own: message && errorBody && { message, toError: errorBody.toError },
  };
}

/** Describes a 3xx response. Of its location it names only the host: path and query may hold secrets. */
function describeRedirect(status: number, headers: HttpHeaders): string {
  // RFC 9110, section 15.4.5: a 304 has no location.
  if (status === 304) return "not modified, although the request had no condition such as If-None-Match";
  const location = headerText(headers, "location");
  const host = location !== undefined && URL.canParse(location) ? new URL(location).host : "";
  return `redirected${host && ` to ${host}`}: redirects are not followed, to keep credentials from other hosts`;
}
