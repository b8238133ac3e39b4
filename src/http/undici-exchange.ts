import type { Dispatcher } from "undici";
import { asError } from "../errors/as-error.ts";
import type { HttpHeaders } from "../errors/http-headers.ts";
import type { BodySink, ExchangeListener, HeaderList, HttpFailure, HttpRequest } from "./http-exchange.ts";
import { joinChunks } from "./joined-body.ts";
import { isCloseDelimited, mayHaveBody } from "./message-body.ts";

/** The part of an undici Dispatcher that sends requests. */
export type Dispatch = Pick<Dispatcher, "dispatch">;

/** undici could not be loaded, so that no request can be sent. */
export class UndiciLoadError extends Error {
  constructor(cause: unknown) {
    super(`undici cannot be loaded, and there is no other dispatcher: ${asError(cause).message}`, { cause });
  }
}

/**
 * Converts headers to a form for undici. undici's ProxyAgent (8.12) keeps only the last value of a name that is repeated
 * in a flat list, so repeated names are sent as an object.
 */
function undiciHeaders(headers: HeaderList): string[] | Record<string, string | string[]> {
  // A copy, because undici's interceptors add to the list, and the calls of a method share it.
  if (!hasLists(headers)) return headers.slice() as string[];
  const byName = new Map<string, string | string[]>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string | string[];
    const others = byName.get(name);
    byName.set(name, others === undefined ? value : [others, value].flat());
  }
  return Object.fromEntries(byName);
}

/** A loop, because this runs for every request and allocates nothing. */
function hasLists(headers: HeaderList): boolean {
  for (let i = 1; i < headers.length; i += 2) {
    if (typeof headers[i] !== "string") return true;
  }
  return false;
}

const noBytes = /* @__PURE__ */ Buffer.alloc(0);

const UNSAFE_REPLAY = "the server did not respond, and resending the request might do it twice";

/**
 * One HTTP exchange, and the handler to which undici reports it. undici calls `onRequestStart` directly before it writes
 * the first byte, over HTTP/1.1 and HTTP/2, so a request that fails earlier was not sent.
 */
