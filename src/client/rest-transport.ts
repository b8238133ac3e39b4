import type {
  DescMessage,
  DescMethod,
  DescMethodStreaming,
  DescMethodUnary,
  MessageInitShape,
} from "@bufbuild/protobuf";
import { messageFromInit } from "../codecs/message-from-init.ts";
import {
  type CallResult,
  callsAreObserved,
  observedCall,
  observedStream,
  type StreamEnd,
  type TrackStream,
} from "../diagnostics/call-event.ts";
import { withCallerStack } from "../errors/caller-stack.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import type { RpcError } from "../errors/rpc-error.ts";
import { Deadlines } from "../policies/deadlines.ts";
import { RetryThrottle } from "../policies/retry-throttle.ts";
import { Redactor } from "../responses/redactor.ts";
import type { ErrorBodyType } from "../responses/status-info.ts";
import type { HttpRules } from "../transcoding/http-rules.ts";
import { isUnary } from "../transcoding/method-kind.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { serverAddress } from "./base-url.ts";
import type { CallContext } from "./call.ts";
import type { CallOptions } from "./call-options.ts";
import { Connections } from "./connections.ts";
import type { DynamicValue } from "./dynamic-values.ts";
import {
  compose,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from "./interceptor.ts";
import { invalidCall } from "./invalid-call.ts";
import { Lifetime } from "./lifetime.ts";
import { type MethodPlan, MethodPlans } from "./method-plan.ts";
import { type OnlyRequest, onlyRequest } from "./only-request.ts";
import { eitherSignal, readByCaller } from "./read-by-caller.ts";
import { RejectionMemory } from "./rejection-memory.ts";
import { type RequestIterable, requestMessages } from "./request-messages.ts";
import { transportQuery } from "./request-query.ts";
import {
  type RestTransportOptions,
  type TransportSettings,
  transportSettings,
} from "./rest-transport-options.ts";
import { streamingCall } from "./streaming-call.ts";
import type { Transport } from "./transport.ts";
import { transportHeaders } from "./transport-headers.ts";
import { transportRules } from "./transport-rules.ts";
import { unaryCall } from "./unary-call.ts";
import { checkOptionNames } from "./validate-call-options.ts";

/** What the client of a particular service adds to a transport. */
export interface ServiceTraits {
  readonly credential: DynamicValue;
  readonly errorBody: ErrorBodyType;
}

/**
 * A transport that calls any method with a `google.api.http` rule, over HTTP/1.1 or HTTP/2, in binary where the rule allows
 * it and in JSON otherwise. Streams are JSON.
 *
 * @throws RpcError `InvalidArgument` that names the option, if one cannot be used
 */
export function createRestTransport(options: RestTransportOptions): Transport {
  const settings = transportSettings(options);
  return createTransport(settings, new Connections(settings), undefined);
}

/** A transport for the clients of this package: they decide last what a response means. */
export interface Engine extends Transport {
  readonly [transportRules]: HttpRules;

  /**
   * Calls a unary method, as {@link Transport.unary} does.
   *
   * @param toResult converts the response to the value of the call; if it throws, the call rejects with that error
   */
  call<I extends DescMessage, O extends DescMessage, T>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    options: CallOptions | undefined,
    toResult: (response: UnaryResponse<O>) => T,
  ): Promise<T>;

  /**
   * For a client that has interceptors of its own. Whatever `begin` does counts as one call, in diagnostics and for
   * {@link Transport.close}. It makes its calls with the function that it is given.
   *
   * @param rpcErrorOf the RpcError behind an error of that client, for diagnostics
   */
  asOneCall<T>(
    method: DescMethodUnary,
    begin: (innerCall: InnerCall) => Promise<T>,
    rpcErrorOf: (error: unknown) => RpcError | undefined,
  ): Promise<T>;

  /** {@link asOneCall} for a streaming method. The call ends with its streams. */
  asOneStream<T>(
    method: DescMethodStreaming,
    begin: (innerStream: InnerStream) => Promise<T>,
    rpcErrorOf: (error: unknown) => RpcError | undefined,
  ): Promise<T>;

  /** {@link onlyRequest}, ended by {@link Transport.close}. */
  onlyRequest(request: StreamRequest): Promise<OnlyRequest>;

  /** @throws RpcError `Unimplemented`, if the method has no usable http rule */
  planOf(method: DescMethod): MethodPlan;
}

