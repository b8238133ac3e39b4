import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type {
  AppendRequest,
  AppendResponseSchema,
  EntrySchema,
  ExchangeRequest,
  ExchangeResponseSchema,
  FollowRequest,
  FollowResponseSchema,
} from "../../gen/streams/v1/streams_pb.js";

/** What a handler knows of its call. */
export interface LogContext {
  readonly requestHeader: Headers;
  /** Sets a header of the response, before the first message. */
  readonly setHeader: (name: string, value: string) => void;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}

/** The handlers of a LogService, for a server of any protocol. They fail with a ConnectError. */
export interface Logs {
  follow(
    request: FollowRequest,
    context: LogContext,
  ): AsyncIterable<MessageInitShape<typeof FollowResponseSchema>>;
  append(
    requests: AsyncIterable<AppendRequest>,
    context: LogContext,
  ): Promise<MessageInitShape<typeof AppendResponseSchema>>;
  exchange(
    requests: AsyncIterable<ExchangeRequest>,
    context: LogContext,
  ): AsyncIterable<MessageInitShape<typeof ExchangeResponseSchema>>;
}

/** The text of an entry. */
export function textOf({ entry }: { readonly entry?: MessageShape<typeof EntrySchema> | undefined }): string {
  return entry?.text ?? "";
}
