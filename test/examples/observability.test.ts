import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { activate, instrument, propagate } from "../../examples/observability/open-telemetry.ts";
import { logCalls } from "../../examples/observability/pino-logs.ts";
import type { Interceptor } from "../../src/index.ts";
import { startJobsServer } from "../../src/testing/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { deferred } from "../support/deferred.ts";
import { ok, type Scripted, scriptedServer } from "../support/scripted-server.ts";

const channels = ["call", "attempt"].map((name) => tracingChannel(`bytenite-jobs:${name}`));
const rpc = "bytenite.customer.Customer/RunJob";
const busy: Scripted = { status: 429, headers: { "retry-after": "0" } };

describe("the OpenTelemetry recipe", () => {
  const spanExporter = new InMemorySpanExporter();
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
    exportTimeoutMillis: 1_000,
  });
  const tracers = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter })],
  });
  const meters = new MeterProvider({ readers: [reader] });

  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    trace.setGlobalTracerProvider(tracers);
    metrics.setGlobalMeterProvider(meters);
  });

  afterEach(() => spanExporter.reset());

  afterAll(async () => {
    await tracers.shutdown();
    await meters.shutdown();
    for (const api of [context, propagation, trace, metrics]) api.disable();
  });

  const instrumented = () => onTestFinished(instrument());

  test("makes a client span for a call, with a child span for each attempt, within the caller's span", async () => {
    instrumented();
    const server = await scriptedServer(ok, busy, ok);
    const client = jobsClient(server.baseUrl, { interceptors: [propagate] });
    await client.run("job-1");
    spanExporter.reset();
    const tracer = trace.getTracer("test");
    await tracer.startActiveSpan("the caller", async (span) => {
      await client.run("job-2");
      span.end();
    });
    const spans = spanExporter.getFinishedSpans();
    expect(spans.map(({ name }) => name)).toEqual(["POST", "POST", rpc, "the caller"]);
    const [first, second, call, caller] = spans;
    expect(call?.parentSpanContext?.spanId).toBe(caller?.spanContext().spanId);
    for (const attempt of [first, second]) {
      expect(attempt?.parentSpanContext?.spanId).toBe(call?.spanContext().spanId);
    }
    const place = { "server.address": "127.0.0.1", "server.port": Number(new URL(server.origin).port) };
    expect(call).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } });
    expect(call?.attributes).toEqual({
      ...place,
      "rpc.system.name": "grpc-gateway",
      "rpc.method": rpc,
      "rpc.response.status_code": "OK",
      "bytenite_jobs.attempts": 2,
    });
    expect(first?.status.code).toBe(SpanStatusCode.ERROR);
    expect(first?.attributes).toEqual({
      ...place,
      "http.request.method": "POST",
      "url.template": "/jobs/{job_id}/run",
      "http.request.body.size": 0,
      "http.request.resend_count": 0,
      "http.response.status_code": 429,
      "http.response.body.size": 0,
      "rpc.response.status_code": "RESOURCE_EXHAUSTED",
      "error.type": "RESOURCE_EXHAUSTED",
      "bytenite_jobs.outcome": "rejected",
    });
    expect(second?.attributes).toMatchObject({
      "http.request.resend_count": 1,
      "http.response.status_code": 200,
    });
    const { traceId, spanId } = call?.spanContext() ?? {};
    expect(server.seen.at(-1)?.headers.traceparent).toBe(`00-${traceId}-${spanId}-01`);
  });

  test("marks a failed call with the gRPC code and the outcome", async () => {
    instrumented();
    const server = await scriptedServer("reset");
    await caught(jobsClient(server.baseUrl).run("job-1"));
    const call = spanExporter.getFinishedSpans().find(({ name }) => name === rpc);
    expect(call?.status.code).toBe(SpanStatusCode.ERROR);
    expect(call?.attributes).toMatchObject({
      "rpc.response.status_code": "UNAVAILABLE",
      "error.type": "UNAVAILABLE",
      "bytenite_jobs.outcome": "unknown",
    });
  });

  test("measures the duration of calls in seconds, by rpc and code", async () => {
    instrumented();
    await meters.forceFlush();
    metricExporter.reset();
    const server = await scriptedServer(ok, { status: 404 }, ok);
    const client = jobsClient(server.baseUrl);
    const startedAt = performance.now();
    await client.run("job-1");
    await caught(client.run("job-2"));
    await client.run("job-3");
    await meters.forceFlush();
    const [metric] = metricExporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((s) => s.metrics));
    expect(metric?.descriptor).toMatchObject({ name: "rpc.client.call.duration", unit: "s" });
    const points = metric?.dataPoints.map(({ attributes, value }) => [
      attributes["rpc.response.status_code"],
      attributes["error.type"],
      (value as { count: number }).count,
    ]);
    expect(points).toEqual([
      ["OK", undefined, 2],
      ["NOT_FOUND", "NOT_FOUND", 1],
    ]);
    // In milliseconds it would be longer than the test.
    const passed = (performance.now() - startedAt) / 1_000;
    for (const { value } of metric?.dataPoints ?? []) {
      expect((value as { sum: number }).sum).toBeGreaterThan(0);
      expect((value as { sum: number }).sum).toBeLessThanOrEqual(passed);
    }
  });

  test("makes the call's span the active one, for interceptors and an instrumentation of undici", async () => {
    instrumented();
    const tracer = trace.getTracer("test");
    const onRequest = () => tracer.startSpan("undici's").end();
    subscribe("undici:request:create", onRequest);
    onTestFinished(() => void unsubscribe("undici:request:create", onRequest));
    const within: Interceptor = (next) => (request) =>
      tracer.startActiveSpan("an interceptor's", (span) => next(request).finally(() => span.end()));
    for (const first of [activate, propagate]) {
      const server = await scriptedServer(busy, ok);
      await jobsClient(server.baseUrl, { interceptors: [first, within] }).run("job-1");
      const spans = spanExporter.getFinishedSpans();
      spanExporter.reset();
      const nameOf = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
      const parents = spans.map(({ name, parentSpanContext: parent }) => [
        name,
        nameOf.get(parent?.spanId ?? ""),
      ]);
      expect(parents).toEqual([
        ["undici's", "an interceptor's"],
        ["POST", "an interceptor's"],
        ["undici's", "an interceptor's"],
        ["POST", "an interceptor's"],
        ["an interceptor's", rpc],
        [rpc, undefined],
      ]);
      expect(server.seen.map(({ headers }) => "traceparent" in headers)).toEqual(
        Array(2).fill(first === propagate),
      );
    }
  });

  test("marks a call that fails with undefined", async () => {
    instrumented();
    const server = await scriptedServer(ok);
    const client = jobsClient(server.baseUrl, { interceptors: [() => () => Promise.reject()] });
    await expect(client.run("job-1")).rejects.toBeUndefined();
    const [call] = spanExporter.getFinishedSpans();
    expect(call?.status).toEqual({ code: SpanStatusCode.ERROR, message: "undefined" });
    expect(call?.attributes).toMatchObject({ "error.type": "UNKNOWN", "bytenite_jobs.outcome": "unknown" });
    // The number of requests is not known here.
    expect(call?.attributes).not.toHaveProperty(["bytenite_jobs.attempts"]);
  });

  test("ends the spans of calls in flight when it is stopped, and begins no new one", async () => {
    const stop = instrument();
    const server = await startJobsServer({ jobs: ["job-1"] });
    onTestFinished(() => server.close());
    const { promise: until, resolve: goOn } = deferred();
    server.fault({ kind: "delay", until });
    const { baseUrl, accessToken } = server;
    const client = jobsClient(baseUrl, { accessToken });
    const first = client.abort("job-1");
    await server.received(1);
    stop();
    await client.run("job-1");
    expect(spanExporter.getFinishedSpans()).toEqual([]);
    expect(channels.map((each) => each.hasSubscribers)).toEqual([true, true]);
    goOn();
    await first;
    const names = spanExporter.getFinishedSpans().map(({ name }) => name);
    expect(names).toEqual(["POST", "bytenite.customer.Customer/AbortJob"]);
    expect(channels.map((each) => each.hasSubscribers)).toEqual([false, false]);
  });

  test("has no subscribers after it is stopped", async () => {
    instrument()();
    const server = await scriptedServer(ok);
    await jobsClient(server.baseUrl).run("job-1");
    expect(spanExporter.getFinishedSpans()).toEqual([]);
  });
});

