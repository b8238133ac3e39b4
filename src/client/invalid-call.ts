import { asError } from "../errors/as-error.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { RpcError } from "../errors/rpc-error.ts";

/**
 * The error of a call that cannot be sent as it is. What transcoding and protobuf-es throw is about the
 * message: they have seen nothing else.
 */
export function refusal(error: unknown, method: string): RpcError {
  if (error instanceof RpcError) return invalidArgument(error.reason, method, error.cause);
  // A stack overflow: protobuf-es follows a message as deep as it goes.
  if (error instanceof RangeError && error.message.includes("call stack")) {
    return invalidArgument("the message is nested too deeply, or holds itself", method, error);
  }
  return invalidArgument(asError(error).message, method, error);
}
