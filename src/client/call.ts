import { AsyncResource } from "node:async_hooks";
import type { DescMethod } from "@bufbuild/protobuf";
import {
  type AttemptEvent,
  attemptEnded,
  attemptsAreObserved,
  observedAttempt,
} from "../diagnostics/attempt-event.ts";
import type { ServerAddress } from "../diagnostics/call-event.ts";
import type { RpcError } from "../errors/rpc-error.ts";
import type { HttpRequest, HttpResponse } from "../http/http-exchange.ts";
import type { Dispatch } from "../http/undici-exchange.ts";
import { CallScope } from "../policies/call-scope.ts";
import type { Deadlines } from "../policies/deadlines.ts";
import type { RetryThrottle } from "../policies/retry-throttle.ts";
import { type AttemptFailure, errorOf } from "../responses/attempt-failure.ts";
import type { Redactor } from "../responses/redactor.ts";
import type { ErrorBodyType } from "../responses/status-info.ts";
import { Attempt, type AttemptListener, notSent, resolveValuesWithin } from "./attempt.ts";
import { CallProgress } from "./call-progress.ts";
import { notifyOfResponse } from "./call-response.ts";
import type { DynamicValue, ResolvedValues } from "./dynamic-values.ts";
import { invalidCall } from "./invalid-call.ts";
import { isBinaryRejected, provesJsonOnly } from "./json-fallback.ts";
import type { Lifetime } from "./lifetime.ts";
import type { BindingPlan, MethodPlan } from "./method-plan.ts";
import { type CallState, nextStep } from "./next-step.ts";
import { observe } from "./observe.ts";
import {
  asJson,
  type CallRequest,
  type EncodedRequest,
  encodeCall,
  inJson,
  type PreparedCall,
  prepareCall,
} from "./prepared-call.ts";
import type { RejectionMemory } from "./rejection-memory.ts";
import { compressed, isCompressionRejected, provesCompressionRejected } from "./request-compression.ts";
import { type RequestQuery, withResolvedParameters } from "./request-query.ts";
import type { RequestStream } from "./request-stream.ts";
import type { TransportSettings } from "./rest-transport-options.ts";
import { SentValues } from "./sent-values.ts";

/** What a call needs from its transport. */
export interface CallContext {
  readonly settings: TransportSettings;
  readonly dispatcher: Dispatch;
  /** The query parameters of every call. */
  readonly query: RequestQuery;
  /** Headers and query parameters whose values are resolved on every attempt. */
  readonly dynamicValues: readonly DynamicValue[];
  readonly errorBody: ErrorBodyType | undefined;
  /** Redacts the secrets that every call of the transport sends. */
  readonly redactor: Redactor;
  readonly throttle: RetryThrottle;
  readonly server: ServerAddress;
  /** The deadlines of calls that use the transport's own timeout. */
  readonly deadlines: Deadlines;
  /** Whether the server has rejected binary. */
  readonly jsonOnly: RejectionMemory;
  /** Whether the server has rejected compressed requests. */
  readonly compression: RejectionMemory;
  readonly lifetime: Lifetime;
  /** @throws RpcError if the method has no usable http rule */
  planOf(method: DescMethod): MethodPlan;
}

/** Why a call ends whose requests or responses are a stream, when its transport is closed. */
export const CLOSED = "the transport was closed";

/** Skips the destroy hook: tracking the garbage collection of every call would cost more than the call itself. */
const noDestroyHook = { requireManualDestroy: true };

/**
 * A call in flight, as a state machine:
 *
 *     start → resolve headers → attempt → response ────→ success
 *                    ↑             ↑ │        └──→ failure → nextStep → fail
 *                    │             │ └─ no response ──↗         │
 *                    │             └────────── renew ───────────┤
 *                    └────── uncompressed, fallback, wait ──────┘
 *
 * Its subclasses say what an attempt does with the response. undici reports in the asynchronous context of the call that
 * opened the connection, so each report runs in this call's own (runInAsyncScope).
 */
