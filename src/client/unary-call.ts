import { AsyncResource } from "node:async_hooks";
import type { DescMethodUnary, Message } from "@bufbuild/protobuf";
import type { Dispatcher } from "undici";
import {
  type AttemptEvent,
  attemptEnded,
  attemptsAreObserved,
  observedAttempt,
} from "../diagnostics/attempt-event.ts";
import type { ServerAddress } from "../diagnostics/call-event.ts";
import type { HttpHeaders } from "../errors/http-headers.ts";
import type { AttemptRecord, RpcError } from "../errors/rpc-error.ts";
import type { HttpRequest, HttpResponse } from "../http/http-exchange.ts";
import { backoffMs } from "../policies/backoff.ts";
import { CallScope } from "../policies/call-scope.ts";
import type { Deadlines } from "../policies/deadlines.ts";
import type { RetryThrottle } from "../policies/retry-throttle.ts";
import { type AttemptFailure, errorOf } from "../responses/attempt-failure.ts";
import type { ErrorBodyType } from "../responses/error-body-type.ts";
import { readErrorResponse } from "../responses/read-error-response.ts";
import { readResponse } from "../responses/read-response.ts";
import { type Redactor, responseRedactor } from "../responses/redactor.ts";
import { type AttemptListener, exchangeWithin, notSent, resolveHeadersWithin } from "./attempt.ts";
import type { CallOptions } from "./call-options.ts";
import { CallProgress } from "./call-progress.ts";
import type { DynamicHeader, HeaderValues } from "./dynamic-headers.ts";
import { type IncomingMetadata, incomingMetadata } from "./incoming-metadata.ts";
import type { UnaryRequest, UnaryResponse } from "./interceptor.ts";
import { refusal } from "./invalid-call.ts";
import { isRefusalOfBinary, provesJsonOnly } from "./json-fallback.ts";
import type { JsonOnlyMemory } from "./json-only-memory.ts";
import type { Lifetime } from "./lifetime.ts";
import type { MethodPlan } from "./method-plan.ts";
import { observe } from "./observe.ts";
import {
  asJson,
  type EncodedRequest,
  encodeCall,
  inJson,
  type PreparedCall,
  prepareCall,
} from "./prepared-call.ts";
import type { TransportSettings } from "./rest-transport-options.ts";

/** What calls need of their transport. */
export interface CallContext {
  readonly settings: TransportSettings;
  readonly dispatcher: Dispatcher;
  readonly dynamicHeaders: readonly DynamicHeader[];
  readonly errorBody: ErrorBodyType | undefined;
  /** Values that every call carries and no error may show. */
  readonly secrets: Redactor;
  readonly throttle: RetryThrottle;
  readonly server: ServerAddress;
  /** Those of calls with the transport's own timeout. */
  readonly deadlines: Deadlines;
  readonly jsonOnly: JsonOnlyMemory;
  readonly lifetime: Lifetime;
  /** @throws RpcError if the method has no usable http rule */
  planOf(method: DescMethodUnary): MethodPlan;
}

const noHeaderValues: HeaderValues = new Map();
const noValues: readonly string[] = [];

/** Nobody needs to know when a call's object is collected, and finding out would cost more than the call. */
const noDestroyHook = { requireManualDestroy: true };

/**
 * One call from its message to its answer, over as many attempts as it takes. Whatever goes wrong is an RpcError.
 *
 * @param accept makes of the answer what the call resolves to; what it throws is what the call rejects with
 * @param onEnd is called when the call is over, before its promise is settled
 */
export function unaryCall<T>(
  context: CallContext,
  request: UnaryRequest,
  accept: (response: UnaryResponse) => T,
  onEnd: () => void,
): Promise<T> {
  try {
    return new UnaryCall(context, context.planOf(request.method), request, accept, onEnd).answer();
  } catch (error) {
    onEnd();
    return Promise.reject(error);
  }
}

/**
 * A call under way: an attempt is begun, undici reports what became of it, and the call ends or goes on with another
 * attempt. The promise that the caller waits for is the only one of a call that succeeds at once.
 *
 * undici reports in the asynchronous context of whoever opened the connection. What comes next of this call, functions
 * of the caller's among it, runs in the caller's own.
 */
