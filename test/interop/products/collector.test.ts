// The OTLP receiver of the OpenTelemetry Collector: binary, with rules that its .proto files do not have.
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Pool } from "undici";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.js";
import { Code, type HttpRuleJson, type RestTransportOptions } from "../../../src/transport.ts";
import { caught } from "../../support/caught.ts";
import { type Product, startProduct } from "../support/product.ts";

const httpRules: readonly HttpRuleJson[] = (["trace", "metrics", "logs"] as const).map((signal) => ({
  selector: `opentelemetry.proto.collector.${signal}.v1.*`,
  post: `/v1/${signal === "trace" ? "traces" : signal}`,
  body: "*",
}));

let collector: Product<{ readonly origin: string; readonly controlUrl: string }>;
beforeAll(async () => {
  collector = await startProduct("collector");
});
afterAll(() => collector[Symbol.asyncDispose]());
beforeEach(async () => {
  await fetch(`${collector.ready.controlUrl}/clear`, { method: "POST" });
});

/** What reached the consumers, in the Collector's JSON. */
const received = async () => (await fetch(`${collector.ready.controlUrl}/received`)).json();

const client = (service: string, options?: Partial<RestTransportOptions>) =>
  collector.client<"export">(`opentelemetry.proto.collector.${service}`, { httpRules, ...options });
const traces = (options?: Partial<RestTransportOptions>) => client("trace.v1.TraceService", options);

const attribute = (key: string, text: string) => ({
  key,
  value: { value: { case: "stringValue", value: text } },
});
const resource = { attributes: [attribute("service.name", "checkout")] };
const traceId = Uint8Array.from({ length: 16 }, (_, i) => i);
const spanId = new Uint8Array([0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8]);
const span = { traceId, spanId, name: "GET /cart", startTimeUnixNano: 1_790_000_000_000_000_001n };
const spansOf = (spans: readonly object[]) => ({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });

/** Spans for which the consumer fails: with a google.rpc.Status, or with any other text. */
const failing = (error: string, failures?: bigint) => {
  const attributes = [attribute("consumer.error", error)];
  const limit = { key: "consumer.failures", value: { value: { case: "intValue", value: failures } } };
  const all = failures === undefined ? attributes : [...attributes, limit];
  return { resourceSpans: [{ resource: { attributes: all }, scopeSpans: [{ spans: [span] }] }] };
};
const statusText = (code: Code, message: string, delayMs?: number) => {
  const delay = { retryDelay: { nanos: (delayMs ?? 0) * 1e6 } };
  const details = delayMs === undefined ? [] : [anyPack(RetryInfoSchema, create(RetryInfoSchema, delay))];
  const bytes = toBinary(StatusSchema, create(StatusSchema, { code, message, details }));
  return Buffer.from(bytes).toString("base64");
};

describe("in binary", () => {
  test("spans", async () => {
    const response = await traces().export(
      spansOf([{ ...span, kind: 2, attributes: [attribute("http.route", "/cart")], flags: 0x101 }]),
    );
    // The Collector always sends this message, also empty.
    expect(response.partialSuccess).toMatchObject({ rejectedSpans: 0n, errorMessage: "" });
    expect(await received()).toEqual([
      {
        resourceSpans: [
          {
            resource: { attributes: [{ key: "service.name", value: { stringValue: "checkout" } }] },
            scopeSpans: [
              {
                scope: {},
                spans: [
                  {
                    traceId: "000102030405060708090a0b0c0d0e0f",
                    spanId: "fffefdfcfbfaf9f8",
                    flags: 0x101,
                    name: "GET /cart",
                    kind: 2,
                    startTimeUnixNano: "1790000000000000001",
                    attributes: [{ key: "http.route", value: { stringValue: "/cart" } }],
                    status: {},
                  },
                ],
              },
            ],
          },
        ],
      },
    ]);
  });

  test("metrics: a sum and a histogram", async () => {
    const point = { timeUnixNano: 2n ** 63n - 1n };
    const sum = {
      dataPoints: [{ ...point, value: { case: "asInt", value: -(2n ** 63n) } }],
      isMonotonic: true,
    };
    const histogram = {
      dataPoints: [{ ...point, count: 3n, sum: 0.1, bucketCounts: [1n, 2n], explicitBounds: [0.5] }],
      aggregationTemporality: 2,
    };
    const metrics = [
      { name: "orders", unit: "1", data: { case: "sum", value: sum } },
      { name: "latency", data: { case: "histogram", value: histogram } },
    ];
    await client("metrics.v1.MetricsService").export({
      resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }],
    });
    expect(await received()).toMatchObject([
      {
        resourceMetrics: [
          {
            scopeMetrics: [
              {
                metrics: [
                  {
                    name: "orders",
                    unit: "1",
                    sum: {
                      isMonotonic: true,
                      dataPoints: [{ timeUnixNano: "9223372036854775807", asInt: "-9223372036854775808" }],
                    },
                  },
                  {
                    name: "latency",
                    histogram: {
                      aggregationTemporality: 2,
                      dataPoints: [{ count: "3", sum: 0.1, bucketCounts: ["1", "2"], explicitBounds: [0.5] }],
                    },
                  },
                ],
              },
            ],
          },
        ],
      },
    ]);
  });

  test("logs", async () => {
    const values = [attribute("user", "Ada"), attribute("text", "\u00e9\u{1f600}")];
    const body = { value: { case: "kvlistValue", value: { values } } };
    const logRecords = [{ severityNumber: 17, severityText: "ERROR", body, traceId, spanId }];
    await client("logs.v1.LogsService").export({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
    expect(await received()).toMatchObject([
      {
        resourceLogs: [
          {
            scopeLogs: [
              {
                logRecords: [
                  {
                    severityNumber: 17,
                    severityText: "ERROR",
                    traceId: "000102030405060708090a0b0c0d0e0f",
                    body: {
                      kvlistValue: {
                        values: [
                          { key: "user", value: { stringValue: "Ada" } },
                          { key: "text", value: { stringValue: "\u00e9\u{1f600}" } },
                        ],
                      },
                    },
                  },
                ],
              },
            ],
          },
        ],
      },
    ]);
  });

  test("20,000 spans in one request", async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `span ${i}`);
    await traces().export(spansOf(names.map((name) => ({ ...span, name }))));
    const [batch] = (await received()) as [ReturnType<typeof spansOf>];
    expect(batch.resourceSpans[0]?.scopeSpans[0]?.spans.map((each) => (each as typeof span).name)).toEqual(
      names,
    );
  });
});