export abstract class Call extends AsyncResource {
  protected readonly context: CallContext;
  protected readonly request: CallRequest;
  protected readonly prepared: PreparedCall;
  protected readonly progress: CallProgress;
  protected readonly scope: CallScope;
  readonly #onEnd: () => void;
  /** The body of a call with a stream of requests. It can be sent once. */
  readonly #requests: RequestStream | undefined;
  readonly #sentValues = new SentValues();
  #encoded: EncodedRequest;
  /** What an attempt sends: #encoded, or its compressed form. */
  #sent: EncodedRequest;
  /** The plan of a compressed request that was rejected. From then on, the call compresses nothing. */
  #rejectedCompressed: BindingPlan | undefined;
  #hasRenewed = false;
  #hasFallenBack = false;
  #retries = 0;
  /** The attempt in flight, or the last one. */
  #attempt: Attempt | undefined;
  /** Why the stream of requests failed. */
  #requestError: RpcError | undefined;
  /** The diagnostics event of the attempt in flight; undefined if nobody observes. */
  #event: AttemptEvent | undefined;

  /**
   * @param onEnd is called when the call is over, before its promise settles
   * @throws RpcError if the call cannot be sent
   */
  constructor(context: CallContext, request: CallRequest, onEnd: () => void, requests?: RequestStream) {
    super("BYTENITE_JOBS_CALL", noDestroyHook);
    const { settings, jsonOnly } = context;
    const plan = context.planOf(request.method);
    this.context = context;
    this.request = request;
    this.#onEnd = onEnd;
    this.#requests = requests;
    try {
      this.prepared = prepareCall(plan, request, context);
      const encodings = jsonOnly.isFresh ? asJson : this.prepared.encodings;
      this.#encoded = encodeCall(this.prepared, encodings, request, settings);
    } catch (error) {
      throw invalidCall(error, plan.name);
    }
    this.#sent = this.#encoded;
    this.progress = new CallProgress(plan.name);
    const { timeoutMs } = this.prepared;
    const deadlines = timeoutMs === settings.timeoutMs ? context.deadlines : undefined;
    requests?.attach(this, (error) => {
      this.#requestError = error;
      this.cancelAttempt(error.reason);
    });
    // Last, because from here on there is a timer to stop.
    this.scope = new CallScope(timeoutMs, request.signal, deadlines);
  }

  /** @param now on the clock of performance.now() */
  protected abstract attempt(now: number): void;

  /** Ends the call with an error. */
  protected abstract rejectWith(error: unknown): void;

  /** Begins the first attempt. */
  protected begin(): void {
    const { dynamicValues } = this.context;
    if (dynamicValues.length > 0 || this.scope.end !== undefined || this.#isToBeCompressed) {
      void this.#resolveValuesAndAttempt();
      return;
    }
    try {
      // The first attempt begins with its call, so the clock is read once for both.
      this.attempt(this.scope.startedAt);
    } catch (error) {
      this.rejectWith(error);
    }
  }

