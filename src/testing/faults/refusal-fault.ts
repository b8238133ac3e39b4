import { create } from "@bufbuild/protobuf";
import { GenericResponseSchema } from "../../../gen/bytenite/common/common_pb.js";
import type { MessageFault } from "./faults.ts";

/** Answers with a GenericResponse that says no, as ByteNite may do. `execute` is `false` by default. */
export interface RefusalFault {
  readonly kind: "refusal";
  /** Whether the server does what it then says it did not. @default false */
  readonly execute?: boolean | undefined;
  /** The HTTP status. @default 200 */
  readonly status?: number | undefined;
  /** The answer's `message`. */
  readonly message?: string | undefined;
  /** The answer's `error`; without one there is only `ok: false`. */
  readonly error?:
    | {
        readonly code?: number | bigint | undefined;
        readonly message?: string | undefined;
        readonly description?: string | undefined;
      }
    | undefined;
}

/** The general fault that does it. */
export function refusalMessage({ execute, status, message = "", error }: RefusalFault): MessageFault {
  const { code = 0, message: reason = "", description = "" } = error ?? {};
  return {
    kind: "message",
    schema: GenericResponseSchema,
    message: create(GenericResponseSchema, {
      ok: false,
      requestId: "request-refused",
      message,
      ...(error && { error: { code: BigInt(code), message: reason, description } }),
    }),
    execute,
    status,
  };
}
