import { createRegistry, type Registry } from "@bufbuild/protobuf";
import { file_google_rpc_error_details } from "../../../gen/google/rpc/error_details_pb.js";
import { JSON_MEDIA_TYPE, PROTOBUF_MEDIA_TYPE } from "../../codecs/media-type.ts";
import type { HttpRuleJson } from "../../transcoding/http-rule-json.ts";
import { type HttpRules, parseHttpRules } from "../../transcoding/http-rules.ts";
import { type ErrorFormat, errorFormatNames, isErrorFormat } from "./error-format.ts";
import type { HandlerContext } from "./service-implementation.ts";
import { type StreamFormat, streamFormatNames } from "./stream-format.ts";

/** The options of a test server, with a socket or in memory. */
export interface GatewayOptions {
  /** The prefix of every route. @default "" */
  readonly basePath?: string | undefined;
  /**
   * The content type of binary responses. A stock grpc-gateway uses `application/octet-stream`. An empty string sends none.
   *
   * @default "application/x-protobuf"
   */
  readonly binaryContentType?: string | undefined;
  /**
   * The media types that mean binary in `Content-Type` and `Accept`.
   *
   * @default ["application/x-protobuf"]
   */
  readonly binaryMediaTypes?: readonly string[] | undefined;
  /** With `"json"` the server has no binary marshaler, as a gateway without that setup. @default "both" */
  readonly encodings?: "both" | "json" | undefined;
  /**
   * Whether the server decompresses request bodies with `Content-Encoding: gzip`, as a handler or proxy in front of a
   * gateway does. A grpc-gateway alone does not: with `false`, a compressed request is a malformed one (400).
   *
   * @default true
   */
  readonly gzipRequests?: boolean | undefined;
  /**
   * The limit for a request body, in bytes, before and after decompression. A longer one fails with `ResourceExhausted`. In
   * a stream, the limit is for each message.
   *
   * @default 4_194_304 (4 MiB)
   */
  readonly maxRequestBytes?: number | undefined;
  /** How many of the last requests `requests` keeps; `0` keeps none. @default 10_000 */
  readonly recordLimit?: number | undefined;
  /**
   * The message types that a google.protobuf.Any may hold.
   *
   * @default those of google/rpc/error_details.proto
   */
  readonly registry?: Registry | undefined;
  /**
   * How JSON responses write 64-bit integers: as strings, like a grpc-gateway, or as numbers with all their digits.
   * Requests may use either form.
   *
   * @default "string"; a server of jobs has "number", as ByteNite's description of its API does
   */
  readonly jsonInt64?: "string" | "number" | undefined;
  /**
   * Http rules for methods whose .proto file has none, or other ones, as in the transport's option of this name. A memory
   * transport has the same rules on both sides.
   */
  readonly httpRules?: readonly HttpRuleJson[] | undefined;
  /**
   * The content type of JSON responses. A handler in Go that sets none sends `text/plain; charset=utf-8`. An empty string
   * sends none.
   *
   * @default "application/json"
   */
  readonly jsonContentType?: string | undefined;
  /**
   * Whether JSON responses have the field names of the .proto file (`request_id`), like a gateway with this option of Go's
   * protojson. Requests may use either form.
   *
   * @default false
   */
  readonly useProtoNames?: boolean | undefined;
  /**
   * Whether JSON responses contain unset fields, as with this option of Go's protojson. Without it, a message of which no
   * field is set is `{}`.
   *
   * @default true, like a grpc-gateway; a server of jobs writes unset fields other than messages
   */
  readonly emitUnpopulated?: boolean | undefined;
  /**
   * The body of errors. All forms but `"status"` are JSON or text, whatever the encoding of the request.
   *
   * @default "status"
   */
  readonly errorFormat?: ErrorFormat | undefined;
  /** The content type of errors. An empty string sends none. @default that of the form */
  readonly errorContentType?: string | undefined;
  /** How the server writes the messages of a streaming response. @default "grpc-gateway" */
  readonly streamFormat?: StreamFormat | undefined;
  /**
   * Runs before the handler of every rpc, after the request is decoded, like an interceptor of the gRPC service behind a
   * gateway. It fails the call by throwing a {@link StatusError}.
   */
  readonly onRequest?: ((context: HandlerContext) => void | Promise<void>) | undefined;
}

