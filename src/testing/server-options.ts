import { createRegistry, type Registry } from "@bufbuild/protobuf";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.js";
import { PROTOBUF_MEDIA_TYPE } from "../codecs/media-type.ts";
import type { HandlerContext } from "./service-implementation.ts";

/** How an embedded server is set up. */
export interface ServerOptions {
  /** @default 0, a free port that the system chooses */
  readonly port?: number | undefined;
  /** A loopback address. @default "127.0.0.1" */
  readonly host?: string | undefined;
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
  /**
   * Whether the server speaks HTTP/2, in the clear and without an upgrade (h2c), and no HTTP/1.1. A client has to
   * know: its `dispatcher` is undici's `new H2CClient(origin)`.
   *
   * @default false
   */
  readonly http2?: boolean | undefined;
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
   * Runs before the handler of every rpc, when the request is read, as an interceptor of the gRPC service
   * behind a gateway does. Throws a {@link StatusError} to say no.
   */
  readonly onRequest?: ((context: HandlerContext) => void | Promise<void>) | undefined;
}

/** {@link ServerOptions}, checked and with every default filled in. */
export interface ServerSettings {
  readonly port: number;
  readonly host: string;
  /** `""`, or with a slash in front and none at its end. */
  readonly basePath: string;
  readonly binaryContentType: string;
  /** In lower case; empty if there is no binary marshaler. */
  readonly binaryMediaTypes: ReadonlySet<string>;
  readonly http2: boolean;
  readonly maxRequestBytes: number;
  readonly recordLimit: number;
  readonly registry: Registry;
  readonly onRequest: ((context: HandlerContext) => void | Promise<void>) | undefined;
}

const known: Readonly<Record<keyof ServerOptions, true>> = {
  port: true,
  host: true,
  basePath: true,
  binaryContentType: true,
  binaryMediaTypes: true,
  encodings: true,
  http2: true,
  maxRequestBytes: true,
  recordLimit: true,
  registry: true,
  onRequest: true,
};

/**
 * @param alsoKnown the names of options that are somebody else's to read
 * @throws RangeError that names the option
 */
export function serverSettings(options: ServerOptions, alsoKnown: readonly string[] = []): ServerSettings {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name) || alsoKnown.includes(name)) continue;
    throw new RangeError(`there is no option ${JSON.stringify(name)}`);
  }
  const { host = "127.0.0.1", basePath = "", encodings = "both", recordLimit = 10_000 } = options;
  const { maxRequestBytes = 4 * 1024 * 1024, binaryMediaTypes = [PROTOBUF_MEDIA_TYPE] } = options;
  if (!isLoopback(host)) throw new RangeError(`host must be a loopback address, not ${JSON.stringify(host)}`);
  if (basePath !== "" && !basePath.startsWith("/")) throw new RangeError("basePath must begin with a slash");
  if (encodings !== "both" && encodings !== "json")
    throw new RangeError('encodings must be "both" or "json"');
  if (typeof (options.http2 ?? false) !== "boolean") throw new RangeError("http2 must be true or false");
  if (options.onRequest !== undefined && typeof options.onRequest !== "function") {
    throw new RangeError("onRequest must be a function");
  }
  return {
    port: countOf("port", options.port ?? 0),
    host,
    basePath: basePath.replace(/\/+$/, ""),
    binaryContentType: options.binaryContentType ?? PROTOBUF_MEDIA_TYPE,
    binaryMediaTypes: new Set(encodings === "json" ? [] : binaryMediaTypes),
    http2: options.http2 ?? false,
    maxRequestBytes: countOf("maxRequestBytes", maxRequestBytes),
    recordLimit: countOf("recordLimit", recordLimit),
    registry: options.registry ?? createRegistry(file_google_rpc_error_details),
    onRequest: options.onRequest,
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function countOf(option: string, value: number): number {
  if (value >= 0) return value;
  throw new RangeError(`${option} must not be negative, nor ${value}`);
}
