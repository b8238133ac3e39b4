import type { Message } from "@bufbuild/protobuf";
import { contentTypeOf } from "../codecs/media-type.ts";
import type { StreamEnd } from "../diagnostics/call-event.ts";
import { asError } from "../errors/as-error.ts";
import { withCallerStack } from "../errors/caller-stack.ts";
import { Code } from "../errors/code.ts";
import type { HttpHeaders } from "../errors/http-headers.ts";
import type { RpcError } from "../errors/rpc-error.ts";
import type { BodySink, FlowControl, HttpResponse, ResponseHead } from "../http/http-exchange.ts";
import { MAY_BE_CUT } from "../http/message-body.ts";
import type { CallEnd } from "../policies/call-scope.ts";
import type { AttemptFailure } from "../responses/attempt-failure.ts";
import { isPage } from "../responses/read-response.ts";
import { type StreamItemReader, streamItemReader } from "../responses/read-stream-message.ts";
import { ChunkQueue } from "../streams/chunk-queue.ts";
import { type MessageSplitter, messageSplitter } from "../streams/message-splitter.ts";
import { StreamFormatError } from "../streams/stream-format-error.ts";
import type { AttemptListener } from "./attempt.ts";
import { Call, type CallContext, CLOSED } from "./call.ts";
import { notifyOfResponse } from "./call-response.ts";
import { incomingMetadata } from "./incoming-metadata.ts";
import type { StreamResponse } from "./interceptor.ts";
import { interpretResponse } from "./interpret-response.ts";
import type { CallRequest } from "./prepared-call.ts";
import type { RequestStream } from "./request-stream.ts";

type Result = IteratorResult<Message, undefined>;

interface Waiter {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** How the body of an attempt ended. */
type BodyEnd =
  | { readonly kind: "complete"; readonly isCloseDelimited: boolean }
  | { readonly kind: "failed"; readonly failure: AttemptFailure };

const done: Result = { done: true, value: undefined };

/**
 * How many bytes may wait for their reader until the server is held back. undici (8.12) copies what it has read from the socket at
 * each pause. It also gives an empty chunk if it was paused at the end of a chunk, so to pause for each chunk never ends.
 */
const HIGH_WATER_MARK = 65_536;

const noTrailers: HttpHeaders = {};
const noBytes = new Uint8Array();

/**
 * Makes a call with a stream of responses. Whatever goes wrong rejects with an RpcError.
 *
 * @param onEnd is called when the stream is over, with undefined if the call was invalid
 * @param requests the requests, if they are a stream too
 * @returns resolves when the response begins
 */
export function streamCall(
  context: CallContext,
  request: CallRequest,
  onEnd: (end: StreamEnd | undefined) => void,
  requests?: RequestStream,
): Promise<StreamResponse> {
  let call: StreamCall;
  try {
    call = new StreamCall(context, request, onEnd, requests);
  } catch (error) {
    requests?.end(false);
    onEnd(undefined);
    return Promise.reject(error);
  }
  return call.open();
}

/**
 * A call with a stream of responses: its response, and the iterator of its messages. It retries only before the first
 * message. While the reader does not keep up, the server is held back.
 */
class StreamCall extends Call implements AttemptListener, BodySink, AsyncIterator<Message> {
  readonly #itemReader: StreamItemReader;
  readonly #waiters: Waiter[] = [];
  #resolveOpen: ((response: StreamResponse) => void) | undefined;
  #rejectOpen: ((error: unknown) => void) | undefined;
  #stopListening: (() => void) | undefined;
  #head: ResponseHead = { status: 0, headers: {} };
  #trailers = noTrailers;
  #splitter: MessageSplitter | undefined;
  #flow: FlowControl | undefined;
  #isPaused = false;
  /** What came while the splitter still had messages. */
  readonly #chunks = new ChunkQueue();
  #bodyEnd: BodyEnd | undefined;
  #bodyBytes = 0;
  #receivedCount = 0;
  #isOver = false;
  /** Whether the last attempt has ended, and another one may follow. */
  #isBetweenAttempts = false;
  /** What a reader gets after the last message. */
  #error: RpcError | undefined;