/** Validated {@link GatewayOptions} with all defaults. */
export interface GatewaySettings {
  /** `""`, or a path with a leading slash and no trailing one. */
  readonly basePath: string;
  readonly binaryContentType: string;
  /** In lower case; empty if there is no binary marshaler. */
  readonly binaryMediaTypes: ReadonlySet<string>;
  readonly gzipRequests: boolean;
  readonly maxRequestBytes: number;
  readonly recordLimit: number;
  readonly registry: Registry;
  readonly jsonInt64: "string" | "number";
  readonly httpRules: HttpRules;
  readonly jsonContentType: string;
  readonly useProtoNames: boolean;
  readonly emitUnpopulated: boolean | undefined;
  readonly errorFormat: ErrorFormat;
  readonly errorContentType: string | undefined;
  readonly streamFormat: StreamFormat;
  readonly onRequest: ((context: HandlerContext) => void | Promise<void>) | undefined;
}

const known: Readonly<Record<keyof GatewayOptions, true>> = {
  basePath: true,
  binaryContentType: true,
  binaryMediaTypes: true,
  encodings: true,
  gzipRequests: true,
  maxRequestBytes: true,
  recordLimit: true,
  registry: true,
  jsonInt64: true,
  httpRules: true,
  jsonContentType: true,
  useProtoNames: true,
  emitUnpopulated: true,
  errorFormat: true,
  errorContentType: true,
  streamFormat: true,
  onRequest: true,
};

/**
 * @param alsoKnown the names of options that other code reads
 * @throws RangeError that names the option
 */
export function gatewaySettings(options: GatewayOptions, alsoKnown: readonly string[]): GatewaySettings {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name) || alsoKnown.includes(name)) continue;
    throw new RangeError(`there is no option ${JSON.stringify(name)}`);
  }
  const {
    basePath = "",
    encodings = "both",
    recordLimit = 10_000,
    jsonInt64 = "string",
    gzipRequests = true,
  } = options;
  const { maxRequestBytes = 4 * 1024 * 1024, binaryMediaTypes = [PROTOBUF_MEDIA_TYPE] } = options;
  if (basePath !== "" && !basePath.startsWith("/")) throw new RangeError("basePath must begin with a slash");
  if (encodings !== "both" && encodings !== "json")
    throw new RangeError('encodings must be "both" or "json"');
  if (jsonInt64 !== "string" && jsonInt64 !== "number")
    throw new RangeError('jsonInt64 must be "string" or "number"');
  const { useProtoNames = false, emitUnpopulated, errorFormat = "status" } = options;
  if (typeof useProtoNames !== "boolean") throw new RangeError("useProtoNames must be true or false");
  if (emitUnpopulated !== undefined && typeof emitUnpopulated !== "boolean") {
    throw new RangeError("emitUnpopulated must be true or false");
  }
  if (!isErrorFormat(errorFormat)) {
    throw new RangeError(`errorFormat must be a function or one of ${errorFormatNames.join(", ")}`);
  }
  const { streamFormat = "grpc-gateway" } = options;
  if (!streamFormatNames.includes(streamFormat)) {
    throw new RangeError(`streamFormat must be one of ${streamFormatNames.join(", ")}`);
  }
  if (typeof gzipRequests !== "boolean") throw new RangeError("gzipRequests must be true or false");
  if (options.onRequest !== undefined && typeof options.onRequest !== "function") {
    throw new RangeError("onRequest must be a function");
  }
  return {
    basePath: basePath.replace(/\/+$/, ""),
    binaryContentType: contentTypeOf("binaryContentType", options) ?? PROTOBUF_MEDIA_TYPE,
    binaryMediaTypes: new Set(encodings === "json" ? [] : binaryMediaTypes),
    gzipRequests,
    maxRequestBytes: countOf("maxRequestBytes", maxRequestBytes),
    recordLimit: countOf("recordLimit", recordLimit),
    registry: options.registry ?? createRegistry(file_google_rpc_error_details),
    jsonInt64,
    httpRules: parseHttpRules(options.httpRules, (reason) => new RangeError(reason)),
    jsonContentType: contentTypeOf("jsonContentType", options) ?? JSON_MEDIA_TYPE,
    useProtoNames,
    emitUnpopulated,
    errorFormat,
    errorContentType: contentTypeOf("errorContentType", options),
    streamFormat,
    onRequest: options.onRequest,
  };
}

type ContentTypeOption = "binaryContentType" | "jsonContentType" | "errorContentType";

/** @throws RangeError that names the option */
function contentTypeOf(option: ContentTypeOption, options: GatewayOptions): string | undefined {
  const value = options[option];
  if (value === undefined || (typeof value === "string" && /^[\t\x20-\x7e]*$/.test(value))) return value;
  throw new RangeError(`${option} must be a string that a header can hold`);
}

/** @throws RangeError that names the option */
export function countOf(option: string, value: number): number {
  if (value >= 0) return value;
  throw new RangeError(`${option} must be a number that is not negative, not ${value}`);
}
