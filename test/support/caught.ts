import { RpcError } from "../../src/errors/rpc-error.ts";

/** The RpcError that a call ends in. Anything else fails the test. */
export async function caught(call: Promise<unknown>): Promise<RpcError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw new Error("the call failed with something else than an RpcError", { cause: error });
  }
  throw new Error("the call did not fail");
}