test("the pino recipe logs a line for each call, with a level by its outcome, and one for each failed attempt", async () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: "debug", base: null }, { write: (line) => void lines.push(JSON.parse(line)) });
  onTestFinished(logCalls(logger));
  const server = await scriptedServer(busy, ok, { status: 404, body: "no such job" }, "reset");
  const client = jobsClient(server.baseUrl, { accessToken: "a-secret-token" });
  await client.run("job-1");
  await caught(client.run("job-2"));
  await caught(client.run("job-3"));
  const { levels } = pino;
  expect(
    lines.map(({ level, msg, code, attempts }) => [levels.labels[Number(level)], msg, code, attempts]),
  ).toEqual([
    ["debug", expect.stringContaining("no reason"), "ResourceExhausted", undefined],
    ["info", "call", "OK", 2],
    ["debug", expect.stringContaining("no such job"), "NotFound", undefined],
    ["warn", "call failed, outcome rejected", "NotFound", 1],
    ["debug", expect.stringContaining("connection was lost"), "Unavailable", undefined],
    ["error", "call failed, outcome unknown", "Unavailable", 1],
  ]);
  expect(lines.at(-1)?.err).toMatchObject({ type: "RpcError", message: expect.stringContaining(rpc) });
  const throwing = jobsClient(server.baseUrl, { interceptors: [() => () => Promise.reject()] });
  await expect(throwing.run("job-4")).rejects.toBeUndefined();
  expect(lines.at(-1)).toMatchObject({ level: levels.values.error, msg: "call failed, outcome unknown" });
  expect(JSON.stringify(lines)).not.toContain("a-secret-token");
});

test("the pino recipe does not log the headers and the body of a failed response", async () => {
  const lines: string[] = [];
  onTestFinished(logCalls(pino({ level: "debug" }, { write: (line) => void lines.push(line) })));
  const headers = { "set-cookie": "sid=a-session" };
  const statusJson = { code: "5", message: "no such job" };
  const server = await scriptedServer(
    { status: 500, headers, body: "x".repeat(1_000_000) },
    {
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ ok: false, error: statusJson }),
    },
  );
  const client = jobsClient(server.baseUrl, { retry: false });
  const error = await caught(client.run("job-1"));
  expect(error.headers).toMatchObject(headers);
  expect(error.body?.length).toBeGreaterThan(0);
  await caught(client.run("job-2"));
  expect(lines.map((line) => line.length > 10_000 || line.includes("a-session"))).toEqual([
    false,
    false,
    false,
  ]);
  const errors = lines.map((line) => JSON.parse(line).err).filter((err) => err !== undefined);
  expect(errors).toMatchObject([
    { type: "RpcError", outcome: "unknown", status: 500, stack: expect.stringContaining("RpcError") },
    { type: "JobsError", outcome: "rejected", status: 200, reason: statusJson.message },
  ]);
});
