import { Code } from "./code.ts";
import { RpcError } from "./rpc-error.ts";

/** Creates the error for invalid input that is found before anything is sent. */
export function invalidArgument(reason: string, method?: string, cause?: unknown): RpcError {
  return new RpcError({ code: Code.InvalidArgument, reason, outcome: "not_sent", method, cause });
}
