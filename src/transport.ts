/**
 * Clients of any service whose methods have `google.api.http` rules.
 *
 * @module bytenite-jobs/transport
 */

import "./supported-node.ts";

export type { CallOptions, OutgoingMetadata } from "./client/call-options.ts";
export type { CompressionOption } from "./client/compression-option.ts";
export { type Client, createClient } from "./client/create-client.ts";
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
export type { PagesOptions, PaginateOptions } from "./client/page-types.ts";
export { pages, paginate } from "./client/paginate.ts";
export type { RequestIterable } from "./client/request-messages.ts";
export { createRestTransport } from "./client/rest-transport.ts";
export type { HeaderSource, RestTransportOptions } from "./client/rest-transport-options.ts";
export type { Transport } from "./client/transport.ts";
export type { Encoding } from "./codecs/media-type.ts";
export type { AttemptEvent } from "./diagnostics/attempt-event.ts";
export type { CallEvent, ServerAddress } from "./diagnostics/call-event.ts";
export { Code, codeName } from "./errors/code.ts";
export type { ErrorDetail } from "./errors/error-detail.ts";
export type { HttpHeaders } from "./errors/http-headers.ts";
export type { Outcome } from "./errors/outcome.ts";
export { type AttemptRecord, RpcError, type RpcErrorInit } from "./errors/rpc-error.ts";
export type { RetryPolicy } from "./policies/retry-policy.ts";
export type { ReadError } from "./responses/read-error-response.ts";
export { HttpRuleError, type HttpRuleProblem } from "./transcoding/http-rule-error.ts";
export type { HttpBindingJson, HttpRuleJson } from "./transcoding/http-rule-json.ts";