describe("compressed", () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `span ${i}`);

  /** A client that compresses, and the content codings of its requests. */
  function compressing(options: Partial<RestTransportOptions> = {}) {
    const codings: unknown[] = [];
    const pool = new Pool(collector.ready.origin);
    onTestFinished(() => pool.destroy());
    const dispatcher = pool.compose((dispatch) => (request, handler) => {
      const headers = request.headers as string[];
      codings.push(headers[headers.indexOf("content-encoding") + 1]);
      return dispatch(request, handler);
    });
    return { codings, client: traces({ compressRequests: "gzip", dispatcher, ...options }) };
  }

  test.each(["protobuf", "json"] as const)("20,000 spans in one request in %s", async (encoding) => {
    const { codings, client } = compressing({ encoding });
    await client.export(spansOf(names.map((name) => ({ name }))));
    expect(codings).toEqual(["gzip"]);
    const [batch] = (await received()) as [ReturnType<typeof spansOf>];
    const spans = batch.resourceSpans[0]?.scopeSpans[0]?.spans as readonly { readonly name: string }[];
    expect(spans.map(({ name }) => name)).toEqual(names);
  });

  test("the Collector's limit is for what the bytes decompress to", async () => {
    const { codings, client } = compressing();
    await client.export(spansOf([{ name: "x".repeat(10_000) }]));
    const big = client.export(spansOf([{ name: "x".repeat(21 * 1024 * 1024) }]));
    expect(await caught(big)).toMatchObject({ reason: "http: request body too large", attempts: 1 });
    expect(codings).toEqual(["gzip", "gzip"]);
  });
});

test("in JSON, the Collector refuses ids in base64: OTLP has them in hex", async () => {
  const inJson = traces({ encoding: "json" });
  expect(await caught(inJson.export(spansOf([span])))).toMatchObject({
    code: Code.InvalidArgument,
    status: 400,
    outcome: "rejected",
    reason: expect.stringMatching(/length mismatch/),
  });
  expect(await received()).toEqual([]);
  const spans = [{ name: "without ids", kind: 2 }];
  await inJson.export(spansOf(spans));
  expect(await received()).toMatchObject([{ resourceSpans: [{ scopeSpans: [{ spans }] }] }]);
});

test("a partial success is a response like another", async () => {
  const response = await traces({ baseUrl: collector.ready.controlUrl }).export(spansOf([span]));
  expect(response.partialSuccess).toMatchObject({ rejectedSpans: 1n, errorMessage: "GET /cart is too old" });
});

test("without a rule, a method says that it has none", async () => {
  expect(await caught(traces({ httpRules: [] }).export(spansOf([span])))).toMatchObject({
    code: Code.Unimplemented,
    outcome: "not_sent",
  });
});

