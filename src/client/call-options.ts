import type { HttpHeaders } from "../errors/http-headers.ts";
import type { RetryPolicy } from "../policies/retry-policy.ts";
import type { EncodingOption } from "./encoding-option.ts";
import type { IncomingMetadata } from "./incoming-metadata.ts";

/** gRPC metadata to send: printable ASCII, or bytes if the key ends in `-bin`. */
export type OutgoingMetadata = Readonly<
  Record<string, string | Uint8Array | readonly (string | Uint8Array)[] | undefined>
>;

/** The options of one call. */
export interface CallOptions {
  /**
   * Ends the call when it aborts: the promise, or the stream of responses, rejects at once, with the signal's reason as `cause`. The code is
   * `Code.Cancelled`, or `Code.DeadlineExceeded` if the reason is a `TimeoutError`, as with `AbortSignal.timeout`.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * The timeout of the whole call, retries included, in milliseconds; `0` is none. Default: the transport's, and none for a
   * streaming method.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * HTTP headers of this call. They replace the transport's headers of the same name. With `te: "trailers"` a
   * grpc-gateway also sends trailing metadata (`Grpc-Trailer-*`).
   */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** Query parameters of this call. They replace the transport's parameters of the same name. */
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * gRPC metadata of this call: each entry is sent as a header `Grpc-Metadata-<key>`. A grpc-gateway forwards it up to
   * version 2.32; since 2.33 only with the option `WithLegacyHeaderMatching`.
   */
  readonly metadata?: OutgoingMetadata | undefined;
  /** The encoding of request and response bodies. Default: the transport's. */
  readonly encoding?: EncodingOption | undefined;
  /** How the client retries failed attempts; `false` disables retries. Default: the transport's. */
  readonly retry?: RetryPolicy | false | undefined;
  /**
   * The `Idempotency-Key` header, the same on every attempt. Set it only if the server honours it: the client then retries
   * the call as an idempotent one, even if an attempt may have reached the server.
   */
  readonly idempotencyKey?: string | undefined;
  /** Called once with the final response, before the promise settles. */
  readonly onResponse?:
    | ((response: {
        readonly status: number;
        readonly headers: HttpHeaders;
        readonly metadata: IncomingMetadata;
      }) => void)
    | undefined;
}
