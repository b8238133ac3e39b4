/**
 * Test servers, with a socket and in memory, for ByteNite's jobs and for any service.
 *
 * @module bytenite-jobs/testing
 */

import "../supported-node.ts";

export { Code } from "../errors/code.ts";
export type { HttpHeaders } from "../errors/http-headers.ts";
export type { HttpBindingJson, HttpRuleJson } from "../transcoding/http-rule-json.ts";
export type {
  ContentTypeFault,
  DelayFault,
  Fault,
  FaultScope,
  GarbageFault,
  HangFault,
  HtmlFault,
  JsonOnlyFault,
  MayExecute,
  MemoryFault,
  MessageFault,
  NotConnectedFault,
  OversizeFault,
  ResetFault,
  ResetHow,
  StatusFault,
  StreamFault,
  TruncateFault,
} from "./faults/faults.ts";
export type { RefusalFault } from "./faults/refusal-fault.ts";
export type { ErrorFormat } from "./gateway/error-format.ts";
export type { GatewayOptions } from "./gateway/gateway-options.ts";
export type {
  BiDiStreamingHandler,
  ClientStreamingHandler,
  DynamicHandler,
  Handler,
  HandlerContext,
  MessageStream,
  ServerStreamingHandler,
  ServiceImplementation,
} from "./gateway/service-implementation.ts";
export { StatusError, type StatusErrorOptions } from "./gateway/status-error.ts";
export type { StreamFormat } from "./gateway/stream-format.ts";
export type { Execution } from "./jobs/job-handlers.ts";
export type { Job, JobState } from "./jobs/job-store.ts";
export { type JobsServer, type JobsServerOptions, startJobsServer } from "./jobs/jobs-server.ts";
export type { JobsControls, JobsOptions, JobsRpc } from "./jobs/jobs-service.ts";
export type { MemoryServer } from "./memory/memory-handle.ts";
export {
  createMemoryJobsServer,
  type MemoryJobsServer,
  type MemoryJobsServerOptions,
} from "./memory/memory-jobs-server.ts";
export type { MemoryServerOptions } from "./memory/memory-options.ts";
export { createMemoryServer } from "./memory/memory-server.ts";
export {
  createMemoryTransport,
  type MemoryTransport,
  type MemoryTransportOptions,
} from "./memory/memory-transport.ts";
export type { RawHeaders } from "./server/raw-headers.ts";
export type { RecordedRequest } from "./server/request-log.ts";
export { startServer } from "./server/server.ts";
export type { ServerHandle, TestServer } from "./server/server-handle.ts";
export type { ServerOptions } from "./server/server-options.ts";
