import { create } from "@bufbuild/protobuf";
import { GenericResponseSchema } from "../../../gen/bytenite/common/common_pb.js";
import type { MessageFault } from "./faults.ts";

/** Responds with a GenericResponse whose `ok` is false, as ByteNite may do. `execute` is `false` by default. */
export interface RefusalFault {
  readonly kind: "refusal";
  /** Whether the server executes the request, although the response says that it did not. @default false */
  readonly execute?: boolean | undefined;
  /** The HTTP status. @default 200 */
  readonly status?: number | undefined;
  /** The response's `message`. */
  readonly message?: string | undefined;
  /** The response's `error`. Without one the response only has `ok: false`. */
  readonly error?:
    | {
        readonly code?: number | bigint | undefined;
        readonly message?: string | undefined;
        readonly description?: string | undefined;
      }
    | undefined;
}

/** Converts a refusal to the general fault that `applyFault` knows. */
export function messageFaultOf({ execute, status, message = "", error }: RefusalFault): MessageFault {
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
