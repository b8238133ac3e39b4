import type { HttpHeaders } from "../errors/http-headers.ts";
import type { RetryPolicy } from "../policies/retry-policy.ts";
import type { EncodingOption } from "./encoding-option.ts";
import type { IncomingMetadata } from "./incoming-metadata.ts";

/** Metadata to send: printable ASCII, or bytes for a key that ends in `-bin`. */
export type OutgoingMetadata = Readonly<
  Record<string, string | Uint8Array | readonly (string | Uint8Array)[] | undefined>
>;

/** What one call may have of its own. */
export interface CallOptions {
  /**
   * Ends the call when it fires: the promise rejects at once, with its reason as `cause`. The code is `Code.Cancelled`, or
   * `Code.DeadlineExceeded` where the reason is a `TimeoutError`, as that of `AbortSignal.timeout` is.
   */
  readonly signal?: AbortSignal | undefined;
  /** The deadline of the whole call, in milliseconds; `0` is none. Default: the transport's. */
  readonly timeoutMs?: number | undefined;
  /**
   * HTTP headers for this call. They win over the transport's of the same name. With `te: "trailers"` a grpc-gateway
   * sends the metadata behind an answer too (`Grpc-Trailer-*`).
   */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * gRPC metadata for this call: each entry is sent as `Grpc-Metadata-<key>`. A grpc-gateway passes it on up to
   * version 2.32; since 2.33 it has to be set up with `WithLegacyHeaderMatching`.
   */
  readonly metadata?: OutgoingMetadata | undefined;
  /** How the bodies of this call are written. Default: the transport's. */
  readonly encoding?: EncodingOption | undefined;
  /** How failed attempts of this call are made again; `false`: not at all. Default: the transport's. */
  readonly retry?: RetryPolicy | false | undefined;
  /**
   * Sent as `Idempotency-Key`, the same on every attempt. By giving one the caller says that the server honours
   * it, so that a call which may have happened is made again, like one of a method that may happen twice.
   */
  readonly idempotencyKey?: string | undefined;
  /** Told once, when the call has its answer, before the promise resolves. */
  readonly onResponse?:
    | ((response: {
        readonly status: number;
        readonly headers: HttpHeaders;
        readonly metadata: IncomingMetadata;
      }) => void)
    | undefined;
}
