import { contentTypeOf, encodingOf } from "../codecs/media-type.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import { assessStatus } from "../policies/assess-status.ts";
import { pushbackMs } from "../policies/pushback.ts";
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
  const encoding = encodingOf(contentTypeOf(headers), options.protobufMediaType);
  const { code, reason, details, message } = errorWordsOf(body, encoding, errorBody);
  const isRedirection = status < 400 && code === undefined && message === undefined;
  const words = isRedirection ? redirectionInWords(status, headers) : reason;
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
      body: keptBody(body),
    },
    retry,
    pushbackMs: pushback,
    toError: message && errorBody && ((init) => errorBody.toError(message, init)),
  };
}
