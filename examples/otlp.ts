// Sends two spans to an OpenTelemetry Collector, in binary. `npm run example:otlp` runs it with a stand-in for the Collector;
// with OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 it sends them to yours.
import { randomBytes } from "node:crypto";
import { createClient, createRestTransport } from "bytenite-jobs/transport";
import {
  Span_SpanKind as SpanKind,
  TraceService,
} from "./gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import { otlpRules, startCollector } from "./support/otlp-collector.ts";

const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
await using standIn = endpoint === undefined ? await startCollector() : undefined;

// OTLP's .proto files have no routes, so the transport gets them: { selector, post: "/v1/traces", body: "*" }.
await using transport = createRestTransport({
  baseUrl: endpoint ?? standIn?.baseUrl ?? "",
  httpRules: otlpRules,
  compressRequests: "gzip",
});
const traces = createClient(TraceService, transport);

const attribute = (key: string, text: string) => ({
  key,
  value: { value: { case: "stringValue" as const, value: text } },
});
const traceId = randomBytes(16);
const now = BigInt(Date.now()) * 1_000_000n;
const server = {
  traceId,
  spanId: randomBytes(8),
  name: "POST /checkout",
  kind: SpanKind.SERVER,
  startTimeUnixNano: now - 80_000_000n,
  endTimeUnixNano: now,
};
const client = {
  traceId,
  spanId: randomBytes(8),
  parentSpanId: server.spanId,
  name: "run",
  kind: SpanKind.CLIENT,
  startTimeUnixNano: now - 50_000_000n,
  endTimeUnixNano: now - 10_000_000n,
  attributes: [attribute("job.id", "job-1")],
};
const { partialSuccess } = await traces.export(
  {
    resourceSpans: [
      {
        resource: { attributes: [attribute("service.name", "example")] },
        scopeSpans: [{ spans: [server, client] }],
      },
    ],
  },
  // OTLP asks its clients to send a batch again after 429, 502, 503 and 504. With a key, this client does.
  { idempotencyKey: traceId.toString("hex") },
);

const rejected = partialSuccess?.rejectedSpans ?? 0n;
console.log(`trace ${traceId.toString("hex")}: 2 spans sent, ${rejected} rejected`);
if (rejected > 0n) {
  console.error(partialSuccess?.errorMessage);
  process.exitCode = 1;
}