export class UndiciExchange implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest;
  #listener: ExchangeListener | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #cancelled: Error | undefined;
  #sent = false;
  #status = 0;
  #headers: HttpHeaders = {};
  #sink: BodySink | undefined;
  /** The first chunk of the body. Most bodies have only one. */
  #firstChunk: Uint8Array | undefined;
  /** All chunks, if there are several. */
  #chunks: Uint8Array[] | undefined;
  #length = 0;
  #isComplete = false;

  constructor(request: HttpRequest, listener: ExchangeListener) {
    this.#request = request;
    this.#listener = listener;
  }

  /** Whether the response has come to its end. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Dispatches the request, unless it was cancelled. The exchange may be over on return: some dispatchers fail at once. */
  begin(dispatcher: Dispatch): void {
    if (this.#listener === undefined) return;
    const { origin, target, verb, headers, body, isFullDuplex = false } = this.#request;
    try {
      dispatcher.dispatch(
        {
          origin,
          path: target,
          method: verb,
          headers: undiciHeaders(headers),
          // undici also sends an async iterable (lib/core/util.js, isIterable); its types lack that.
          body: body as Uint8Array | null,
          // Go's server discards what is left of a request when it begins to respond, unless the connection is to be closed. So a
          // gateway would lose messages (docs/interop.md). Over HTTP/2 this has no effect.
          reset: isFullDuplex,
          // The deadline of the call covers these. undici's defaults would end calls without a deadline.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        this,
      );
    } catch (error) {
      this.onResponseError(null, asError(error));
    }
  }

  /** Ends the exchange: frees its connection or its place in the queue, and reports a failure of kind `"cancelled"`. */
  cancel(reason: Error): void {
    if (this.#listener === undefined) return;
    this.#cancelled = reason;
    this.#fail("cancelled", reason);
    // A request that still waits for a connection has no controller; onRequestStart stops it.
    const controller = this.#controller;
    // In a later turn: to close an HTTP/2 stream that was opened in this turn and is not yet flushed can send Node.js
    // 24.21 into an endless loop that takes all memory (found by `npm run chaos`).
    if (controller !== undefined) setImmediate(() => controller.abort(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // No request may follow a cancellation, or an error of a dispatcher that continues anyway. This throws instead of
    // calling abort(), which would close a healthy connection.
    if (this.#listener === undefined) throw this.#cancelled ?? new Error("the exchange is over");
    // Over HTTP/2 undici resends a request once if the server did not process it: after REFUSED_STREAM, or for a stream
    // above the last one of a GOAWAY. That would be safe, but undici 8.12 also applies a GOAWAY to streams of older
    // connections, whose requests may have been processed (test/faults/replayed-calls.test.ts).
    if (this.#sent && !this.#request.idempotent) throw new Error(UNSAFE_REPLAY);
    this.#controller = controller;
    this.#sent = true;
    this.#status = 0;
    this.#forgetBody();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: HttpHeaders): void {
    // The request was sent, even if a dispatcher in between did not pass on onRequestStart.
    this.#sent = true;
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    this.#sink = this.#listener?.onHead?.({ status, headers }, controller);
    if (this.#sink !== undefined) return;
    // Fails before the body arrives. Without a body, content-length is that of the response to a GET.
    const { verb, maxResponseBytes } = this.#request;
    if (Number(headers["content-length"]) > maxResponseBytes && mayHaveBody(verb, status)) {
      this.#failTooLarge(controller);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#sink !== undefined) {
      this.#sink.onData(chunk);
      return;
    }
    this.#length += chunk.length;
    if (this.#length > this.#request.maxResponseBytes) this.#failTooLarge(controller);
    else if (this.#firstChunk === undefined) this.#firstChunk = chunk;
    else if (this.#chunks === undefined) this.#chunks = [this.#firstChunk, chunk];
    else this.#chunks.push(chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: HttpHeaders | undefined): void {
    this.#isComplete = true;
    const end = {
      trailers: trailers ?? {},
      isCloseDelimited: isCloseDelimited(
        this.#request.verb,
        this.#status,
        this.#headers,
        controller?.rawHeaders,
      ),
    };
    if (this.#sink !== undefined) {
      const sink = this.#sink;
      if (this.#end() !== undefined) sink.onEnd(end);
      return;
    }
    const isJoined = this.#chunks !== undefined;
    const body = this.#chunks ? joinChunks(this.#chunks, this.#length) : (this.#firstChunk ?? noBytes);
    const status = this.#status;
    const headers = this.#headers;
    this.#end()?.onResponse({
      status,
      headers,
      body,
      isJoined,
      ...end,
    });
  }

  onResponseError(controller: Dispatcher.DispatchController | null, error: Error): void {
    // undici creates the controller when it begins to write. A dispatcher in between may not have passed that on.
    if (controller) this.#sent = true;
    // The message of undici 6, and of later releases, for a handler that lacks the methods of the release:
    // https://github.com/nodejs/undici/blob/v6.21.0/lib/core/util.js (validateHandler), v8.12.4 (assertRequestHandler).
    if (/^invalid on\w+ method$/.test(error.message)) {
      const reason =
        "the dispatcher is of an undici release that this package cannot work with; undici 7 and 8 do";
      this.#fail("unusable_dispatcher", new TypeError(reason, { cause: error }));
    } else if (error instanceof UndiciLoadError) {
      this.#fail("unusable_dispatcher", error);
    } else if (isHidden407(error)) {
      this.#status = 407;
      this.#fail("unreadable", error);
    } else if (isInvalidArgument(error)) {
      this.#fail("invalid_request", error);
    } else {
      this.#fail(this.#sent ? "connection_lost" : "not_connected", error);
    }
  }

  #failTooLarge(controller: Dispatcher.DispatchController): void {
    const error = new RangeError(`the response is longer than ${this.#request.maxResponseBytes} bytes`);
    this.#fail("too_large", error);
    controller.abort(error);
  }

  #fail(kind: HttpFailure["kind"], cause: unknown): void {
    const head = this.#status === 0 ? undefined : { status: this.#status, headers: this.#headers };
    this.#end()?.onFailure({ kind, sent: this.#sent, ...head, cause });
  }

  /** @returns the listener to notify, or undefined if it was notified before */
  #end(): ExchangeListener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#sink = undefined;
    this.#forgetBody();
    return listener;
  }

  #forgetBody(): void {
    this.#firstChunk = undefined;
    this.#chunks = undefined;
    this.#length = 0;
  }
}

/** Whether undici rejected the request without sending it. */
function isInvalidArgument(error: Error): boolean {
  return "code" in error && error.code === "UND_ERR_INVALID_ARG";
}

/**
 * Whether an error hides a proxy's 407. undici's ProxyAgent, which sends `http:` requests without a tunnel, turns the
 * response into the error of an invalid request, without headers and body (8.12: lib/dispatcher/proxy-agent.js;
 * test/faults/proxies.test.ts).
 */
function isHidden407(error: Error): boolean {
  return isInvalidArgument(error) && error.message === "Proxy Authentication Required (407)";
}
