import type { Message } from "@bufbuild/protobuf";
import type { HttpHeaders } from "../errors/http-headers.ts";
import type { AttemptRecord } from "../errors/rpc-error.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import { type Redactor, responseRedactor } from "../responses/redactor.ts";
import type { CallOptions } from "./call-options.ts";
import { type IncomingMetadata, incomingMetadata } from "./incoming-metadata.ts";
import type { UnaryResponse } from "./interceptor.ts";
import { observe } from "./observe.ts";

/** The response to a call, as interceptors see it. */
export class CallResponse implements UnaryResponse {
  readonly message: Message;
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly attempts: number;
  readonly history: readonly AttemptRecord[];
  readonly [responseRedactor]: Redactor;
  readonly #trailers: HttpHeaders;

  constructor(
    message: Message,
    { status, headers, trailers }: HttpResponse,
    history: readonly AttemptRecord[],
    redactor: Redactor,
  ) {
    this.message = message;
    this.status = status;
    this.headers = headers;
    this.attempts = history.length;
    this.history = history;
    this[responseRedactor] = redactor;
    this.#trailers = trailers;
  }

  /** Computed on access: most callers never read it. */
  get metadata(): IncomingMetadata {
    return incomingMetadata(this.headers, this.#trailers);
  }
}

/** Calls a call's `onResponse` with what came, whether the call succeeds or not. */
export function notifyOfResponse(
  onResponse: CallOptions["onResponse"],
  { status, headers, trailers }: HttpResponse,
): void {
  if (onResponse === undefined) return;
  observe(() => onResponse({ status, headers, metadata: incomingMetadata(headers, trailers) }));
}
