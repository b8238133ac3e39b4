/**
 * {@link JobsClient}, its errors, and the messages and schemas of ByteNite's API.
 *
 * @module bytenite-jobs
 */

import "./supported-node.ts";

export type { Error, GenericResponse } from "../gen/bytenite/common/common_pb.js";
export { ErrorSchema, GenericResponseSchema } from "../gen/bytenite/common/common_pb.js";
export type {
  AbortJobRequest,
  DeleteJobRequest,
  RunJobRequest,
} from "../gen/bytenite/customer/customer_pb.js";
export {
  AbortJobRequestSchema,
  Customer,
  DeleteJobRequestSchema,
  RunJobRequestSchema,
} from "../gen/bytenite/customer/customer_pb.js";
export type { JobConfig } from "../gen/bytenite/job/job_pb.js";
export { JobConfigSchema } from "../gen/bytenite/job/job_pb.js";
export type { CallOptions, OutgoingMetadata } from "./client/call-options.ts";
export type { CompressionOption } from "./client/compression-option.ts";
export type { EncodingOption } from "./client/encoding-option.ts";
export type { IncomingMetadata } from "./client/incoming-metadata.ts";
export type {
  Interceptor,
  Next,
  StreamRequest,
  StreamResponse,
  UnaryRequest,
  UnaryResponse,
} from "./client/interceptor.ts";
export type { HeaderSource, RestTransportOptions } from "./client/rest-transport-options.ts";
export type { Encoding } from "./codecs/media-type.ts";
export type { AttemptEvent } from "./diagnostics/attempt-event.ts";
export type { CallEvent, ServerAddress } from "./diagnostics/call-event.ts";
export { Code, codeName } from "./errors/code.ts";
export type { ErrorDetail } from "./errors/error-detail.ts";
export type { HttpHeaders } from "./errors/http-headers.ts";
export type { Outcome } from "./errors/outcome.ts";
export { type AttemptRecord, RpcError, type RpcErrorInit } from "./errors/rpc-error.ts";
export type { JobConfigInit } from "./jobs/job-config.ts";
export {
  JobsClient,
  type JobsClientOptions,
  type JobsTransportOptions,
} from "./jobs/jobs-client.ts";
export type { AccessTokenOption, AccessTokenSource, ApiKeyOptions } from "./jobs/jobs-credential.ts";
export { JobsError } from "./jobs/jobs-error.ts";
export type { RetryPolicy } from "./policies/retry-policy.ts";
export { probe } from "./probe/probe.ts";
export type { ProbeOptions, ProbeTransportOptions } from "./probe/probe-options.ts";
export type { Evidence, Finding, FindingId, ProbeReport, Verdict } from "./probe/probe-report.ts";
export type { ReadError } from "./responses/read-error-response.ts";
export { HttpRuleError, type HttpRuleProblem } from "./transcoding/http-rule-error.ts";
export type { HttpBindingJson, HttpRuleJson } from "./transcoding/http-rule-json.ts";
