import { validateHeaderName, validateHeaderValue } from "node:http";
import type { DescMethodUnary } from "@bufbuild/protobuf";
import { type IncomingMetadata, incomingMetadata } from "../../client/incoming-metadata.ts";
import { Code } from "../../errors/code.ts";
import { type HttpHeaders, headerText } from "../../errors/http-headers.ts";
import { refuseFraming } from "../server/framing-headers.ts";
import { headersByName } from "../server/raw-headers.ts";
import type { ReceivedRequest } from "../server/received-request.ts";
import { readGrpcTimeout } from "./read-grpc-timeout.ts";
import type { Reply } from "./reply.ts";
import type { HandlerContext } from "./service-implementation.ts";
import { StatusError } from "./status-error.ts";

/** Longer timers fire at once in Node. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The context of one call: what its handler sees of the request, and what it gives to the answer. */
export class CallContext implements HandlerContext {
  readonly method: DescMethodUnary;
  readonly headers: HttpHeaders;
  readonly metadata: IncomingMetadata;
  readonly deadline: Date | undefined;
  readonly #aborted = new AbortController();
  /** Without a prototype: a header may be called `__proto__`. */
  readonly #replyHeaders: Record<string, string | string[]> = Object.create(null);
  readonly #replyTrailers: Record<string, string[]> = {};
  readonly #timer: NodeJS.Timeout | undefined;

  /** @throws StatusError `InvalidArgument` if a header is not what a grpc-gateway can read */
  constructor(method: DescMethodUnary, request: ReceivedRequest) {
    this.method = method;
    this.headers = headersByName(request.headers);
    const timeoutMs = readGrpcTimeout(headerText(this.headers, "grpc-timeout"));
    this.metadata = incomingMetadata(this.headers, {});
    checkBinaryMetadata(this.metadata);
    if (timeoutMs !== undefined) {
      this.deadline = new Date(Date.now() + timeoutMs);
      const expire = () => this.#abort(Code.DeadlineExceeded, "context deadline exceeded");
      // No timer is that short, and behind a real gateway no backend answers in that time.
      if (timeoutMs < 1) expire();
      else this.#timer = setTimeout(expire, Math.min(timeoutMs, MAX_TIMER_MS));
    }
    const leave = () => this.#abort(Code.Cancelled, "context canceled");
    if (request.signal.aborted) leave();
    else request.signal.addEventListener("abort", leave, { once: true });
  }

  get signal(): AbortSignal {
    return this.#aborted.signal;
  }

  setHeader(name: string, value: string): void {
    refuseFraming([name]);
    this.#replyHeaders[headerName(name)] = headerValue(name, value);
  }

  addMetadata(key: string, value: string | Uint8Array): void {
    const name = headerName(`grpc-metadata-${key}`);
    this.#replyHeaders[name] = [this.#replyHeaders[name] ?? [], headerValue(name, value)].flat();
  }

  addTrailer(key: string, value: string | Uint8Array): void {
    const name = headerName(`grpc-trailer-${key}`);
    this.#replyTrailers[name] = [...(this.#replyTrailers[name] ?? []), headerValue(name, value)];
  }

  /** Adds what the handler set to a reply. */
  dress(reply: Reply): Reply {
    const wantsTrailers = [this.headers.te].flat().some((line) => line?.toLowerCase().includes("trailers"));
    const hasTrailers = Object.keys(this.#replyTrailers).length > 0;
    return {
      ...reply,
      headers: { ...reply.headers, ...this.#replyHeaders },
      ...(wantsTrailers && hasTrailers && { trailers: this.#replyTrailers }),
    };
  }

  /** Waits for a handler, but no longer than its caller does. */
  async unlessAborted<T>(work: () => T | Promise<T>): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    let stop = () => {};
    const aborted = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason);
    });
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([work(), aborted]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Lets the timer go, once the call is over. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #abort(code: Code, message: string): void {
    this.#aborted.abort(new StatusError(code, message));
  }
}

// Checked where they are set, so that a mistake is met in the handler that made it.

function headerName(name: string): string {
  validateHeaderName(name);
  return name.toLowerCase();
}

function headerValue(name: string, value: string | Uint8Array): string {
  const text = typeof value === "string" ? value : Buffer.from(value).toString("base64");
  validateHeaderValue(name, text);
  return text;
}

function checkBinaryMetadata(metadata: IncomingMetadata): void {
  for (const [key, values] of Object.entries(metadata)) {
    if (!key.endsWith("-bin")) continue;
    for (const value of values) {
      if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(value)) continue;
      throw new StatusError(Code.InvalidArgument, `invalid binary header ${key}: ${value}`);
    }
  }
}
