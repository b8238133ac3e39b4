import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Code } from "../errors/code.ts";
import type { RpcError, RpcErrorInit } from "../errors/rpc-error.ts";

/**
 * A message type that a service may answer errors with instead of google.rpc.Status, and the error that it
 * makes of one.
 */
export interface ErrorBodyType {
  readonly schema: DescMessage;
  /** What such a message says; without a code, the HTTP status speaks. */
  readonly statusInfoOf: (message: Message) => { readonly code: Code | undefined; readonly reason: string };
  readonly toError: (message: Message, init: RpcErrorInit) => RpcError;
}
