import { startServer, type TestServer } from "bytenite-jobs/testing";
import type { HttpRuleJson } from "bytenite-jobs/transport";
import { TraceService } from "../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";

/** Where OTLP/HTTP has its services: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request */
export const otlpRules: readonly HttpRuleJson[] = [
  { selector: "opentelemetry.proto.collector.trace.v1.TraceService.Export", post: "/v1/traces", body: "*" },
  {
    selector: "opentelemetry.proto.collector.metrics.v1.MetricsService.Export",
    post: "/v1/metrics",
    body: "*",
  },
  { selector: "opentelemetry.proto.collector.logs.v1.LogsService.Export", post: "/v1/logs", body: "*" },
];

/** Starts a stand-in for a Collector, which takes all spans that have both ids. */
export function startCollector(): Promise<TestServer> {
  return startServer(
    TraceService,
    {
      export: ({ resourceSpans }) => {
        const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
        const rejected = spans.filter(({ traceId, spanId }) => traceId.length !== 16 || spanId.length !== 8);
        return { partialSuccess: { rejectedSpans: BigInt(rejected.length) } };
      },
    },
    { httpRules: otlpRules },
  );
}
