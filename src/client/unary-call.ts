import type { DecodedBody } from "../codecs/binary-codec.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import { freeJoinedBody } from "../http/joined-body.ts";
import type { AttemptFailure } from "../responses/attempt-failure.ts";
import type { AttemptListener } from "./attempt.ts";
import { Call, type CallContext, CLOSED } from "./call.ts";
import { CallResponse, notifyOfResponse } from "./call-response.ts";
import type { UnaryResponse } from "./interceptor.ts";
import { interpretResponse } from "./interpret-response.ts";
import type { CallRequest } from "./prepared-call.ts";
import type { RequestStream } from "./request-stream.ts";

/**
 * Makes one call with one response, with retries. Whatever goes wrong rejects with an RpcError.
 *
 * @param toResult converts the response to the value of the call; if it throws, the call rejects with that error
 * @param onEnd is called when the call is over, before its promise settles
 * @param requests the requests of a client-streaming call
 * @throws RpcError if the call is invalid
 */
export function unaryCall<T>(
  context: CallContext,
  request: CallRequest,
  toResult: (response: UnaryResponse) => T,
  onEnd: () => void,
  requests?: RequestStream,
): Promise<T> {
  let call: UnaryCall<T>;
  try {
    call = new UnaryCall(context, request, toResult, onEnd, requests);
  } catch (error) {
    onEnd();
    throw error;
  }
  return call.start();
}

/**
 * A call with one response. Without dynamic headers, and with a first attempt that succeeds, it makes one promise: the
 * caller's.
 */
class UnaryCall<T> extends Call implements AttemptListener {
  readonly #toResult: (response: UnaryResponse) => T;
  #resolve: ((value: T) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #stopListening: (() => void) | undefined;

  /** @throws RpcError if the call cannot be sent */
  constructor(
    context: CallContext,
    request: CallRequest,
    toResult: (response: UnaryResponse) => T,
    onEnd: () => void,
    requests: RequestStream | undefined,
  ) {
    super(context, request, onEnd, requests);
    this.#toResult = toResult;
  }

  /** To be called once. */
  start(): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      // Requests in a stream may have no end of their own.
      if (this.hasRequestStream) {
        this.#stopListening = this.context.lifetime.onClosing(() => this.scope.cancel(CLOSED));
      }
      this.begin();
    });
  }

  protected attempt(now: number): void {
    this.send(now, this);
  }

  onResponse(response: HttpResponse): void {
    this.runInAsyncScope(this.#handleResponse, this, response);
  }

  onFailedAttempt(failure: AttemptFailure): void {
    this.runInAsyncScope(this.#handleFailure, this, failure);
  }

  #handleResponse(response: HttpResponse): void {
    const { settings, errorBody, throttle } = this.context;
    try {
      this.learnFrom(response);
      if (response.status >= 200 && response.status < 300) throttle.succeeded();
      const { binding } = this.prepared;
      const read = interpretResponse(binding, response, settings, errorBody, () => this.redactor());
      if ("message" in read) this.#succeed(read, response);
      else void this.afterFailure(read, response);
    } catch (error) {
      this.rejectWith(error);
    }
  }

  #handleFailure(failure: AttemptFailure): void {
    try {
      void this.afterFailure(this.reportedFailure(failure), undefined);
    } catch (error) {
      this.rejectWith(error);
    }
  }

  #succeed({ message, hasViews }: DecodedBody, response: HttpResponse): void {
    const history = this.progress.succeeded(response.status);
    this.reportAttempt(response.body.length, undefined);
    notifyOfResponse(this.request.onResponse, response);
    const value = this.#toResult(new CallResponse(message, response, history, this.redactor()));
    this.#stopListening?.();
    this.end();
    if (!hasViews) freeJoinedBody(response);
    this.#resolve?.(value);
  }

  protected rejectWith(error: unknown): void {
    this.#stopListening?.();
    this.end();
    this.#reject?.(error);
  }
}