test("a body that is too large is refused, in binary", async () => {
  const big = spansOf([{ ...span, name: "x".repeat(21 * 1024 * 1024) }]);
  expect(await caught(traces().export(big))).toMatchObject({
    code: Code.InvalidArgument,
    status: 400,
    outcome: "rejected",
    reason: "http: request body too large",
    attempts: 1,
  });
  expect(await received()).toEqual([]);
});

describe("in gzip", () => {
  /** Options that compress, and a list of the codings and lengths that went over the wire. */
  const gzip = () => {
    const sent: [string | undefined, number][] = [];
    const pool = new Pool(collector.ready.origin);
    onTestFinished(() => pool.destroy());
    const dispatcher = pool.compose((dispatch) => (options, handler) => {
      const headers = options.headers as string[];
      const at = headers.indexOf("content-encoding");
      sent.push([at < 0 ? undefined : headers[at + 1], (options.body as Buffer).length]);
      return dispatch(options, handler);
    });
    return { sent, options: { dispatcher, compressRequests: "gzip" } as const };
  };

  test("traces, metrics and logs", async () => {
    const { sent, options } = gzip();
    const names = Array.from({ length: 1_000 }, (_, i) => `span ${i}`);
    await traces(options).export(spansOf(names.map((name) => ({ ...span, name }))));
    const data = { case: "gauge", value: { dataPoints: [{}] } };
    await client("metrics.v1.MetricsService", options).export({
      resourceMetrics: [{ resource, scopeMetrics: [{ metrics: names.map((name) => ({ name, data })) }] }],
    });
    await client("logs.v1.LogsService", options).export({
      resourceLogs: [
        { resource, scopeLogs: [{ logRecords: names.map((severityText) => ({ severityText })) }] },
      ],
    });
    expect(sent.map(([coding]) => coding)).toEqual(["gzip", "gzip", "gzip"]);
    expect(JSON.stringify(await received()).match(/"span 999"/g)).toHaveLength(3);
  });

  test("a body that is too large only when it is decompressed", async () => {
    const { sent, options } = gzip();
    const compressed = traces(options);
    await compressed.export(spansOf([{ ...span, name: "x".repeat(2_000) }]));
    const big = spansOf([{ ...span, name: "x".repeat(21 * 1024 * 1024) }]);
    expect(await caught(compressed.export(big))).toMatchObject({
      code: Code.InvalidArgument,
      status: 400,
      outcome: "rejected",
      reason: "http: request body too large",
      attempts: 1,
    });
    expect(sent).toEqual([
      ["gzip", expect.any(Number)],
      ["gzip", expect.any(Number)],
    ]);
    expect(sent[1]?.[1]).toBeLessThan(100_000);
    expect(await received()).toHaveLength(1);
  });
});

describe("a consumer that fails", () => {
  // The client may retry what it knows to be idempotent, or what was provably not carried out.
  const retry = { maxAttempts: 3, initialBackoffMs: 1, maxBackoffMs: 1 };

  test("503 with Retry-After", async () => {
    const error = await caught(
      traces({ retry }).export(failing(statusText(Code.Unavailable, "the queue is full", 0))),
    );
    expect(error).toMatchObject({
      code: Code.Unavailable,
      status: 503,
      outcome: "unknown",
      reason: "the queue is full",
      attempts: 1,
      headers: { "retry-after": "0", "content-type": "application/x-protobuf" },
    });
    expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
    expect(await received()).toHaveLength(1);
  });

  test("503 with Retry-After, and then not: with an idempotency key, the client retries", async () => {
    await traces({ retry }).export(failing(statusText(Code.Unavailable, "the queue is full", 1), 2n), {
      idempotencyKey: "batch-1",
    });
    expect(await received()).toHaveLength(3);
  });

  test("429 with Retry-After, and then not: the client retries", async () => {
    await traces({ retry }).export(failing(statusText(Code.ResourceExhausted, "too fast", 1), 1n));
    expect(await received()).toHaveLength(2);
  });

  test("503 without Retry-After, from an error that is no status", async () => {
    const error = await caught(traces({ retry }).export(failing("the disk is full")));
    expect(error).toMatchObject({
      code: Code.Unavailable,
      status: 503,
      outcome: "unknown",
      reason: "the disk is full",
      attempts: 1,
    });
    expect(error.headers).not.toHaveProperty("retry-after");
  });

  test.each([
    [Code.InvalidArgument, 400, "rejected"],
    [Code.PermissionDenied, 403, "rejected"],
    [Code.NotFound, 500, "unknown"],
    [Code.OutOfRange, 503, "unknown"],
  ] as const)("code %i is the HTTP status %i", async (code, status, outcome) => {
    expect(await caught(traces().export(failing(statusText(code, "planned"))))).toMatchObject({
      code,
      status,
      outcome,
      reason: "planned",
    });
  });
});
