import { createRegistry, type Registry } from "@bufbuild/protobuf";
import { file_google_rpc_error_details } from "../../../gen/google/rpc/error_details_pb.js";
import { PROTOBUF_MEDIA_TYPE } from "../../codecs/media-type.ts";
import type { HandlerContext } from "./service-implementation.ts";

/** How a server for tests is set up, with a socket or without. */
export interface GatewayOptions {
  /** Stands in front of every route. @default "" */
  readonly basePath?: string | undefined;
  /**
   * What binary answers are called. A stock grpc-gateway calls them `application/octet-stream`.
   *
   * @default "application/x-protobuf"
   */
  readonly binaryContentType?: string | undefined;
  /**
   * The names under which the server knows binary, in `Content-Type` and `Accept`.
   *
   * @default ["application/x-protobuf"]
   */
  readonly binaryMediaTypes?: readonly string[] | undefined;
  /** With `"json"` there is no binary marshaler, as in a gateway that nobody set up for it. @default "both" */
  readonly encodings?: "both" | "json" | undefined;
  /** A longer request body is refused with `ResourceExhausted`, in bytes. @default 4_194_304 (4 MiB) */
  readonly maxRequestBytes?: number | undefined;
  /** How many of the last requests are kept for `requests`; `0` keeps none. @default 10_000 */
  readonly recordLimit?: number | undefined;
  /**
   * Message types that may stand inside of a google.protobuf.Any.
   *
   * @default those of google/rpc/error_details.proto
   */
  readonly registry?: Registry | undefined;
  /**
   * How 64-bit integers are written in JSON answers: as text, as a grpc-gateway does, or as numbers with all their
   * digits. Requests are read in both forms.
   *
   * @default "string"; a server of jobs has "number", as ByteNite's description of its API does
   */
  readonly jsonInt64?: "string" | "number" | undefined;
  /**
   * Runs before the handler of every rpc, when the request is read, as an interceptor of the gRPC service
   * behind a gateway does. Throws a {@link StatusError} to say no.
   */
  readonly onRequest?: ((context: HandlerContext) => void | Promise<void>) | undefined;
}

/** {@link GatewayOptions}, checked and with every default filled in. */
export interface GatewaySettings {
  /** `""`, or with a slash in front and none at its end. */
  readonly basePath: string;
  readonly binaryContentType: string;
  /** In lower case; empty if there is no binary marshaler. */
  readonly binaryMediaTypes: ReadonlySet<string>;
  readonly maxRequestBytes: number;
  readonly recordLimit: number;
  readonly registry: Registry;
  readonly jsonInt64: "string" | "number";
  readonly onRequest: ((context: HandlerContext) => void | Promise<void>) | undefined;
}

const known: Readonly<Record<keyof GatewayOptions, true>> = {
  basePath: true,
  binaryContentType: true,
  binaryMediaTypes: true,
  encodings: true,
  maxRequestBytes: true,
  recordLimit: true,
  registry: true,
  jsonInt64: true,
  onRequest: true,
};

/**
 * @param alsoKnown the names of options that are somebody else's to read
 * @throws RangeError that names the option
 */
export function gatewaySettings(options: GatewayOptions, alsoKnown: readonly string[]): GatewaySettings {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name) || alsoKnown.includes(name)) continue;
    throw new RangeError(`there is no option ${JSON.stringify(name)}`);
  }
  const { basePath = "", encodings = "both", recordLimit = 10_000, jsonInt64 = "string" } = options;
  const { maxRequestBytes = 4 * 1024 * 1024, binaryMediaTypes = [PROTOBUF_MEDIA_TYPE] } = options;
  if (basePath !== "" && !basePath.startsWith("/")) throw new RangeError("basePath must begin with a slash");
  if (encodings !== "both" && encodings !== "json")
    throw new RangeError('encodings must be "both" or "json"');
  if (jsonInt64 !== "string" && jsonInt64 !== "number")
    throw new RangeError('jsonInt64 must be "string" or "number"');
  if (options.onRequest !== undefined && typeof options.onRequest !== "function") {
    throw new RangeError("onRequest must be a function");
  }
  return {
    basePath: basePath.replace(/\/+$/, ""),
    binaryContentType: options.binaryContentType ?? PROTOBUF_MEDIA_TYPE,
    binaryMediaTypes: new Set(encodings === "json" ? [] : binaryMediaTypes),
    maxRequestBytes: countOf("maxRequestBytes", maxRequestBytes),
    recordLimit: countOf("recordLimit", recordLimit),
    registry: options.registry ?? createRegistry(file_google_rpc_error_details),
    jsonInt64,
    onRequest: options.onRequest,
  };
}

/** @throws RangeError that names the option */
export function countOf(option: string, value: number): number {
  if (value >= 0) return value;
  throw new RangeError(`${option} must not be negative, nor ${value}`);
}