  /**
   * Sends the request of an attempt.
   *
   * @param now on the clock of performance.now()
   */
  protected send(now: number, listener: AttemptListener): void {
    const { settings, dispatcher } = this.context;
    const { timeoutHeader, baseUrl, maxResponseBytes } = settings;
    this.progress.begin(now);
    const request: HttpRequest = {
      origin: baseUrl.origin,
      verb: this.prepared.binding.verb,
      target: withResolvedParameters(baseUrl.pathPrefix + this.prepared.target, this.#sentValues.current),
      headers: this.#sent.headers.ofAttempt(
        this.#sentValues.current,
        timeoutHeader,
        this.scope.remainingMs(now),
      ),
      body: this.#requests ?? this.#sent.body,
      idempotent: this.#isIdempotent,
      isFullDuplex: this.prepared.binding.method.methodKind === "bidi_streaming",
      maxResponseBytes,
    };
    const attempt = new Attempt(this.scope, request, listener);
    this.#attempt = attempt;
    if (attemptsAreObserved()) {
      this.#event = this.#eventOf(request);
      observedAttempt(this.#event, () => attempt.begin(dispatcher));
    } else {
      this.#event = undefined;
      attempt.begin(dispatcher);
    }
  }

  /** Ends the attempt in flight, and frees its connection. */
  protected cancelAttempt(reason: string): void {
    this.#attempt?.cancel(reason);
  }

  /** A failed attempt as the call reports it: without secrets, and with the error of its requests. */
  protected reportedFailure(failure: AttemptFailure): AttemptFailure {
    const error = this.#requestError;
    if (error === undefined) return this.redactor().redactFailure(failure);
    const { code, reason, cause } = error;
    return this.redactor().redactFailure({ ...failure, init: { ...failure.init, code, reason, cause } });
  }

  /** Whether the requests are a stream. */
  protected get hasRequestStream(): boolean {
    return this.#requests !== undefined;
  }

  /** How many messages of a stream of requests were sent. */
  protected get sentCount(): number {
    return this.#requests?.count ?? 1;
  }

  /** Releases what the call holds. */
  protected end(): void {
    this.#requests?.end(this.#attempt?.isComplete === true);
    this.scope.close();
    this.#onEnd();
  }

  async #resolveValuesAndAttempt(): Promise<void> {
    try {
      if (this.#isToBeCompressed) await this.#compress();
      const values = await this.#resolveValues();
      if ("init" in values) throw this.progress.error(this.redactor().redactFailure(values));
      this.#sentValues.replace(values);
      // The signal may have fired since the values came; from here on the attempt listens to the scope.
      if (this.scope.end !== undefined) throw this.progress.error(notSent(this.scope.end));
      this.attempt(performance.now());
    } catch (error) {
      this.rejectWith(error);
    }
  }

  get #isToBeCompressed(): boolean {
    const { body, plan } = this.#encoded;
    if (this.#requests !== undefined || body === null || body.length < this.context.settings.compressedFrom)
      return false;
    // A server that ignores `content-encoding` would take the compressed bytes for the data.
    if (plan.rawContentType !== undefined) return false;
    const isUndecided = this.#sent === this.#encoded && this.#rejectedCompressed === undefined;
    return isUndecided && !this.context.compression.isFresh;
  }

  async #compress(): Promise<void> {
    const waited = await this.scope.race(compressed(this.#encoded));
    if ("end" in waited) throw this.progress.error(notSent(waited.end));
    this.#sent = waited.value;
  }

  /** Remembers what the response proves about the server. */
  protected learnFrom(response: HttpResponse): void {
    const { settings, jsonOnly, compression } = this.context;
    if (this.#hasFallenBack && provesJsonOnly(response)) jsonOnly.remember();
    if (this.#sent !== this.#encoded) {
      if (response.status >= 200 && response.status < 300) compression.confirm();
    } else if (
      // A call that has fallen back to JSON since then may have been rejected because it was binary.
      this.#rejectedCompressed === this.#encoded.plan &&
      provesCompressionRejected(response, settings.protobufMediaType)
    ) {
      compression.remember();
    }
  }

  /** After an attempt that failed: another attempt, or the end of the call. */
  protected async afterFailure(failure: AttemptFailure, response: HttpResponse | undefined): Promise<void> {
    try {
      this.progress.failed(failure);
      this.reportAttempt(response?.body.length, failure);
      const next = await this.#takeNextStep(failure, response);
      if (next === "attempt") this.attempt(performance.now());
      else await this.#resolveValuesAndAttempt();
    } catch (error) {
      this.rejectWith(error);
    }
  }

  /**
   * Takes the next step, up to where the request is sent again.
   *
   * @returns `"attempt"` if the values of the dynamic headers are already resolved
   * @throws the error that ends the call
   */
  async #takeNextStep(
    failure: AttemptFailure,
    response: HttpResponse | undefined,
  ): Promise<"attempt" | "resolve headers"> {
    const { throttle } = this.context;
    if (failure.retry !== "never" && !failure.isStaleConnection) throttle.failed();
    if (this.#requests?.isStarted === true) throw this.#errorOf(failure, response);
    const state = this.#callState(failure, response);
    let step = nextStep(failure, state);
    if (step.kind === "uncompressed") {
      this.#rejectedCompressed = this.#encoded.plan;
      this.#sent = this.#encoded;
      this.progress.waited(0);
      return "resolve headers";
    }
    if (step.kind === "fallback") {
      this.#hasFallenBack = true;
      if (this.#encodeAsJson()) {
        this.progress.waited(0);
        return "resolve headers";
      }
      step = nextStep(failure, { ...state, canFallBack: false });
    }
    if (step.kind === "renew") {
      const values = await this.#renewedValues(failure);
      if (values !== undefined) {
        this.progress.waited(0);
        this.#sentValues.replace(values);
        return "attempt";
      }
      step = nextStep(failure, { ...state, canFallBack: false, canRenew: false });
    }
    if (step.kind !== "wait") throw this.#errorOf(failure, response);
    await this.#waitFor(step.ms, failure, response);
    return "resolve headers";
  }

  #callState(failure: AttemptFailure, response: HttpResponse | undefined): CallState {
    const { settings, throttle, lifetime, compression } = this.context;
    return {
      canSendUncompressed:
        response !== undefined &&
        this.#sent !== this.#encoded &&
        isCompressionRejected(response, failure, compression.isConfirmed),
      canFallBack:
        response !== undefined &&
        settings.jsonFallback &&
        !this.#hasFallenBack &&
        isBinaryRejected(response, this.#encoded, settings.protobufMediaType),
      canRenew: response !== undefined && !this.#hasRenewed && this.#sentValues.renewable().length > 0,
      isIdempotent: this.#isIdempotent,
      retries: this.#retries,
      settings: this.prepared.retry,
      isThrottled: throttle.isThrottled,
      isClosing: lifetime.isClosing,
      remainingMs: this.scope.remainingMs(),
      random: Math.random(),
    };
  }

  /** @returns false if JSON cannot represent the message, for instance an Any whose type is not in the registry */
  #encodeAsJson(): boolean {
    try {
      this.#encoded = inJson(this.prepared, this.#encoded, this.context.settings);
      this.#sent = this.#encoded;
      return true;
    } catch {
      return false;
    }
  }

  /** The values for another attempt after a 401; undefined if none of them changed. */
  async #renewedValues(failure: AttemptFailure): Promise<ResolvedValues | undefined> {
    this.#hasRenewed = true;
    const used = this.#sentValues.current;
    const renewable = this.#sentValues.renewable();
    for (const each of renewable) each.onRejected?.(used.get(each) as string);
    const fresh = await this.#resolveValues();
    if (this.scope.end !== undefined) throw this.progress.ended(this.scope.end, failure);
    // If no value changed, the server's 401 is more useful to the caller than the error of the renewal.
    if ("init" in fresh || renewable.every((each) => fresh.get(each) === used.get(each))) return undefined;
    return fresh;
  }

  /** @throws the error that ends the call, if the call has to end during the wait */
  async #waitFor(ms: number, failure: AttemptFailure, response: HttpResponse | undefined): Promise<void> {
    this.#retries++;
    const { onRetry } = this.prepared.retry;
    observe(onRetry && (() => onRetry({ ...this.progress.beforeWait(ms), attempt: this.progress.attempts })));
    const startedAt = performance.now();
    const { lifetime } = this.context;
    const ended = await this.scope.pause(ms, (wake) => lifetime.onClosing(wake));
    if (ended === "woken") throw this.#errorOf(failure, response);
    if (ended !== undefined) throw this.progress.ended(ended, failure);
    this.progress.waited(performance.now() - startedAt);
  }

