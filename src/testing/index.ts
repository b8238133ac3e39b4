/**
 * Servers to test against, over a socket and in memory, for ByteNite's jobs and for any service.
 *
 * @module bytenite-jobs/testing
 */

import "../supported-node.ts";

export { Code } from "../errors/code.ts";
export type { HttpHeaders } from "../errors/http-headers.ts";
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
  TruncateFault,
} from "./faults.ts";
export type { GatewayOptions } from "./gateway-options.ts";
export type { Execution } from "./job-handlers.ts";
export type { Job, JobState } from "./job-store.ts";
export { type JobsServer, type JobsServerOptions, startJobsServer } from "./jobs-server.ts";
export type { JobsControls, JobsOptions, JobsRpc } from "./jobs-service.ts";
export type { MemoryServer } from "./memory-handle.ts";
export {
  createMemoryJobsServer,
  type MemoryJobsServer,
  type MemoryJobsServerOptions,
} from "./memory-jobs-server.ts";
export type { MemoryServerOptions } from "./memory-options.ts";
export { createMemoryServer } from "./memory-server.ts";
export {
  createMemoryTransport,
  type MemoryTransport,
  type MemoryTransportOptions,
} from "./memory-transport.ts";
export type { RawHeaders } from "./raw-headers.ts";
export type { RefusalFault } from "./refusal-fault.ts";
export type { RecordedRequest } from "./request-log.ts";
export { startServer } from "./server.ts";
export type { ServerHandle, TestServer } from "./server-handle.ts";
export type { ServerOptions } from "./server-options.ts";
export type { Handler, HandlerContext, ServiceImplementation } from "./service-implementation.ts";
export { StatusError, type StatusErrorOptions } from "./status-error.ts";
