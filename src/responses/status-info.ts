import type { Message } from "@bufbuild/protobuf";
import type { Code } from "../errors/code.ts";
import type { ErrorDetail } from "../errors/error-detail.ts";

/** What an error answer says, in whatever form it said it. */
export interface StatusInfo {
  /** Undefined where the body has no code: the HTTP status speaks then. */
  readonly code: Code | undefined;
  readonly reason: string;
  readonly details: readonly ErrorDetail[];
  /** The body, where it was a message of the service's own rather than a google.rpc.Status. */
  readonly message?: Message;
}