/** Makes a call that is part of another one. */
export type InnerCall = Transport["unary"];

/**
 * Begins a stream that is part of another call.
 *
 * @param onEnd is called when the stream is over, with its error
 */
export type InnerStream = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodStreaming<I, O>,
  input: RequestIterable<I>,
  options: CallOptions,
  onEnd: (error: unknown) => void,
) => Promise<StreamResponse<O>>;

/** {@link createRestTransport} for the client of a particular service. */
export function createTransport(
  settings: TransportSettings,
  connections: Connections,
  traits: ServiceTraits | undefined,
): Engine {
  const { credential, errorBody } = traits ?? {};
  const { dynamic, fixed, secrets } = transportHeaders(settings, credential);
  const query = transportQuery(settings);
  const plans = new MethodPlans(settings, fixed);
  const lifetime = new Lifetime(() => connections.close());
  const server = serverAddress(settings.baseUrl);
  const context: CallContext = {
    settings,
    dispatcher: connections.to(settings.baseUrl.origin),
    query: query.fixed,
    dynamicValues: [...dynamic, ...query.dynamic],
    errorBody,
    throttle: new RetryThrottle(),
    deadlines: new Deadlines(),
    jsonOnly: new RejectionMemory(),
    compression: new RejectionMemory(),
    lifetime,
    redactor: new Redactor([...secrets, ...query.fixed.secrets]),
    server,
    planOf: (method) => plans.of(method),
  };
  const { interceptors } = settings;
  // Without interceptors the call itself says when it is over: each promise less is a fraction of its cost.
  const intercepted =
    interceptors.length === 0
      ? undefined
      : compose(interceptors, (request) =>
          request.stream === true
            ? beginStream(request, (request as ObservedRequest)[onInnerEnd])
            : unaryCall(context, request, itself, ignore),
        );
  const leave = () => lifetime.leave();
  /** @throws RpcError if the call is invalid */
  const beginCall: Engine["call"] = (method, input, options, toResult) => {
    lifetime.throwIfClosed(method);
    const request = unaryRequest(method, input, options);
    const toAnyResult = toResult as (response: UnaryResponse) => never;
    if (intercepted !== undefined) {
      return counted(lifetime, async () => toAnyResult((await intercepted(request)) as UnaryResponse));
    }
    lifetime.enter();
    return unaryCall(context, request, toAnyResult, leave);
  };
  const beginObservedCall: Engine["call"] = (method, input, options, toResult) =>
    observedCall(rpcName(method), server, async (onResponse) =>
      beginCall(method, input, options, (response) => {
        onResponse(response);
        return toResult(response);
      }),
    );
  const call: Engine["call"] = async function call(method, input, options, toResult) {
    const begin = callsAreObserved() ? beginObservedCall : beginCall;
    try {
      return await begin(method, input, options, toResult);
    } catch (error) {
      throw withCallerStack(error, call);
    }
  };
  const beginStream = (request: StreamRequest, onEnd: OnStreamEnd = ignore) => {
    lifetime.enter();
    return streamingCall(context, request, (end) => {
      lifetime.leave();
      onEnd(end);
    });
  };
  const openStream = async (request: StreamRequest, onEnd?: OnStreamEnd) => {
    if (intercepted === undefined) return beginStream(request, onEnd);
    const leaving = new AbortController();
    let last: StreamEnd | undefined;
    const observed: ObservedRequest = {
      ...request,
      signal: eitherSignal(request.signal, leaving.signal),
      [onInnerEnd]: (end) => (last = end ?? last),
    };
    const response = (await counted(lifetime, () => intercepted(observed))) as StreamResponse;
    return readByCaller(response, leaving, (read) => {
      const { status, attempts, history } = response;
      onEnd?.({ requestMessages: 0, status, attempts, history, ...last, ...read });
    });
  };
  const stream: Engine["stream"] = async function stream(method, input, options) {
    try {
      lifetime.throwIfClosed(method);
      const request = streamRequest(method, input, options);
      const response = callsAreObserved()
        ? observedStream(rpcName(method), server, (track) => openStream(request, track()))
        : openStream(request);
      return (await response) as StreamResponse<never>;
    } catch (error) {
      throw withCallerStack(error, stream);
    }
  };
  const asOneCall: Engine["asOneCall"] = (method, begin, rpcErrorOf) => {
    const within = async (onResponse: (response: CallResult) => void) => {
      lifetime.throwIfClosed(method);
      const innerCall: InnerCall = async (method, input, options) => {
        const response = await unaryCall(context, unaryRequest(method, input, options), itself, ignore);
        onResponse(response);
        return response as UnaryResponse<never>;
      };
      return counted(lifetime, () => begin(innerCall));
    };
    return callsAreObserved() ? observedCall(rpcName(method), server, within, rpcErrorOf) : within(ignore);
  };
  const asOneStream: Engine["asOneStream"] = (method, begin, rpcErrorOf) => {
    const within = async (track?: TrackStream) => {
      lifetime.throwIfClosed(method);
      const innerStream: InnerStream = async (method, input, options, onEnd) => {
        const request = streamRequest(method, input, options);
        const untrack = track?.();
        const response = beginStream(request, (end) => {
          onEnd(end?.error);
          untrack?.(end);
        });
        return response as Promise<StreamResponse<never>>;
      };
      return counted(lifetime, () => begin(innerStream));
    };
    return callsAreObserved() ? observedStream(rpcName(method), server, within, rpcErrorOf) : within();
  };
  const close = () => lifetime.close();
  return {
    call,
    asOneCall,
    asOneStream,
    onlyRequest: (request) => onlyRequest(request, lifetime),
    planOf: context.planOf,
    unary: (method, input, options) => call(method, input, options, itself),
    stream,
    close,
    [Symbol.asyncDispose]: close,
    [transportRules]: settings.httpRules,
  };
}