  constructor(
    context: CallContext,
    request: CallRequest,
    onEnd: (end: StreamEnd | undefined) => void,
    requests: RequestStream | undefined,
  ) {
    super(context, request, () => onEnd(this.#end), requests);
    this.#itemReader = streamItemReader(this.prepared.binding, context.settings.registry);
  }

  /** To be called once. */
  open(): Promise<StreamResponse> {
    return new Promise((resolve, reject) => {
      this.#resolveOpen = resolve;
      this.#rejectOpen = reject;
      this.#stopListening = this.context.lifetime.onClosing(() => this.scope.cancel(CLOSED));
      this.begin();
    });
  }

  /** The response, whose properties follow the call. */
  get #response(): StreamResponse {
    const call = this;
    return {
      stream: true,
      message: { [Symbol.asyncIterator]: () => call },
      get status() {
        return call.#head.status;
      },
      get headers() {
        return call.#head.headers;
      },
      get metadata() {
        return incomingMetadata(call.#head.headers, call.#trailers);
      },
      get attempts() {
        return call.progress.attempts + (call.#isOver ? 0 : 1);
      },
      get history() {
        return call.progress.history;
      },
    };
  }

  next(): Promise<Result> {
    const result = this.#waiters.length === 0 ? this.#read() : undefined;
    if (result !== undefined) return Promise.resolve(result);
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(withCallerStack(error, this.next));
    }
    return this.#nextToCome();
  }

  async #nextToCome(): Promise<Result> {
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#waiters.push({ resolve, reject });
      });
    } catch (error) {
      throw withCallerStack(error, this.#nextToCome);
    }
  }

  /** The reader leaves. */
  return(): Promise<Result> {
    if (!this.#isOver) {
      this.#finish(undefined);
      this.cancelAttempt("the reader of the stream has left it");
    }
    this.#error = undefined;
    return Promise.resolve(done);
  }