class UnaryCall<T> extends AsyncResource implements AttemptListener {
  readonly #context: CallContext;
  readonly #request: UnaryRequest;
  readonly #accept: (response: UnaryResponse) => T;
  readonly #onEnd: () => void;
  #resolve: ((value: T) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  readonly #prepared: PreparedCall;
  readonly #progress: CallProgress;
  readonly #scope: CallScope;
  #encoded: EncodedRequest;
  /** The values of the attempt that is under way, or was last. */
  #asked = noHeaderValues;
  /** Those of attempts before it: a server may repeat a token that it was sent earlier. */
  #askedBefore: readonly string[] = noValues;
  #hasRenewed = false;
  #hasFallenBack = false;
  #retries = 0;
  /** What observers are shown of the attempt that is under way. */
  #event: AttemptEvent | undefined;

  /** @throws RpcError if the call cannot be begun */
  constructor(
    context: CallContext,
    plan: MethodPlan,
    request: UnaryRequest,
    accept: (response: UnaryResponse) => T,
    onEnd: () => void,
  ) {
    super("BYTENITE_JOBS_CALL", noDestroyHook);
    const { settings, jsonOnly } = context;
    this.#context = context;
    this.#request = request;
    this.#accept = accept;
    this.#onEnd = onEnd;
    try {
      this.#prepared = prepareCall(plan, request, settings);
      const encodings = jsonOnly.isFresh ? asJson : this.#prepared.asked;
      this.#encoded = encodeCall(this.#prepared, encodings, request, settings);
    } catch (error) {
      throw refusal(error, plan.name);
    }
    this.#progress = new CallProgress(plan.name);
    const { timeoutMs } = this.#prepared;
    const deadlines = timeoutMs === settings.timeoutMs ? context.deadlines : undefined;
    // Last, because from here on there is a timer to stop.
    this.#scope = new CallScope(timeoutMs, request.signal, deadlines);
  }

