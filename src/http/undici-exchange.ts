import type { Dispatcher } from "undici";
import { asError } from "../errors/as-error.ts";
import type { HttpHeaders } from "../errors/http-headers.ts";
import type { ExchangeListener, HeaderList, HttpFailure, HttpRequest } from "./http-exchange.ts";
import { isCloseDelimited, mayHaveBody } from "./message-body.ts";

/**
 * The headers as undici takes them. Of a name that stands twice in a plain list its ProxyAgent keeps the last value
 * (8.12), so several values need the other form.
 */
function forUndici(headers: HeaderList): string[] | Record<string, string | string[]> {
  // A copy: interceptors of undici's add to the list that they are given, and calls of a method share one.
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

/** With a loop: this is done for every request, and hardly any has one. */
function hasLists(headers: HeaderList): boolean {
  for (let i = 1; i < headers.length; i += 2) {
    if (typeof headers[i] !== "string") return true;
  }
  return false;
}

const noBytes = /* @__PURE__ */ Buffer.alloc(0);

const UNSAFE_REPLAY = "the server gave no answer, and sending the request again by itself might do it twice";

/**
 * One exchange, and the handler that undici reports to. `onRequestStart` comes directly before the first byte is
 * written, over HTTP/1.1 and HTTP/2, so whatever fails before it was not sent.
 */
export class UndiciExchange implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest;
  #listener: ExchangeListener | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #cancelled: Error | undefined;
  #sent = false;
  #status = 0;
  #headers: HttpHeaders = {};
  /** The first piece of the body, which hardly any is longer than, and the others. */
  #body: Uint8Array | undefined;
  #more: Uint8Array[] | undefined;
  #length = 0;

  constructor(request: HttpRequest, listener: ExchangeListener) {
    this.#request = request;
    this.#listener = listener;
  }

  /** Asks undici for it, unless it was cancelled. It may be over when this returns: some dispatchers fail at once. */
  begin(dispatcher: Dispatcher): void {
    if (this.#listener === undefined) return;
    const { origin, target, verb, headers, body } = this.#request;
    try {
      dispatcher.dispatch(
        {
          origin,
          path: target,
          method: verb,
          headers: forUndici(headers),
          body,
          // A call's own deadline covers these; undici's defaults would end calls that have none.
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        this,
      );
    } catch (error) {
      this.onResponseError(null, asError(error));
    }
  }

  /** Ends it: frees the connection, or the place in the queue, and reports a failure of kind `"cancelled"`. */
  cancel(reason: Error): void {
    if (this.#listener === undefined) return;
    this.#cancelled = reason;
    this.#fail("cancelled", reason);
    // A request that still waits for a connection has no controller; it is stopped in onRequestStart.
    const controller = this.#controller;
    // Not in this turn: where the streams that were opened in it still wait to be flushed, closing one of them can
    // send Node's HTTP/2 into a loop without an end, which takes all memory (24.21, found by `npm run chaos`).
    if (controller !== undefined) setImmediate(() => controller.abort(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown, not aborted: an abort would close a connection that is in order. Whatever was reported before, a
    // cancellation or an error of a dispatcher that goes on all the same, must not be followed by a request.
    if (this.#listener === undefined) throw this.#cancelled ?? new Error("the exchange is over");
    // Over HTTP/2 undici begins again, once, what the server did not process: REFUSED_STREAM, or a stream behind
    // the last one of a GOAWAY. That would be proof, but it compares a GOAWAY with the streams of older
    // connections as well, whose calls may have been done (8.12: test/faults/replayed-calls.test.ts).
    if (this.#sent && !this.#request.idempotent) throw new Error(UNSAFE_REPLAY);
    this.#controller = controller;
    this.#sent = true;
    this.#status = 0;
    this.#forgetBody();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: HttpHeaders): void {
    // What is answered was sent, also where a dispatcher in between did not pass on that it began.
    this.#sent = true;
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    // At once, not when so much of it has come. Where there is no body, the length is that of another answer's.
    const { verb, maxResponseBytes } = this.#request;
    if (Number(headers["content-length"]) > maxResponseBytes && mayHaveBody(verb, status)) {
      this.#refuseLength(controller);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#length += chunk.length;
    if (this.#length > this.#request.maxResponseBytes) this.#refuseLength(controller);
    else if (this.#body === undefined) this.#body = chunk;
    else if (this.#more === undefined) this.#more = [chunk];
    else this.#more.push(chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: HttpHeaders | undefined): void {
    const first = this.#body ?? noBytes;
    const body = this.#more === undefined ? first : Buffer.concat([first, ...this.#more]);
    const status = this.#status;
    const headers = this.#headers;
    this.#end()?.onResponse({
      status,
      headers,
      trailers: trailers ?? {},
      body,
      isCloseDelimited: isCloseDelimited(this.#request.verb, status, headers, controller?.rawHeaders),
    });
  }

  onResponseError(controller: Dispatcher.DispatchController | null, error: Error): void {
    // undici makes the controller when it begins to write; who stands in between may not have passed that on.
    if (controller) this.#sent = true;
    // The words of undici 6 for a handler without its own methods, and of later ones for one without theirs:
    // https://github.com/nodejs/undici/blob/v6.21.0/lib/core/util.js (validateHandler), v8.12.4 (assertRequestHandler).
    if (/^invalid on\w+ method$/.test(error.message)) {
      const reason =
        "the dispatcher is of an undici release that this package cannot work with; undici 7 and 8 do";
      this.#fail("unusable_dispatcher", new TypeError(reason, { cause: error }));
    } else if (isHidden407(error)) {
      this.#status = 407;
      this.#fail("unreadable", error);
    } else if (isRefusedInput(error)) {
      this.#fail("invalid_request", error);
    } else {
      this.#fail(this.#sent ? "connection_lost" : "not_connected", error);
    }
  }

  #refuseLength(controller: Dispatcher.DispatchController): void {
    const error = new RangeError(`the answer is longer than ${this.#request.maxResponseBytes} bytes`);
    this.#fail("too_large", error);
    controller.abort(error);
  }

  #fail(kind: HttpFailure["kind"], cause: unknown): void {
    const answered = this.#status === 0 ? undefined : { status: this.#status, headers: this.#headers };
    this.#end()?.onFailure({ kind, sent: this.#sent, ...answered, cause });
  }

  /** @returns who is to be told, once */
  #end(): ExchangeListener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#forgetBody();
    return listener;
  }

  #forgetBody(): void {
    this.#body = undefined;
    this.#more = undefined;
    this.#length = 0;
  }
}

/** What undici throws for a request that it will not even try to send. */
function isRefusedInput(error: Error): boolean {
  return "code" in error && error.code === "UND_ERR_INVALID_ARG";
}

/**
 * What undici's ProxyAgent makes of a proxy's 407, where it sends `http:` on without a tunnel. It looks like input
 * that was refused, but it is an answer, without its headers and its body (8.12: lib/dispatcher/proxy-agent.js;
 * test/faults/proxies.test.ts has one).
 */
function isHidden407(error: Error): boolean {
  return isRefusedInput(error) && error.message === "Proxy Authentication Required (407)";
}
