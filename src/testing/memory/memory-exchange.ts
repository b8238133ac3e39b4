import { STATUS_CODES, validateHeaderName, validateHeaderValue } from "node:http";
import { constants } from "node:os";
import type { Dispatcher } from "undici";
import errors from "undici/lib/core/errors.js";
import { asError } from "../../errors/as-error.ts";
import type { Reply, ReplyFailure, ReplyStream } from "../gateway/reply.ts";
import { frameReply } from "../server/frame-reply.ts";
import { headersByName, type RawHeaders } from "../server/raw-headers.ts";
import { type RequestHandler, untilAborted } from "../server/received-request.ts";
import { chunkOf, type MemoryRequest } from "./memory-request.ts";
import { IdleTimer, type ResponseTimeouts } from "./response-timeouts.ts";

/**
 * Node's own setImmediate, saved before a test installs fake timers, which would stall every request. Not a microtask:
 * consecutive calls, or the messages of a stream, would then keep timers from firing.
 */
export const schedule = setImmediate;

/** The size of a body chunk, in bytes: what Node reads from a socket at a time. */
const CHUNK_BYTES = 64 * 1024;

/** Sends one request, and reports its response to undici's handler as a connection of undici's does. */
export class MemoryExchange implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders: string[] | null = null;
  rawTrailers: string[] | null = null;
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #ended = new AbortController();
  readonly #idleTimer = new IdleTimer();
  #hasStarted = false;
  #isOver = false;
  readonly #onOver: (() => void)[] = [];
  #onResume: (() => void) | undefined;

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  abort(reason: Error): void {
    if (this.aborted || this.#isOver) return;
    this.aborted = true;
    this.reason = reason;
    this.fail(reason);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#idleTimer.refresh();
    this.#onResume?.();
  }

  /** Sends the request. Resolves when the exchange and its handler have ended. It never rejects. */
  async run(request: MemoryRequest, timeouts: ResponseTimeouts, handler: RequestHandler): Promise<void> {
    this.#hasStarted = true;
    this.#notify(() => this.#handler.onRequestStart?.(this, null));
    if (this.#isOver) return;
    this.#idleTimer.start(timeouts.headersTimeout, () => this.fail(new errors.HeadersTimeoutError()));
    const { signal } = this.#ended;
    let stream: ReplyStream | undefined;
    try {
      const { body } = request;
      const reply = await handler({
        ...request,
        body: body instanceof Uint8Array ? body : this.#chunksOf(body),
        signal,
      });
      stream = reply.stream;
      await this.#receive(reply, timeouts, signal);
    } catch {
      // An invalid reply closes the connection.
      this.#failConnection("close");
    } finally {
      stream?.cancel();
    }
  }

  /** Reads a body as the server takes it. The end of the exchange ends the caller's iterable. */
  #chunksOf(body: Iterable<unknown> | AsyncIterable<unknown>): AsyncIterable<Uint8Array> {
    const parts =
      Symbol.asyncIterator in body
        ? body[Symbol.asyncIterator]()
        : (body as Iterable<unknown>)[Symbol.iterator]();
    let isRead = false;
    const end = () => {
      if (isRead) return;
      isRead = true;
      Promise.resolve(parts.return?.()).catch(() => {});
    };
    this.#onOver.push(end);
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      try {
        const { done, value } = await parts.next();
        isRead ||= done === true;
        return done === true ? { done, value: undefined } : { value: chunkOf(value) };
      } catch (error) {
        isRead = true;
        this.fail(asError(error));
        throw error;
      }
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  /** Fails the exchange as if its connection had closed. */
  disconnect(): void {
    if (this.#hasStarted) this.#failConnection("close");
    else this.fail(connectionRefused());
  }

  /** Fails the exchange with an error. */
  fail(error: Error): void {
    if (this.#isOver) return;
    this.#end();
    this.#ended.abort();
    // undici creates the controller when it starts to write, and reports earlier failures without one.
    const controller = (this.#hasStarted ? this : null) as Dispatcher.DispatchController;
    this.#report(controller, error);
  }

  async #receive(reply: Reply, timeouts: ResponseTimeouts, signal: AbortSignal): Promise<void> {
    const { fails } = reply;
    if (this.#isOver) return;
    if (fails?.where !== "before-answer") await this.#receiveResponse(reply, timeouts);
    if (fails === undefined || this.#isOver) return;
    if (fails.how === "hang") await untilAborted(signal);
    else this.#failConnection(fails.how);
  }

  async #receiveResponse(reply: Reply, { bodyTimeout }: ResponseTimeouts): Promise<void> {
    const { framing, body, endsBy } = frameReply(reply);
    const status = validStatus(reply.status);
    // Node adds this header itself.
    const chunked = endsBy === "chunk" ? { "transfer-encoding": "chunked" } : {};
    this.rawHeaders = headerLines({ ...framing, ...reply.headers, ...chunked });
    const headers = headerRecord(this.rawHeaders);
    this.#idleTimer.start(bodyTimeout, () => {
      // A paused handler is not waiting for data.
      if (!this.paused) this.fail(new errors.BodyTimeoutError());
    });
    this.#notify(() =>
      this.#handler.onResponseStart?.(this, status, headers, STATUS_CODES[status] ?? "unknown"),
    );
    if (reply.stream === undefined) await this.#receiveData(body);
    else if (!(await this.#receiveStream(reply.stream))) return;
    // If the end of the connection ends the body, undici takes both FIN and RST for the end of the response (8.12).
    if (reply.fails !== undefined && endsBy !== "connection") return;
    await this.#untilResumed();
    if (this.#isOver) return;
    this.rawTrailers = headerLines(reply.trailers ?? {});
    this.#end();
    try {
      this.#handler.onResponseEnd?.(this, headerRecord(this.rawTrailers));
    } catch (error) {
      this.#report(this, asError(error));
    }
  }

  /** @returns whether the stream came to its end */
  async #receiveStream({ chunks }: ReplyStream): Promise<boolean> {
    for await (const { bytes, fails } of chunks) {
      await this.#receiveData(bytes);
      await new Promise<void>((resolve) => schedule(resolve));
      if (this.#isOver) return false;
      if (fails !== undefined) {
        if (fails === "hang") await untilAborted(this.#ended.signal);
        else this.#failConnection(fails);
        return false;
      }
      // The handler yields its next message when the client takes it.
      await this.#untilResumed();
    }
    return true;
  }

  async #receiveData(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      await this.#untilResumed();
      if (this.#isOver) return;
      const chunk = Buffer.from(bytes.subarray(at, at + CHUNK_BYTES));
      this.#idleTimer.refresh();
      this.#notify(() => this.#handler.onResponseData?.(this, chunk));
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#idleTimer.stop();
    for (const end of this.#onOver) end();
  }

  /** Calls the handler. As in undici, an error that it throws fails the exchange. */
  #notify(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.fail(asError(error));
    }
  }

  async #untilResumed(): Promise<void> {
    while (this.paused && !this.#isOver) {
      const resumed = new Promise<void>((resolve) => {
        this.#onResume = resolve;
      });
      await Promise.race([resumed, untilAborted(this.#ended.signal)]);
    }
  }

  #failConnection(how: Exclude<ReplyFailure["how"], "hang">): void {
    const isReset = how === "reset";
    this.fail(isReset ? systemError("read", "ECONNRESET") : new errors.SocketError("other side closed"));
  }

  /** Rethrows an error of onResponseError in a microtask, because no caller is left to report it to. */
  #report(controller: Dispatcher.DispatchController, error: Error): void {
    try {
      this.#handler.onResponseError?.(controller, error);
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}

/** Makes the error that Node reports if nothing listens on a port. */
export function connectionRefused(): Error {
  return systemError("connect", "ECONNREFUSED");
}

function systemError(syscall: string, code: "ECONNRESET" | "ECONNREFUSED"): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { errno: -constants.errno[code], code, syscall });
}

/** @throws RangeError for a status that Node would not write */
function validStatus(status: number): number {
  if (status >= 100 && status <= 999) return Math.trunc(status);
  throw new RangeError(`invalid status ${status}`);
}

/** @throws TypeError for a header that Node would not write */
function headerLines(headers: Reply["headers"]): string[] {
  const lines: string[] = [];
  for (const [name, values] of Object.entries(headers)) {
    validateHeaderName(name);
    for (const value of [values].flat()) {
      validateHeaderValue(name, value);
      // Leading white space is not part of a value (RFC 9110, section 5.5).
      lines.push(name, value.replace(/^[\t ]+/, ""));
    }
  }
  return lines;
}

/** Groups header lines as undici does: the values of a repeated header become an array. */
function headerRecord(lines: RawHeaders): Record<string, string | string[]> {
  return headersByName(lines) as Record<string, string | string[]>;
}