  /** Begins the call, and gives what it comes to. To be called once. */
  answer(): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#context.dynamicHeaders.length > 0 || this.#scope.end !== undefined) {
      void this.#askAndExchange();
      return;
    }
    try {
      // The clock is read once for an attempt that begins with its call.
      this.#exchange(this.#scope.startedAt);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #askAndExchange(): Promise<void> {
    try {
      const asked = await this.#ask();
      if ("init" in asked) throw this.#progress.error(this.#secrets().redactFailure(asked));
      this.#sendWith(asked);
      // The signal may have fired since the values came; from here on the exchange is told.
      if (this.#scope.end !== undefined) throw this.#progress.error(notSent(this.#scope.end));
      this.#exchange(performance.now());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param now on the clock of performance.now() */
  #exchange(now: number): void {
    const { timeoutHeader, baseUrl, maxResponseBytes } = this.#context.settings;
    this.#progress.begin(now);
    const request: HttpRequest = {
      origin: baseUrl.origin,
      verb: this.#prepared.binding.verb,
      target: baseUrl.pathPrefix + this.#prepared.target,
      headers: this.#encoded.headers.ofAttempt(this.#asked, timeoutHeader, this.#scope.remainingMs(now)),
      body: this.#encoded.body,
      idempotent: this.#isIdempotent,
      maxResponseBytes,
    };
    this.#event = undefined;
    if (attemptsAreObserved()) {
      this.#event = this.#eventOf(request);
      observedAttempt(this.#event, () => this.#send(request));
    } else {
      this.#send(request);
    }
  }

  #send(request: HttpRequest): void {
    exchangeWithin(this.#scope, this.#context.dispatcher, request, this);
  }

  onResponse(response: HttpResponse): void {
    this.runInAsyncScope(this.#answered, this, response);
  }

  onFailedAttempt(failure: AttemptFailure): void {
    this.runInAsyncScope(this.#unanswered, this, failure);
  }

  #unanswered(failure: AttemptFailure): void {
    try {
      void this.#goOn(this.#secrets().redactFailure(failure));
    } catch (error) {
      this.#fail(error);
    }
  }

  #answered(response: HttpResponse): void {
    try {
      const answer = this.#read(response);
      if ("message" in answer) this.#succeed(answer.message, response);
      else void this.#goOn(answer, response);
    } catch (error) {
      this.#fail(error);
    }
  }

  #succeed(message: Message, response: HttpResponse): void {
    const history = this.#progress.succeeded(response.status);
    if (this.#event !== undefined) this.#ended(this.#event, response, undefined);
    this.#notifyCaller(response);
    const answer = new Answer(message, response, history, this.#secrets());
    const value = this.#accept(answer);
    this.#end();
    this.#resolve?.(value);
  }

  #fail(error: unknown): void {
    this.#end();
    this.#reject?.(error);
  }

  #end(): void {
    this.#scope.close();
    this.#onEnd();
  }

  /** After an attempt that failed: another one, or the end of the call. */
  async #goOn(failure: AttemptFailure, response?: HttpResponse): Promise<void> {
    try {
      this.#progress.failed(failure);
      if (this.#event !== undefined) this.#ended(this.#event, response, failure);
      if (response !== undefined && this.#fallBack(response)) {
        this.#progress.waited(0);
      } else {
        const renewed = response && (await this.#renewedCredential(failure));
        if (renewed !== undefined) {
          this.#progress.waited(0);
          this.#sendWith(renewed);
          this.#exchange(performance.now());
          return;
        }
        await this.#pauseAfter(failure, response);
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    void this.#askAndExchange();
  }

  #eventOf({ verb, body }: HttpRequest): AttemptEvent {
    const { plan, binding } = this.#prepared;
    const { request, response } = this.#encoded.way;
    return {
      method: plan.name,
      ...this.#context.server,
      attempt: this.#progress.attempts + 1,
      verb,
      route: binding.template.text,
      requestEncoding: request,
      responseEncoding: response,
      requestBytes: body?.length ?? 0,
    };
  }

  #ended(event: AttemptEvent, response: HttpResponse | undefined, failure: AttemptFailure | undefined): void {
    const record = this.#progress.last;
    const error =
      failure &&
      errorOf(failure, {
        method: event.method,
        outcome: failure.init.outcome,
        attempts: 1,
        history: [record],
      });
    attemptEnded(event, record, response?.body.length, error);
  }

  #ask(): Promise<HeaderValues | AttemptFailure> {
    return resolveHeadersWithin(this.#scope, this.#context.dynamicHeaders, this.#encoded.headers.own);
  }

  /** Takes the values of the next attempt. */
  #sendWith(asked: HeaderValues): void {
    if (this.#asked.size > 0) this.#askedBefore = [...this.#askedBefore, ...this.#asked.values()];
    this.#asked = asked;
  }

  /** What was sent so far and no error may show. */
  #secrets(): Redactor {
    const { secrets } = this.#context;
    const { headers } = this.#encoded;
    if (this.#asked.size === 0 && !headers.hasOwn) return secrets;
    return secrets.andOf({ asked: this.#asked, earlier: this.#askedBefore, headers });
  }

  #read(response: HttpResponse): { readonly message: Message } | AttemptFailure {
    const { settings, errorBody, throttle, jsonOnly } = this.#context;
    if (this.#hasFallenBack && provesJsonOnly(response)) jsonOnly.remember();
    if (response.status < 200 || response.status >= 300) {
      const secrets = this.#secrets();
      const { protobufMediaType } = settings;
      const failure = readErrorResponse(secrets.redactResponse(response), { protobufMediaType, errorBody });
      return secrets.redactFailure(failure);
    }
    throttle.succeeded();
    const { binding } = this.#prepared;
    const answer = readResponse(binding, response, settings);
    // What is wrong with it may be told in its own words.
    if ("message" in answer) return answer;
    const secrets = this.#secrets();
    const masked = readResponse(binding, secrets.redactResponse(response), settings);
    return secrets.redactFailure("init" in masked ? masked : answer);
  }

  /** Whether the call goes on in JSON, because the server did not understand it in binary. */
  #fallBack(response: HttpResponse): boolean {
    const { settings } = this.#context;
    if (!settings.jsonFallback || this.#hasFallenBack) return false;
    if (!isRefusalOfBinary(response, this.#encoded, settings.protobufMediaType)) return false;
    this.#hasFallenBack = true;
    try {
      this.#encoded = inJson(this.#prepared, this.#encoded, settings);
    } catch {
      // What JSON cannot say, such as an Any of a type that is not in the registry: the refusal stands.
      return false;
    }
    return true;
  }

  /** The values for another attempt, where the server did not accept the credential and there is another one. */
  async #renewedCredential(refusal: AttemptFailure): Promise<HeaderValues | undefined> {
    const used = this.#asked;
    if (refusal.init.status !== 401 || this.#hasRenewed) return undefined;
    const renewable = this.#context.dynamicHeaders.filter(({ name, refused }) => refused && used.has(name));
    if (renewable.length === 0) return undefined;
    this.#hasRenewed = true;
    for (const { name, refused } of renewable) refused?.(used.get(name) as string);
    const fresh = await this.#ask();
    if (this.#scope.end !== undefined) throw this.#progress.ended(this.#scope.end, refusal);
    // Without another value the server's own 401 says more than the reason why there is none.
    if ("init" in fresh || renewable.every(({ name }) => fresh.get(name) === used.get(name)))
      return undefined;
    return fresh;
  }

  /** Waits until the next attempt, or throws the error that ends the call. */
  async #pauseAfter(failure: AttemptFailure, response: HttpResponse | undefined): Promise<void> {
    const { throttle, lifetime } = this.#context;
    if (failure.retry !== "never" && !failure.isStaleConnection) throttle.failed();
    const waitMs = this.#nextWaitMs(failure);
    if (waitMs === undefined) throw this.#error(failure, response);
    this.#retries++;
    const { onRetry } = this.#prepared.retry;
    observe(
      onRetry && (() => onRetry({ ...this.#progress.beforeWait(waitMs), attempt: this.#progress.attempts })),
    );
    const startedAt = performance.now();
    const ended = await this.#scope.pause(waitMs, (wake) => lifetime.whileWaiting(wake));
    if (ended === "woken") throw this.#error(failure, response);
    if (ended !== undefined) throw this.#progress.ended(ended, failure);
    this.#progress.waited(performance.now() - startedAt);
  }

  get #isIdempotent(): boolean {
    return this.#prepared.plan.isIdempotent || this.#request.idempotencyKey !== undefined;
  }

  #nextWaitMs(failure: AttemptFailure): number | undefined {
    const { throttle, lifetime } = this.#context;
    const mayRetry = failure.retry === "always" || (failure.retry === "if_idempotent" && this.#isIdempotent);
    if (
      !mayRetry ||
      this.#retries + 1 >= this.#prepared.retry.maxAttempts ||
      throttle.isThrottled ||
      lifetime.isClosing
    ) {
      return undefined;
    }
    const waitMs = failure.pushbackMs ?? backoffMs(this.#prepared.retry, this.#retries, Math.random());
    // A wait that cannot be finished is not begun: the caller learns now what went wrong.
    return waitMs < this.#scope.remainingMs() ? waitMs : undefined;
  }

  #error(failure: AttemptFailure, response: HttpResponse | undefined): RpcError {
    if (response !== undefined) this.#notifyCaller(response);
    return this.#progress.error(failure);
  }

  #notifyCaller(response: HttpResponse): void {
    const { onResponse } = this.#request;
    if (onResponse !== undefined) notifyOfResponse(onResponse, response);
  }
}

function notifyOfResponse(
  onResponse: NonNullable<CallOptions["onResponse"]>,
  { status, headers, trailers }: HttpResponse,
): void {
  observe(() => onResponse({ status, headers, metadata: incomingMetadata(headers, trailers) }));
}

class Answer implements UnaryResponse {
  readonly message: Message;
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly attempts: number;
  readonly history: readonly AttemptRecord[];
  readonly [responseRedactor]: Redactor;
  readonly #trailers: HttpHeaders;

  constructor(
    message: Message,
    { status, headers, trailers }: HttpResponse,
    history: readonly AttemptRecord[],
    secrets: Redactor,
  ) {
    this.message = message;
    this.status = status;
    this.headers = headers;
    this.attempts = history.length;
    this.history = history;
    this[responseRedactor] = secrets;
    this.#trailers = trailers;
  }

  /** Worked out when it is asked for: most callers never do. */
  get metadata(): IncomingMetadata {
    return incomingMetadata(this.headers, this.#trailers);
  }
}
