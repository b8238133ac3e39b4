import type { ResetHow } from "../faults/faults.ts";

/** What goes out on a connection in answer to a request. */
export interface Reply {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Uint8Array;
  /** Sent behind the body, which then is chunked. */
  readonly trailers?: Readonly<Record<string, string[]>> | undefined;
  /** How the answer fails to arrive whole; only faults do that. */
  readonly fails?: ReplyFailure | undefined;
  /** Whether `content-length` says how long the body is. @default true */
  readonly announced?: boolean | undefined;
  /** What the handler threw that nobody is told of; for the record. */
  readonly thrown?: unknown;
}

/** Where an answer breaks off, and what becomes of the connection then. */
export interface ReplyFailure {
  /** Before the first byte, or behind the head and a part of the body. */
  readonly where: "before-answer" | "in-answer";
  /** How many bytes of the body are sent. @default half of them */
  readonly bytes?: number | undefined;
  /** As a reset fault says it, or nothing: the connection stays open in silence. */
  readonly how: ResetHow | "hang";
}
