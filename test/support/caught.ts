import { RpcError } from "../../src/errors/rpc-error.ts";

/** Returns the RpcError that a call rejects with. Any other result fails the test. */
export async function caught(call: Promise<unknown>): Promise<RpcError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw new Error("the call failed with another error than an RpcError", { cause: error });
  }
  throw new Error("the call did not fail");
}
