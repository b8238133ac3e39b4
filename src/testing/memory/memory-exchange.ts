import { STATUS_CODES, validateHeaderName, validateHeaderValue } from "node:http";
import { constants } from "node:os";
import { type Dispatcher, errors } from "undici";
import { asError } from "../../errors/as-error.ts";
import type { Reply, ReplyFailure } from "../gateway/reply.ts";
import { gone } from "../server/disconnected.ts";
import { frameReply } from "../server/frame-reply.ts";
import { headersByName, type RawHeaders } from "../server/raw-headers.ts";
import type { Answer } from "../server/received-request.ts";
import { type ResponseTimeouts, SilenceTimer } from "../server/response-timeouts.ts";
import type { MemoryRequest } from "./memory-request.ts";

/** How much of a body comes at once, in bytes: what Node reads off a socket at a time. */
const PIECE_BYTES = 64 * 1024;

/** One request and its answer, told to undici's handler as a connection of undici's tells it. */
export class MemoryExchange implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders: string[] | null = null;
  rawTrailers: string[] | null = null;
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #gone = new AbortController();
  readonly #silence = new SilenceTimer();
  #hasStarted = false;
  #isOver = false;
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
    this.#silence.refresh();
    this.#onResume?.();
  }

  /** Sends the request, and resolves when nothing of the exchange goes on any more. It never rejects. */
  async run(request: MemoryRequest, timeouts: ResponseTimeouts, answer: Answer): Promise<void> {
    this.#hasStarted = true;
    this.#tell(() => this.#handler.onRequestStart?.(this, null));
    if (this.#isOver) return;
    this.#silence.start(timeouts.headersTimeout, () => this.fail(new errors.HeadersTimeoutError()));
    const { signal } = this.#gone;
    try {
      const reply = await answer({ ...request, signal });
      await this.#play(reply, timeouts, signal);
    } catch {
      // What cannot be put on a connection ends it.
      this.#lose("close");
    }
  }

  /** Ends the exchange with what an end of its connection is called. */
  breakOff(): void {
    if (this.#hasStarted) this.#lose("close");
    else this.fail(connectionRefused());
  }

  /** Ends the exchange with an error. */
  fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#silence.stop();
    this.#gone.abort();
    // undici makes a controller when it begins to write, and reports what fails before that without one.
    const controller = (this.#hasStarted ? this : null) as Dispatcher.DispatchController;
    this.#report(controller, error);
  }

  async #play(reply: Reply, timeouts: ResponseTimeouts, signal: AbortSignal): Promise<void> {
    const { fails } = reply;
    if (this.#isOver) return;
    if (fails?.where !== "before-answer") await this.#playAnswer(reply, timeouts);
    if (fails === undefined || this.#isOver) return;
    if (fails.how === "hang") await gone(signal);
    else this.#lose(fails.how);
  }

  async #playAnswer(reply: Reply, { bodyTimeout }: ResponseTimeouts): Promise<void> {
    const { framing, body, endsBy } = frameReply(reply);
    const status = checkedStatus(reply.status);
    // Node says so by itself.
    const chunked = endsBy === "chunk" ? { "transfer-encoding": "chunked" } : {};
    this.rawHeaders = headerLines({ ...framing, ...reply.headers, ...chunked });
    const headers = received(this.rawHeaders);
    this.#silence.start(bodyTimeout, () => {
      // Who has paused is not waiting.
      if (!this.paused) this.fail(new errors.BodyTimeoutError());
    });
    this.#tell(() =>
      this.#handler.onResponseStart?.(this, status, headers, STATUS_CODES[status] ?? "unknown"),
    );
    for (let at = 0; at < body.length; at += PIECE_BYTES) {
      await this.#whenRead();
      if (this.#isOver) return;
      const piece = Buffer.from(body.subarray(at, at + PIECE_BYTES));
      this.#silence.refresh();
      this.#tell(() => this.#handler.onResponseData?.(this, piece));
    }
    // Where only the connection ends a body, undici takes either end of it, FIN or RST, for the end of the answer (8.12).
    if (reply.fails !== undefined && endsBy !== "connection") return;
    await this.#whenRead();
    if (this.#isOver) return;
    this.rawTrailers = headerLines(reply.trailers ?? {});
    this.#isOver = true;
    this.#silence.stop();
    try {
      this.#handler.onResponseEnd?.(this, received(this.rawTrailers));
    } catch (error) {
      this.#report(this, asError(error));
    }
  }

  /** What a handler throws ends its exchange, as in undici. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.fail(asError(error));
    }
  }

  async #whenRead(): Promise<void> {
    while (this.paused && !this.#isOver) {
      const resumed = new Promise<void>((resolve) => {
        this.#onResume = resolve;
      });
      await Promise.race([resumed, gone(this.#gone.signal)]);
    }
  }

  #lose(how: Exclude<ReplyFailure["how"], "hang">): void {
    const isReset = how === "reset";
    this.fail(isReset ? systemError("read", "ECONNRESET") : new errors.SocketError("other side closed"));
  }

  /** What a handler throws at its last word has nobody to go to. */
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

/** What Node reports where nobody listens. */
export function connectionRefused(): Error {
  return systemError("connect", "ECONNREFUSED");
}

function systemError(syscall: string, code: "ECONNRESET" | "ECONNREFUSED"): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { errno: -constants.errno[code], code, syscall });
}

/** Node writes no other status. */
function checkedStatus(status: number): number {
  if (status >= 100 && status <= 999) return Math.trunc(status);
  throw new RangeError(`invalid status ${status}`);
}

/** @throws TypeError for what Node would not write */
function headerLines(headers: Reply["headers"]): string[] {
  const lines: string[] = [];
  for (const [name, values] of Object.entries(headers)) {
    validateHeaderName(name);
    for (const value of [values].flat()) {
      validateHeaderValue(name, value);
      // White space in front of a value is no part of it (RFC 9110, section 5.5).
      lines.push(name, value.replace(/^[\t ]+/, ""));
    }
  }
  return lines;
}

/** As undici reads them off: the values of several lines in an array. */
function received(lines: RawHeaders): Record<string, string | string[]> {
  return headersByName(lines) as Record<string, string | string[]>;
}
