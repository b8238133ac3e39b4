import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Code } from "../errors/code.ts";
import type { ErrorDetail } from "../errors/error-detail.ts";
import type { RpcError, RpcErrorInit } from "../errors/rpc-error.ts";

/** The status in an error response, whatever the form of its body. */
export interface StatusInfo {
  /** Undefined if the body has no code; then the HTTP status decides. */
  readonly code: Code | undefined;
  readonly reason: string;
  readonly details: readonly ErrorDetail[];
  /** The body as a message of the service's {@link ErrorBodyType}, if it is one. */
  readonly message?: Message;
}

/** A message type that a service sends as an error body instead of google.rpc.Status, and the error made from it. */
export interface ErrorBodyType {
  readonly schema: DescMessage;
  /** Reads the status out of such a message. */
  readonly statusInfoOf: (message: Message) => Pick<StatusInfo, "code" | "reason">;
  readonly toError: (message: Message, init: RpcErrorInit) => RpcError;
}
