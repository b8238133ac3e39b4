import { contentTypeOf, encodingOf } from "../codecs/media-type.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import { assessStatus } from "../policies/assess-status.ts";
import { pushbackMs } from "../policies/pushback.ts";
import type { AttemptFailure } from "./attempt-failure.ts";
import type { ErrorBodyType } from "./error-body-type.ts";
import { readStatusInfo } from "./read-status-info.ts";
import { describeRedirection } from "./redirection.ts";
import { truncatedBody } from "./truncated-body.ts";

/** What an answer says whose status is not 2xx. */
export function readErrorResponse(
  response: HttpResponse,
  options: { readonly protobufMediaType: string; readonly errorBody: ErrorBodyType | undefined },
): AttemptFailure {
  const { status, headers, body } = response;
  const { errorBody } = options;
  const encoding = encodingOf(contentTypeOf(headers), options.protobufMediaType);
  const { code, reason, details, message } = readStatusInfo(body, encoding, errorBody);
  const isRedirection = status < 400 && code === undefined && message === undefined;
  const words = isRedirection ? describeRedirection(status, headers) : reason;
  const pushback = pushbackMs(headers, details, Date.now());
  const { outcome, retry } = assessStatus(status, pushback !== undefined);
  return {
    init: {
      code: code ?? codeFromHttpStatus(status),
      reason: words || "the server gave no reason",
      outcome,
      status,
      headers,
      details,
      body: truncatedBody(body),
    },
    retry,
    pushbackMs: pushback,
    toError: message && errorBody && ((init) => errorBody.toError(message, init)),
  };
}
