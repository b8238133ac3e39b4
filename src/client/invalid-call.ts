import { asError } from "../errors/as-error.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { RpcError } from "../errors/rpc-error.ts";

/** Creates the error of a call that cannot be sent. Errors of transcoding and protobuf-es are always about the message. */
export function invalidCall(error: unknown, method: string): RpcError {
  if (error instanceof RpcError) return invalidArgument(error.reason, method, error.cause);
  // A stack overflow: protobuf-es does not limit the depth of a message.
  if (error instanceof RangeError && error.message.includes("call stack")) {
    return invalidArgument("the message is nested too deeply, or holds itself", method, error);
  }
  return invalidArgument(asError(error).message, method, error);
}
