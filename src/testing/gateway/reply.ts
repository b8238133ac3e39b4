import type { ResetHow } from "../faults/faults.ts";
import type { StatusError } from "./status-error.ts";

/** The response to a request, before it is framed for a connection. */
export interface Reply {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Uint8Array;
  /** Sent after the body, which is then chunked. */
  readonly trailers?: Readonly<Record<string, string[]>> | undefined;
  /** Where and how a fault breaks off the response. */
  readonly fails?: ReplyFailure | undefined;
  /** Whether the response has a `content-length`. @default true */
  readonly announced?: boolean | undefined;
  /** What the handler threw, for the record; the response does not contain it. */
  readonly thrown?: unknown;
  /** What follows the headers of a streaming response, instead of `body`. */
  readonly stream?: ReplyStream | undefined;
}

/** The messages of a streaming response. */
export interface ReplyStream {
  /** Sent one by one, as the client reads them. Read them once. */
  readonly chunks: AsyncIterable<StreamChunk>;
  /** Writes an error as the end of the response. */
  error(error: StatusError): StreamChunk;
  /** Ends the handler, if it has not ended. */
  cancel(): void;
}

/** A part of a streaming response that is sent at once. */
export interface StreamChunk {
  readonly bytes: Uint8Array;
  /** Whether it is a message, and not an error or the end of an array. */
  readonly isMessage: boolean;
  /** What the handler threw, for the record. */
  readonly thrown?: unknown;
  /** How a fault breaks off the response after these bytes. */
  readonly fails?: ReplyFailure["how"] | undefined;
}

/** Where a response breaks off, and how the connection ends. */
export interface ReplyFailure {
  /** Before the first byte, or after the headers and a part of the body. */
  readonly where: "before-answer" | "in-answer";
  /** How many bytes of the body are sent. @default half of them */
  readonly bytes?: number | undefined;
  /** As in a reset fault; with `hang` the connection stays open and sends nothing. */
  readonly how: ResetHow | "hang";
}
