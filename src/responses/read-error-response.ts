import { contentTypeOf, encodingOf } from "../codecs/media-type.ts";
import { Code, isCode } from "../errors/code.ts";
import type { ErrorDetail } from "../errors/error-detail.ts";
import { type HttpHeaders, headerText } from "../errors/http-headers.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import { assessStatus } from "../policies/assess-status.ts";
import { pushbackMs } from "../policies/pushback.ts";
import type { AttemptFailure } from "./attempt-failure.ts";
import { readStatusInfo } from "./read-status-info.ts";
import type { ErrorBodyType, StatusInfo } from "./status-info.ts";

/** How a caller reads the error bodies of a service. What it leaves out is read as without it. */
export type ReadError = (response: {
  /** The HTTP status. */
  readonly status: number;
  readonly headers: HttpHeaders;
  /** Decompressed. */
  readonly body: Uint8Array;
}) =>
  | {
      readonly code?: Code | undefined;
      readonly message?: string | undefined;
      readonly details?: readonly ErrorDetail[] | undefined;
    }
  | undefined;

/** The settings of a transport that the reading of errors depends on. */
export interface ReadErrorOptions {
  readonly protobufMediaType: string;
  readonly readError: ReadError | undefined;
}

/**
 * Reads a response whose status is not 2xx.
 *
 * @param errorBody the message type that the service sends instead of google.rpc.Status
 */
export function readErrorResponse(
  response: HttpResponse,
  options: ReadErrorOptions,
  errorBody: ErrorBodyType | undefined,
): AttemptFailure {
  const { status, headers, body } = response;
  const encoding = encodingOf(contentTypeOf(headers), options.protobufMediaType);
  const fromBody = readStatusInfo(body, encoding, errorBody);
  const fromCaller = infoFromCaller(options.readError, response);
  const { code, reason, details, message } = { ...fromBody, ...fromCaller };
  const isRedirect =
    status < 400 && code === undefined && message === undefined && fromCaller.reason === undefined;
  // Not from the caller's details: what `readError` returns decides neither the outcome nor a retry.
  const pushback = pushbackMs(headers, fromBody.details, Date.now());
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
    ownCode: fromBody.code ?? codeFromHttpStatus(status),
    retry,
    pushbackMs: pushback,
    own: message && errorBody && { message, toError: errorBody.toError },
  };
}

/** What the caller's function returns, without what is not of its type. Its own errors must not hide the server's. */
function infoFromCaller(
  readError: ReadError | undefined,
  { status, headers, body }: HttpResponse,
): Partial<StatusInfo> {
  try {
    const info = readError?.({ status, headers, body }) ?? {};
    // An async function is a mistake. Its rejection must not end the process.
    if (info instanceof Promise) info.catch(() => undefined);
    const { code, message, details } = info;
    return {
      ...(code !== undefined && isCode(code) && code !== Code.OK && { code }),
      ...(typeof message === "string" && { reason: message }),
      ...(Array.isArray(details) && { details: details.filter(isDetail) }),
    };
  } catch {
    return {};
  }
}

function isDetail(detail: ErrorDetail | undefined): boolean {
  return typeof detail?.typeUrl === "string";
}

/** Describes a 3xx response. Of its location it names only the host: path and query may hold secrets. */
function describeRedirect(status: number, headers: HttpHeaders): string {
  // RFC 9110, section 15.4.5: a 304 has no location.
  if (status === 304) return "not modified, although the request had no condition such as If-None-Match";
  const location = headerText(headers, "location");
  const host = location !== undefined && URL.canParse(location) ? new URL(location).host : "";
  return `redirected${host && ` to ${host}`}: redirects are not followed, to keep credentials from other hosts`;
}