type OnStreamEnd = ReturnType<TrackStream>;

/** Is called when a call that an interceptor has begun is over. An interceptor that copies the request copies this too. */
const onInnerEnd = Symbol("on inner end");

type ObservedRequest = StreamRequest & { readonly [onInnerEnd]?: OnStreamEnd };

function itself<T>(value: T): T {
  return value;
}

function ignore(): void {}

/** Counts what `begin` does among the calls in flight. */
async function counted<T>(lifetime: Lifetime, begin: () => Promise<T>): Promise<T> {
  lifetime.enter();
  try {
    return await begin();
  } finally {
    lifetime.leave();
  }
}

function streamRequest(
  method: DescMethodStreaming,
  input: RequestIterable<DescMessage>,
  options: CallOptions | undefined,
): StreamRequest {
  try {
    const message = requestMessages(method, input);
    checkOptionNames(options ?? {});
    return { ...options, stream: true, method, message };
  } catch (error) {
    throw invalidCall(error, rpcName(method));
  }
}

function unaryRequest(
  method: DescMethodUnary,
  input: MessageInitShape<DescMessage>,
  options: CallOptions | undefined,
): UnaryRequest {
  try {
    if (!isUnary(method as DescMethod))
      throw invalidArgument("it is a streaming method, which stream() calls");
    const message = messageFromInit(method.input, input);
    if (options === undefined) return { method, message };
    checkOptionNames(options);
    return { ...options, method, message };
  } catch (error) {
    throw invalidCall(error, rpcName(method));
  }
}