  protected attempt(now: number): void {
    // The reader may have left during the wait.
    if (this.#isOver) return;
    this.#isBetweenAttempts = false;
    this.#chunks.clear();
    this.#splitter = undefined;
    this.#bodyBytes = 0;
    this.send(now, this);
  }

  onHead(head: ResponseHead, flow: FlowControl): BodySink | undefined {
    const { status, headers } = head;
    // A 204 has no body, and other responses are errors, which are read as a whole.
    if (status < 200 || status >= 300 || status === 204) return undefined;
    this.#head = head;
    this.#trailers = noTrailers;
    this.#flow = flow;
    this.#isPaused = false;
    this.#splitter = messageSplitter(contentTypeOf(headers), this.context.settings.maxResponseBytes);
    this.runInAsyncScope(this.#opened, this);
    return this;
  }

  #opened(): void {
    const { status, headers } = this.#head;
    const contentType = contentTypeOf(headers);
    const hasBody = this.#splitter !== undefined;
    if (hasBody && isPage(contentType)) {
      this.#failUnreadable(`its content-type is ${contentType}`);
      return;
    }
    const coding = headers["content-encoding"];
    if (coding !== undefined && coding !== "identity") {
      this.#failUnreadable(`it is compressed (${coding}), which a stream cannot be`);
      return;
    }
    this.context.throttle.succeeded();
    const head = { status, headers, trailers: noTrailers, body: noBytes, isCloseDelimited: false };
    this.learnFrom(head);
    if (this.#resolveOpen === undefined) return;
    notifyOfResponse(this.request.onResponse, head);
    this.#resolveOpen(this.#response);
    this.#resolveOpen = undefined;
  }

  /** Ends a stream whose head says that it cannot be read. */
  #failUnreadable(problem: string): void {
    this.#failWith(this.#unreadable(new StreamFormatError("format", problem)), problem);
  }

  onData(chunk: Uint8Array): void {
    if (this.#isOver) return;
    this.#bodyBytes += chunk.length;
    this.#chunks.push(chunk);
    if (this.#waiters.length > 0) this.#deliver();
    if (this.#chunks.byteLength >= HIGH_WATER_MARK && !this.#isPaused) {
      this.#isPaused = true;
      this.#flow?.pause();
    }
  }

  onEnd({ trailers, isCloseDelimited }: Pick<HttpResponse, "trailers" | "isCloseDelimited">): void {
    this.#trailers = trailers;
    this.#endBody({ kind: "complete", isCloseDelimited });
  }

  onResponse(response: HttpResponse): void {
    this.runInAsyncScope(this.#handleResponse, this, response);
  }

  onFailedAttempt(failure: AttemptFailure): void {
    if (this.#isOver) return;
    if (this.#splitter === undefined || this.scope.end !== undefined) {
      this.runInAsyncScope(this.#handleFailure, this, failure);
      return;
    }
    // After the messages before it.
    this.#endBody({ kind: "failed", failure });
  }

  /** The exchange is over. The call is not, until its reader gets to the end, or the signal, deadline or transport ends it. */
  #endBody(end: BodyEnd): void {
    this.#bodyEnd = end;
    this.#deliver();
    if (!this.#isOver && this.#bodyEnd !== undefined)
      this.scope.setListener({ onEnd: (why) => this.#endUnread(why) });
  }

  #endUnread({ code, reason, cause }: Pick<CallEnd, "code" | "reason" | "cause">): void {
    this.#failWith(this.#finalFailure({ code, reason, cause }), reason);
  }

  /** Gives messages to those who wait for them. */
  #deliver(): void {
    while (this.#waiters.length > 0) {
      const result = this.#read();
      if (result === undefined) return;
      this.#waiters.shift()?.resolve(result);
    }
  }

  /** The next message, or the end; undefined if there is none yet, or if the stream has failed. */
  #read(): Result | undefined {
    if (this.#isOver) return this.#error === undefined ? done : undefined;
    // The end of the call is on its way.
    if (this.scope.end !== undefined) return undefined;
    try {
      for (;;) {
        const message = this.#splitter?.readNext(this.#itemReader.readMessage);
        if (message !== undefined) return this.#received(message);
        const text = this.#splitter?.next();
        if (text !== undefined) return this.#itemFrom(text);
        if (!this.#refill()) break;
      }
      return this.#bodyEnd === undefined ? undefined : this.#readEnd(this.#bodyEnd);
    } catch (error) {
      this.#failWith(this.#unreadable(error), "the stream cannot be decoded");
      return undefined;
    }
  }

  /** @returns false if there are no more bytes yet */
  #refill(): boolean {
    if (this.#isPaused && this.#chunks.byteLength === 0) {
      this.#isPaused = false;
      this.#flow?.resume();
    }
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return false;
    this.#splitter?.push(chunk);
    return true;
  }

  #received(value: Message): Result {
    this.#receivedCount++;
    return { done: false, value };
  }

  #itemFrom(text: string): Result | undefined {
    const item = this.#itemReader.readItem(text);
    if (item.status === undefined) return this.#received(item.message);
    const { code, reason, details } = item.status;
    const init = { code, reason: reason || "the server gave no reason", details, body: Buffer.from(text) };
    this.#failWith(this.#finalFailure(init), "the stream has failed");
    return undefined;
  }

  #readEnd(end: BodyEnd): Result | undefined {
    if (end.kind === "failed") {
      this.#bodyEnd = undefined;
      this.runInAsyncScope(this.#handleFailure, this, end.failure);
      return undefined;
    }
    const last = this.#splitter?.end();
    const mayBeTruncated = end.isCloseDelimited && this.#splitter?.isClosed !== true;
    this.#splitter = undefined;
    if (last !== undefined && !mayBeTruncated) return this.#itemFrom(last);
    if (mayBeTruncated) {
      throw new StreamFormatError("truncated", MAY_BE_CUT);
    }
    this.#finish(undefined, this.#bodyBytes);
    return done;
  }

  #unreadable(error: unknown): AttemptFailure {
    const isTooLarge = error instanceof StreamFormatError && error.kind === "too_large";
    return this.#finalFailure({
      code: isTooLarge ? Code.ResourceExhausted : Code.DataLoss,
      reason: `cannot decode the stream: ${asError(error).message}`,
      cause: error,
    });
  }

  /** A failure after the response began: what the server did is not known, and nothing follows. */
  #finalFailure(init: Omit<AttemptFailure["init"], "outcome" | "status" | "headers">): AttemptFailure {
    const { status, headers } = this.#head;
    return { init: { ...init, outcome: "unknown", status, headers }, retry: "never" };
  }

