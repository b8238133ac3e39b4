import type { Dispatcher } from "undici";
import { asError } from "../../errors/as-error.ts";
import { type HttpHeaders, headerText } from "../../errors/http-headers.ts";

/** One HTTP request, and what came back so far. */
export interface LoggedExchange {
  readonly verb: string;
  readonly origin: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: HttpHeaders;
  /** Undefined if it is a stream. */
  readonly body: Uint8Array | undefined;
  /** Undefined before the response. */
  readonly response: LoggedResponse | undefined;
  /** Why there is no response, or not all of it. */
  readonly error: string | undefined;
}

/** An HTTP response, as far as it came. */
export interface LoggedResponse {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly trailers: HttpHeaders;
  /** Undefined if it is a stream, of which nothing is kept. */
  readonly body: Uint8Array | undefined;
  /** How many bytes of the body came. */
  readonly length: number;
}

/** Is told of exchanges as they happen. */
export interface HttpLogListener {
  /** Just before the request is written. */
  onRequest(exchange: LoggedExchange): void;
  /** When a stream of responses begins. */
  onStream(exchange: LoggedExchange): void;
  /** After the response or an error, also if the request was never written. */
  onEnd(exchange: LoggedExchange): void;
}

/**
 * Creates an interceptor for undici's `compose()` that logs what goes through the dispatcher.
 *
 * @param areStreams whether the responses that are not errors are streams
 */
export function httpLog(
  listener: HttpLogListener,
  areStreams: boolean,
): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, new LoggingHandler(requestOf(options), handler, listener, areStreams));
}

type LoggedRequest = Omit<LoggedExchange, "response" | "error">;

class LoggingHandler implements Dispatcher.DispatchHandler {
  readonly #request: LoggedRequest;
  readonly #next: Dispatcher.DispatchHandler;
  readonly #listener: HttpLogListener;
  readonly #areStreams: boolean;
  #response: LoggedResponse | undefined;

  constructor(
    request: LoggedRequest,
    next: Dispatcher.DispatchHandler,
    listener: HttpLogListener,
    areStreams: boolean,
  ) {
    this.#request = request;
    this.#next = next;
    this.#listener = listener;
    this.#areStreams = areStreams;
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#response = undefined;
    // First, because it throws if the request must not be written.
    this.#next.onRequestStart?.(controller, context);
    this.#listener.onRequest(this.#exchange(undefined));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: HttpHeaders,
    statusMessage?: string,
  ): void {
    if (status >= 200) {
      const isStream = this.#areStreams && status < 300;
      const body = isStream ? undefined : Buffer.alloc(0);
      this.#response = { status, headers, trailers: {}, body, length: 0 };
      if (isStream) this.#listener.onStream(this.#exchange(undefined));
    }
    this.#next.onResponseStart?.(controller, status, headers as never, statusMessage);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response !== undefined) {
      const { body, length } = this.#response;
      this.#response = {
        ...this.#response,
        body: body && Buffer.concat([body, chunk]),
        length: length + chunk.length,
      };
    }
    this.#next.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: HttpHeaders): void {
    if (this.#response !== undefined) this.#response = { ...this.#response, trailers: trailers ?? {} };
    this.#listener.onEnd(this.#exchange(undefined));
    this.#next.onResponseEnd?.(controller, trailers as never);
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    this.#listener.onEnd(this.#exchange(asError(error).message));
    this.#next.onResponseError?.(controller, error);
  }

  #exchange(error: string | undefined): LoggedExchange {
    return { ...this.#request, response: this.#response, error };
  }
}

/** The request as undici writes it, except for its header `connection`. */
function requestOf({ origin, path, method, headers, body }: Dispatcher.DispatchOptions): LoggedRequest {
  const isStream = typeof body === "object" && body !== null && Symbol.asyncIterator in body;
  const bytes = body instanceof Uint8Array ? body : Buffer.alloc(0);
  const given = headersOf(headers as readonly string[] | HttpHeaders);
  const url = new URL(String(origin));
  const hasLength = bytes.length > 0 || !["GET", "HEAD", "DELETE"].includes(method);
  const length = hasLength ? { "content-length": String(bytes.length) } : {};
  const framing = isStream ? { "transfer-encoding": "chunked" } : length;
  const host = headerText(given, "host") ?? url.host;
  return {
    verb: method,
    origin: url.origin,
    target: path,
    headers: { host, ...given, ...framing },
    body: isStream ? undefined : bytes,
  };
}

/** Converts names and values in turn to an object; undici takes either. */
function headersOf(headers: readonly string[] | HttpHeaders): HttpHeaders {
  if (!Array.isArray(headers)) return headers as HttpHeaders;
  return Object.fromEntries(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : [])));
}
