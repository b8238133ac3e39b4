import { validateHeaderName, validateHeaderValue } from "node:http";
import type { DescMethod } from "@bufbuild/protobuf";
import { type IncomingMetadata, incomingMetadata } from "../../client/incoming-metadata.ts";
import { Code } from "../../errors/code.ts";
import { type HttpHeaders, headerText } from "../../errors/http-headers.ts";
import { streamsResponses } from "../../transcoding/method-kind.ts";
import { rejectFramingHeaders } from "../server/framing-headers.ts";
import { headersByName } from "../server/raw-headers.ts";
import type { ReceivedRequest } from "../server/received-request.ts";
import { readGrpcTimeout } from "./read-grpc-timeout.ts";
import type { Reply } from "./reply.ts";
import type { HandlerContext } from "./service-implementation.ts";
import { StatusError } from "./status-error.ts";

/** Node fires longer timers at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The context of one call: what its handler reads of the request and adds to the response. */
export class CallContext implements HandlerContext {
  readonly method: DescMethod;
  readonly headers: HttpHeaders;
  readonly metadata: IncomingMetadata;
  readonly deadline: Date | undefined;
  readonly #aborted = new AbortController();
  /** Without a prototype: a header may be named `__proto__`. */
  readonly #replyHeaders: Record<string, string | string[]> = Object.create(null);
  readonly #replyTrailers: Record<string, string[]> = {};
  #status = 200;
  #areHeadersSent = false;
  readonly #timer: NodeJS.Timeout | undefined;

  /** @throws StatusError `InvalidArgument` if a grpc-gateway cannot read a header */
  constructor(method: DescMethod, request: ReceivedRequest) {
    this.method = method;
    this.headers = headersByName(request.headers);
    const timeoutMs = readGrpcTimeout(headerText(this.headers, "grpc-timeout"));
    this.metadata = incomingMetadata(this.headers, {});
    validateBinaryMetadata(this.metadata);
    if (timeoutMs !== undefined) {
      this.deadline = new Date(Date.now() + timeoutMs);
      const expire = () => this.#abort(Code.DeadlineExceeded, "context deadline exceeded");
      // Too short for a timer, and for any backend behind a real gateway.
      if (timeoutMs < 1) expire();
      else this.#timer = setTimeout(expire, Math.min(timeoutMs, MAX_TIMER_MS));
    }
    const cancel = () => this.#abort(Code.Cancelled, "context canceled");
    if (request.signal.aborted) cancel();
    else request.signal.addEventListener("abort", cancel, { once: true });
  }

  get signal(): AbortSignal {
    return this.#aborted.signal;
  }

  setHeader(name: string, value: string): void {
    this.#rejectLateHeaders();
    rejectFramingHeaders([name]);
    this.#replyHeaders[headerName(name)] = headerValue(name, value);
  }

  setStatus(status: number): void {
    this.#rejectLateHeaders();
    if (!Number.isInteger(status) || status < 200 || status > 299) {
      throw new RangeError(`the status of a success must be from 200 to 299, not ${status}`);
    }
    if (status === 204 && streamsResponses(this.method)) {
      throw new RangeError("the status of a streaming response cannot be 204, which has no body");
    }
    this.#status = status;
  }

  addMetadata(key: string, value: string | Uint8Array): void {
    this.#rejectLateHeaders();
    const name = headerName(`grpc-metadata-${key}`);
    this.#replyHeaders[name] = [this.#replyHeaders[name] ?? [], headerValue(name, value)].flat();
  }

  addTrailer(key: string, value: string | Uint8Array): void {
    const name = headerName(`grpc-trailer-${key}`);
    this.#replyTrailers[name] = [...(this.#replyTrailers[name] ?? []), headerValue(name, value)];
  }

  /** Gives a success the handler's HTTP status. */
  withStatus(reply: Reply): Reply {
    const status = this.#status;
    return status === 204 ? { ...reply, status, body: new Uint8Array() } : { ...reply, status };
  }

  /** Adds the handler's headers and trailers to a reply. */
  addTo(reply: Reply): Reply {
    const acceptsTrailers = [this.headers.te].flat().some((line) => line?.toLowerCase().includes("trailers"));
    const hasTrailers = Object.keys(this.#replyTrailers).length > 0;
    return {
      ...reply,
      headers: { ...reply.headers, ...this.#replyHeaders },
      ...(acceptsTrailers && hasTrailers && { trailers: this.#replyTrailers }),
    };
  }

  /** Adds the handler's headers to the start of a streaming response. A grpc-gateway sends no trailers with it. */
  addToStream(reply: Reply): Reply {
    this.#areHeadersSent = true;
    return { ...reply, headers: { ...reply.headers, ...this.#replyHeaders } };
  }

  /** Runs a handler, and rejects with the signal's reason when the call is aborted. */
  async unlessAborted<T>(work: () => T | Promise<T>): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    let onAbort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
    });
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([work(), aborted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Ends the call with an error, whatever its handler does. */
  fail(error: StatusError): void {
    this.#aborted.abort(error);
  }

  /** Tells the handler of a stream that nobody takes its messages any more. */
  cancel(): void {
    this.end();
    this.#abort(Code.Cancelled, "context canceled");
  }

  /** Clears the deadline's timer at the end of the call. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #abort(code: Code, message: string): void {
    this.fail(new StatusError(code, message));
  }

  #rejectLateHeaders(): void {
    if (this.#areHeadersSent) throw new Error("the response has begun, with its status and headers");
  }
}

// Validated when they are set, so that an invalid header throws in the handler.

function headerName(name: string): string {
  validateHeaderName(name);
  return name.toLowerCase();
}

function headerValue(name: string, value: string | Uint8Array): string {
  const text = typeof value === "string" ? value : Buffer.from(value).toString("base64");
  validateHeaderValue(name, text);
  return text;
}

function validateBinaryMetadata(metadata: IncomingMetadata): void {
  for (const [key, values] of Object.entries(metadata)) {
    if (!key.endsWith("-bin")) continue;
    for (const value of values) {
      if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(value)) continue;
      throw new StatusError(Code.InvalidArgument, `invalid binary header ${key}: ${value}`);
    }
  }
}