  #resolveValues(): Promise<ResolvedValues | AttemptFailure> {
    const { own: headers } = this.#encoded.headers;
    const { own: parameters } = this.prepared.query;
    const dynamic = this.context.dynamicValues.filter(
      ({ place, name }) => !(place === "header" ? headers : parameters).has(name),
    );
    return resolveValuesWithin(this.scope, dynamic);
  }

  get #isIdempotent(): boolean {
    return this.prepared.plan.isIdempotent || this.request.idempotencyKey !== undefined;
  }

  protected redactor(): Redactor {
    return this.#sentValues.redactor(this.context.redactor, this.#encoded.headers, this.prepared.query);
  }

  #errorOf(failure: AttemptFailure, response: HttpResponse | undefined): RpcError {
    if (response !== undefined) notifyOfResponse(this.request.onResponse, response);
    return this.progress.error(failure);
  }

  #eventOf({ verb }: HttpRequest): AttemptEvent {
    const { plan, binding } = this.prepared;
    const {
      body,
      plan: { request, response },
    } = this.#encoded;
    return {
      method: plan.name,
      ...this.context.server,
      attempt: this.progress.attempts + 1,
      verb,
      route: binding.template.text,
      requestEncoding: binding.requestIsRaw ? "raw" : request,
      responseEncoding: binding.responseIsRaw ? "raw" : response,
      requestBytes: body?.length ?? 0,
    };
  }

  /** @param responseBytes the length of the response body; undefined if it is incomplete */
  protected reportAttempt(responseBytes: number | undefined, failure: AttemptFailure | undefined): void {
    const event = this.#event;
    if (event === undefined) return;
    const record = this.progress.last;
    const facts = { method: event.method, attempts: 1, history: [record] };
    const error = failure && errorOf(failure, { ...facts, outcome: failure.init.outcome });
    attemptEnded(event, record, responseBytes, error);
  }
}
