import {
  type Error as ByteniteError,
  type GenericResponse,
  GenericResponseSchema,
} from "../../gen/bytenite/common/common_pb.js";
import { brand, hasBrand, hasPrototype } from "../errors/brand.ts";
import { Code, isCode } from "../errors/code.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import { defineHidden, RpcError, type RpcErrorInit } from "../errors/rpc-error.ts";
import type { ErrorBodyType, StatusInfo } from "../responses/status-info.ts";

const jobsErrorBrand = Symbol.for("bytenite-jobs/JobsError");

/**
 * A call that ByteNite rejected with a GenericResponse. `reason` is ByteNite's own text. As in {@link RpcError},
 * properties that hold larger parts of the response are not enumerable.
 */
export class JobsError extends RpcError {
  override readonly name = "JobsError";
  /** The whole response. Not enumerable. */
  declare readonly response: GenericResponse;
  /** The `error` in the response, if it has one. Not enumerable. */
  declare readonly error: ByteniteError | undefined;

  constructor(response: GenericResponse, init: RpcErrorInit) {
    super(init);
    brand(this, jobsErrorBrand);
    defineHidden(this, { response, error: response.error });
  }

  /** Returns what {@link RpcError.toJSON} returns, and the response's `requestId`. */
  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), requestId: this.response.requestId };
  }

  /** Also true for a JobsError of a second installed copy of this package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === JobsError ? hasBrand(value, jobsErrorBrand) : hasPrototype(value, this.prototype);
  }
}

/** ByteNite's GenericResponse as the body of an error response. */
export const genericResponseBody: ErrorBodyType = {
  schema: GenericResponseSchema,
  statusInfoOf: (message) => statusInfoOfResponse(message as GenericResponse),
  toError: (message, init) => new JobsError(message as GenericResponse, init),
};

/** Reads the status out of a GenericResponse. Its code may be a gRPC status code, an HTTP status or anything else. */
export function statusInfoOfResponse(response: GenericResponse): Pick<StatusInfo, "code" | "reason"> {
  const { message, error } = response;
  const texts = [error?.message || message, error?.description].filter((each) => each);
  return { code: error && codeFromNumber(error.code), reason: texts.join(": ") };
}

function codeFromNumber(number: bigint): Code | undefined {
  const code = Number(number);
  if (isCode(code) && code !== Code.OK) return code;
  return code >= 400 && code < 600 ? codeFromHttpStatus(code) : undefined;
}
