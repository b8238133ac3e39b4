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
  MessageFault,
  OversizeFault,
  ResetFault,
  ResetHow,
  StatusFault,
  TruncateFault,
} from "./faults.ts";
export type { Execution } from "./job-handlers.ts";
export type { Job, JobState } from "./job-store.ts";
export { type JobsServer, type JobsServerOptions, startJobsServer } from "./jobs-server.ts";
export type { JobsControls, JobsOptions, JobsRpc } from "./jobs-service.ts";
export type { RefusalFault } from "./refusal-fault.ts";
export type { RecordedRequest } from "./request-log.ts";
export { startServer } from "./server.ts";
export type { ServerHandle } from "./server-handle.ts";
export type { ServerOptions } from "./server-options.ts";
export type { Handler, HandlerContext, ServiceImplementation } from "./service-implementation.ts";
export { StatusError, type StatusErrorOptions } from "./status-error.ts";
