import { encodingOf } from "../codecs/media-type.ts";
import { headerText } from "../errors/http-headers.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import { outcomeOfStatus } from "../policies/outcome-of-status.ts";
import { pushbackMs } from "../policies/pushback.ts";
import { retrySafetyOfStatus } from "../policies/retry-safety.ts";
import type { WireResponse } from "../wire/wire.ts";
import type { AttemptFailure } from "./attempt-failure.ts";
import type { ErrorBodyType } from "./error-body-type.ts";
import { errorWordsOf } from "./error-words-of.ts";
import { keptBody } from "./kept-body.ts";
import { redirectionInWords } from "./redirection.ts";

/** What an answer says whose status is not 2xx. */
export function readErrorAnswer(
  response: WireResponse,
  options: { readonly protobufMediaType: string; readonly errorBody: ErrorBodyType | undefined },
): AttemptFailure {
  const { status, headers, body } = response;
  const { errorBody } = options;
  const encoding = encodingOf(headerText(headers, "content-type"), options.protobufMediaType);
  const { code, reason, details, message } = errorWordsOf(body, encoding, errorBody);
  const isRedirection = status < 400 && code === undefined && message === undefined;
  const pushback = pushbackMs(headers, details, Date.now());
  return {
    init: {
      code: code ?? codeFromHttpStatus(status),
      reason: isRedirection ? redirectionInWords(headers) : reason || "the server gave no reason",
      outcome: outcomeOfStatus(status, pushback !== undefined),
      status,
      headers,
      details,
      body: keptBody(body),
    },
    retry: retrySafetyOfStatus(status, pushback !== undefined),
    pushbackMs: pushback,
    toError: message && errorBody && ((init) => errorBody.toError(message, init)),
  };
}
