import type { HttpHeaders } from "../errors/http-headers.ts";

/** Names and values in turn; a list is several values of one name. */
export type HeaderList = readonly (string | readonly string[])[];

/** One HTTP request, ready to be sent. */
export interface HttpRequest {
  /** Scheme, host and port, for instance `"https://api.bytenite.com"`. */
  readonly origin: string;
  /** The HTTP method, in capitals. */
  readonly verb: string;
  /** Path and query, percent-encoded. */
  readonly target: string;
  readonly headers: HeaderList;
  /** Null for a request without a body; never empty. */
  readonly body: Uint8Array | null;
  /** Whether undici may send it again by itself, as it does over HTTP/2 with what it takes for refused. */
  readonly idempotent: boolean;
  /** A longer answer ends the exchange, in bytes. */
  readonly maxResponseBytes: number;
}

/** One HTTP answer, read to its end. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly trailers: HttpHeaders;
  readonly body: Uint8Array;
  /** Whether nothing but the end of the connection ended the body, which then may be cut (RFC 9112, section 6.3). */
  readonly isCloseDelimited: boolean;
}

/** An exchange that did not end in an answer. */
export interface HttpFailure {
  readonly kind:
    | "not_connected"
    | "connection_lost"
    | "too_large"
    | "unreadable"
    | "cancelled"
    | "invalid_request"
    | "unusable_dispatcher";
  /** Whether any byte of the request may have left. */
  readonly sent: boolean;
  /** The status and headers, if the failure came after them. */
  readonly status?: number;
  readonly headers?: HttpHeaders;
  readonly cause: unknown;
}

/** Is told how an exchange ends, by one of the two, once. */
export interface ExchangeListener {
  onResponse(response: HttpResponse): void;
  onFailure(failure: HttpFailure): void;
}

/** What an exchange comes to. */
export type HttpResult = { readonly response: HttpResponse } | { readonly failure: HttpFailure };
