import type { Message } from "@bufbuild/protobuf";
import { Code, isCode } from "../../errors/code.ts";
import { httpStatusFromCode } from "../../errors/http-status.ts";
import { rejectFramingHeaders } from "../server/framing-headers.ts";

/** The options of a {@link StatusError}. */
export interface StatusErrorOptions {
  /**
   * The Status's `details`. A message that is not a google.protobuf.Any is packed into one. Its type must be in the server's
   * registry, which by default has the types of google/rpc/error_details.proto.
   */
  readonly details?: readonly Message[] | undefined;
  /** HTTP headers of the response, for instance `{ "retry-after": "1" }`; no framing headers (`content-length`). */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly cause?: unknown;
}

/**
 * Fails a call when a handler throws it. The server responds with a google.rpc.Status in the negotiated encoding and the
 * HTTP status that the code maps to.
 */
export class StatusError extends Error {
  override readonly name = "StatusError";
  /** A gRPC status code other than OK. An unknown number is sent unchanged, with HTTP status 500. */
  readonly code: number;
  readonly details: readonly Message[];
  readonly headers: Readonly<Record<string, string>>;

  /** @throws RangeError if the code is OK or not an integer, and for a framing header */
  constructor(code: number, message: string, options: StatusErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    if (!Number.isInteger(code) || code === Code.OK) throw new RangeError(`${code} is not an error code`);
    this.code = code;
    this.details = options.details ?? [];
    this.headers = options.headers ?? {};
    rejectFramingHeaders(Object.keys(this.headers));
  }

  /** The HTTP status that a grpc-gateway maps the code to. */
  get httpStatus(): number {
    return isCode(this.code) ? httpStatusFromCode(this.code) : 500;
  }
}
