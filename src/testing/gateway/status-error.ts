import type { Message } from "@bufbuild/protobuf";
import { Code, isCode } from "../../errors/code.ts";
import { httpStatusFromCode } from "../../errors/http-status.ts";
import { refuseFraming } from "../server/framing-headers.ts";

/** What a {@link StatusError} may carry besides its code and message. */
export interface StatusErrorOptions {
  /**
   * Messages that go into the Status's `details`: a google.protobuf.Any as it is, any other message packed
   * into one. Its type must be in the server's registry, which knows those of google/rpc/error_details.proto.
   */
  readonly details?: readonly Message[] | undefined;
  /** HTTP headers of the answer, for instance `{ "retry-after": "1" }`; none that frames it (`content-length`). */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly cause?: unknown;
}

/**
 * Thrown by a handler to say no. The server answers with a google.rpc.Status, in the encoding that is due,
 * under the HTTP status that belongs to the code.
 */
export class StatusError extends Error {
  override readonly name = "StatusError";
  /** A gRPC status code other than OK. A number that is none is sent as it is, with HTTP status 500. */
  readonly code: number;
  readonly details: readonly Message[];
  readonly headers: Readonly<Record<string, string>>;

  /** @throws RangeError for a code that is none of an error, and for a header that is the server's own to set */
  constructor(code: number, message: string, options: StatusErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    if (!Number.isInteger(code) || code === Code.OK) throw new RangeError(`${code} is no code of an error`);
    this.code = code;
    this.details = options.details ?? [];
    this.headers = options.headers ?? {};
    refuseFraming(Object.keys(this.headers));
  }

  /** The HTTP status that a grpc-gateway gives the code. */
  get httpStatus(): number {
    return isCode(this.code) ? httpStatusFromCode(this.code) : 500;
  }
}
