import type { HttpHeaders } from "../errors/http-headers.ts";

/** Header names and values in turn. A repeated header has a list of values. */
export type HeaderList = readonly (string | readonly string[])[];

/** An HTTP request that is ready to be sent. */
export interface HttpRequest {
  /** Scheme, host and port, for instance `"https://api.bytenite.com"`. */
  readonly origin: string;
  /** The HTTP method, in capitals. */
  readonly verb: string;
  /** Path and query, percent-encoded. */
  readonly target: string;
  readonly headers: HeaderList;
  /** Null for a request without a body; bytes are never empty. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | null;
  /** Whether undici may resend the request, as it does over HTTP/2 if it considers the stream refused. */
  readonly idempotent: boolean;
  /** Whether requests and responses are streams that overlap, which takes the last exchange of a connection over HTTP/1.1. */
  readonly isFullDuplex?: boolean;
  /** The limit in bytes; a longer response ends the exchange. */
  readonly maxResponseBytes: number;
}

/** An HTTP response that was read to its end. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly trailers: HttpHeaders;
  readonly body: Uint8Array;
  /** Whether the body was joined from chunks, so that its memory belongs to this response alone. */
  readonly isJoined?: boolean;
  /** Whether only the end of the connection ended the body, which may then be truncated (RFC 9112, section 6.3). */
  readonly isCloseDelimited: boolean;
}

/** An exchange that failed before the response was complete. */
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
  /** The status and headers of the response, if the server had sent them. */
  readonly status?: number;
  readonly headers?: HttpHeaders;
  readonly cause: unknown;
}

/** The head of a response. */
export type ResponseHead = Pick<HttpResponse, "status" | "headers">;

/** Holds a response back, as its reader keeps up or not. */
export interface FlowControl {
  pause(): void;
  resume(): void;
}

/** Takes the body of a response as it comes. */
export interface BodySink {
  onData(chunk: Uint8Array): void;
  /** The body is complete. If it is cut short, {@link ExchangeListener.onFailure} is called instead. */
  onEnd(end: Pick<HttpResponse, "trailers" | "isCloseDelimited">): void;
}

/** Is notified of the end of an exchange, by one of the last two methods or by its {@link BodySink}, once. */
export interface ExchangeListener {
  /** May return what takes the body. Without it, the body is collected. */
  onHead?(head: ResponseHead, flow: FlowControl): BodySink | undefined;
  onResponse(response: HttpResponse): void;
  onFailure(failure: HttpFailure): void;
}

/** The result of an exchange. */
export type HttpResult = { readonly response: HttpResponse } | { readonly failure: HttpFailure };
