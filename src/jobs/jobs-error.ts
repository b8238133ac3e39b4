import type { Error as ByteniteError, GenericResponse } from "../../gen/bytenite/common/common_pb.js";
import { brand, hasBrand, hasPrototype } from "../errors/brand.ts";
import { Code, isCode } from "../errors/code.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import { hold, RpcError, type RpcErrorInit } from "../errors/rpc-error.ts";

const jobsErrorBrand = Symbol.for("bytenite-jobs/JobsError");

/**
 * A call that ByteNite answered with a GenericResponse that says no. Its words are in `reason`; what it said at any
 * length can be read, but is not enumerable, as {@link RpcError} has it.
 */
export class JobsError extends RpcError {
  override readonly name = "JobsError";
  /** The whole answer. Not enumerable. */
  declare readonly response: GenericResponse;
  /** ByteNite's own account of what went wrong, if it gave one. Not enumerable. */
  declare readonly error: ByteniteError | undefined;

  constructor(response: GenericResponse, init: RpcErrorInit) {
    super(init);
    brand(this, jobsErrorBrand);
    hold(this, { response, error: response.error });
  }

  /** What {@link RpcError.toJSON} gives, and the answer's `requestId`. */
  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), requestId: this.response.requestId };
  }

  /** Holds for one of a second installed copy of this package, too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === JobsError ? hasBrand(value, jobsErrorBrand) : hasPrototype(value, this.prototype);
  }
}

/** What a GenericResponse that says no has to say. Its code is a gRPC status code or an HTTP status, or not known. */
export function statusInfoOfResponse(response: GenericResponse): {
  readonly code: Code | undefined;
  readonly reason: string;
} {
  const { message, error } = response;
  const words = [error?.message || message, error?.description].filter((each) => each);
  return { code: error && codeFromNumber(error.code), reason: words.join(": ") };
}

function codeFromNumber(number: bigint): Code | undefined {
  const code = Number(number);
  if (isCode(code) && code !== Code.OK) return code;
  return code >= 400 && code < 600 ? codeFromHttpStatus(code) : undefined;
}
