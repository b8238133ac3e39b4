// Reports calls as OpenTelemetry spans and metrics, by the semantic conventions for RPC
// (opentelemetry.io/docs/specs/semconv/rpc, v1.45). Copy this file; it needs @opentelemetry/api and the service's SDK.
import { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import {
  type Attributes,
  context,
  metrics,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { type AttemptEvent, type CallEvent, Code, codeName, type Interceptor } from "bytenite-jobs";

const calls = tracingChannel("bytenite-jobs:call");
const attempts = tracingChannel("bytenite-jobs:attempt");

/**
 * The span of the current call, until {@link activate} makes it the active one. OpenTelemetry has no public API to bind its
 * context to a channel (opentelemetry-js issue 6088).
 */
const currentCall = new AsyncLocalStorage<Span | undefined>();

/**
 * Starts to report calls as spans and metrics. @returns a function that stops it; calls in flight are still measured and end
 * their spans
 */
export function instrument(): () => void {
  const tracer = trace.getTracer("bytenite-jobs");
  const duration = metrics.getMeter("bytenite-jobs").createHistogram("rpc.client.call.duration", {
    unit: "s",
    advice: {
      explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    },
  });
  /** The spans of calls and attempts in flight. */
  const spans = new Map<CallEvent | AttemptEvent, Span>();
  let isStopped = false;

  const startCall = (message: unknown) => {
    const event = message as CallEvent;
    const span = tracer.startSpan(event.method, { kind: SpanKind.CLIENT, attributes: attributesOf(event) });
    spans.set(event, span);
    return span;
  };
  const startAttempt = (message: unknown) => {
    const event = message as AttemptEvent;
    const attributes = {
      "http.request.method": event.verb,
      "url.template": event.route,
      "http.request.body.size": event.requestBytes,
      "http.request.resend_count": event.attempt - 1,
      "server.address": event.serverAddress,
      "server.port": event.serverPort,
    };
    spans.set(event, tracer.startSpan(event.verb, { kind: SpanKind.INTERNAL, attributes }, withinCall()));
  };
  const endCall = (message: unknown) => {
    const event = message as CallEvent;
    const result = resultOf(event);
    if (!end(event, { ...result, "bytenite_jobs.attempts": event.attempts })) return;
    duration.record((event.durationMs ?? 0) / 1_000, { ...attributesOf(event), ...result });
  };
  const endAttempt = (message: unknown) => {
    const event = message as AttemptEvent;
    const { status, responseBytes } = event;
    const response = { "http.response.status_code": status, "http.response.body.size": responseBytes };
    end(event, { ...resultOf(event), ...response });
  };
  /** @returns whether the event has a span */
  const end = (event: CallEvent | AttemptEvent, attributes: Attributes): boolean => {
    const span = spans.get(event);
    endSpan(span, attributes, event);
    const hasSpan = spans.delete(event);
    unsubscribeIfDone();
    return hasSpan;
  };
  const unsubscribeIfDone = () => {
    if (!isStopped || spans.size > 0) return;
    calls.asyncEnd.unsubscribe(endCall);
    attempts.asyncEnd.unsubscribe(endAttempt);
  };

  calls.start.bindStore(currentCall, startCall);
  calls.asyncEnd.subscribe(endCall);
  attempts.start.subscribe(startAttempt);
  attempts.asyncEnd.subscribe(endAttempt);
  return () => {
    calls.start.unbindStore(currentCall);
    attempts.start.unsubscribe(startAttempt);
    isStopped = true;
    unsubscribeIfDone();
  };
}

/**
 * Makes the call's span the active one, so that it is the parent of spans from later interceptors and from an instrumentation
 * of undici. Use it as the first interceptor.
 */
export const activate: Interceptor = (next) => (request) => {
  const active = withinCall();
  return currentCall.run(undefined, () => context.with(active, next, undefined, request));
};

/** Does the same as {@link activate}, and sends the trace context (`traceparent`). It needs {@link instrument}. */
export const propagate: Interceptor = (next) => {
  const activeNext = activate(next);
  return (request) => {
    const headers: Record<string, string> = {};
    propagation.inject(withinCall(), headers);
    return activeNext({ ...request, headers: { ...headers, ...request.headers } });
  };
};

function withinCall() {
  const span = currentCall.getStore();
  return span === undefined ? context.active() : trace.setSpan(context.active(), span);
}

function attributesOf({ method, serverAddress, serverPort }: CallEvent): Attributes {
  return {
    // The conventions have no name for this system; its routes are those of a grpc-gateway.
    "rpc.system.name": "grpc-gateway",
    "rpc.method": method,
    "server.address": serverAddress,
    "server.port": serverPort,
  };
}

/** The code as in gRPC (`DEADLINE_EXCEEDED`), and the outcome of a failure. */
function resultOf({ code = Code.Unknown, outcome }: CallEvent | AttemptEvent): Attributes {
  const status = codeName(code)
    .replace(/(?<=[a-z])(?=[A-Z])/g, "_")
    .toUpperCase();
  if (code === Code.OK) return { "rpc.response.status_code": status };
  return { "rpc.response.status_code": status, "error.type": status, "bytenite_jobs.outcome": outcome };
}

function endSpan(span: Span | undefined, attributes: Attributes, event: CallEvent | AttemptEvent): void {
  span?.setAttributes(attributes);
  if ("error" in event) {
    const { error } = event;
    const message = error instanceof Error ? error.message : String(error);
    span?.setStatus({ code: SpanStatusCode.ERROR, message });
  }
  span?.end();
}