  #handleResponse(response: HttpResponse): void {
    const { settings, errorBody } = this.context;
    try {
      if (response.status >= 200 && response.status < 300) {
        this.#head = response;
        this.#trailers = response.trailers;
        this.#opened();
        this.#endBody({ kind: "complete", isCloseDelimited: false });
        return;
      }
      this.learnFrom(response);
      const { binding } = this.prepared;
      const read = interpretResponse(binding, response, settings, errorBody, () => this.redactor());
      this.#isBetweenAttempts = true;
      if ("init" in read) void this.afterFailure(read, response);
    } catch (error) {
      this.rejectWith(error);
    }
  }

  #handleFailure(failure: AttemptFailure): void {
    try {
      const reported = this.reportedFailure(this.#withReason(failure));
      const isRepeatable = this.#receivedCount === 0;
      this.#isBetweenAttempts = true;
      void this.afterFailure(isRepeatable ? reported : { ...reported, retry: "never" }, undefined);
    } catch (error) {
      this.rejectWith(error);
    }
  }

  /** If the deadline passed within a stream, says that the stream did not end, because there was a response. */
  #withReason(failure: AttemptFailure): AttemptFailure {
    const isDeadline = this.scope.end?.code === Code.DeadlineExceeded && this.scope.end.cause === undefined;
    if (!isDeadline || this.#splitter === undefined) return failure;
    const reason = `the stream did not end within ${Math.ceil(this.prepared.timeoutMs)} ms`;
    return { ...failure, init: { ...failure.init, reason } };
  }

  get #end(): StreamEnd {
    return {
      status: this.#head.status,
      attempts: this.progress.attempts,
      history: this.progress.history,
      requestMessages: this.sentCount,
      responseMessages: this.#receivedCount,
      error: this.#error,
    };
  }

  /** Ends the stream with a failure that is final, and frees the connection. */
  #failWith(failure: AttemptFailure, reason: string): void {
    const reported = this.reportedFailure(failure);
    this.progress.failed(reported);
    this.reportAttempt(undefined, reported);
    this.#finish(this.progress.error(reported));
    this.cancelAttempt(reason);
  }

  protected rejectWith(error: unknown): void {
    this.#finish(error as RpcError);
  }

  /** @param responseBytes the length of the body; undefined if it is incomplete */
  #finish(error: RpcError | undefined, responseBytes?: number): void {
    if (this.#isOver) return;
    if (error === undefined && !this.#isBetweenAttempts) {
      this.progress.succeeded(this.#head.status);
      this.reportAttempt(responseBytes, undefined);
    }
    this.#bodyEnd = undefined;
    this.#isOver = true;
    this.#error = error;
    this.#chunks.clear();
    this.#stopListening?.();
    this.end();
    if (error !== undefined) this.#rejectOpen?.(error);
    this.#resolveOpen = undefined;
    for (const { resolve, reject } of this.#waiters.splice(0)) {
      if (this.#error === undefined) resolve(done);
      else reject(this.#error);
      // The error is thrown once, as by a generator.
      this.#error = undefined;
    }
  }
}
