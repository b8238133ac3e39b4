import { tracingChannel } from "node:diagnostics_channel";
import type { Encoding } from "../codecs/media-type.ts";
import type { Code } from "../errors/code.ts";
import type { Outcome } from "../errors/outcome.ts";
import type { AttemptRecord, RpcError } from "../errors/rpc-error.ts";
import type { ServerAddress } from "./call-event.ts";
import { isObserved, publishEnd, traceStart } from "./trace.ts";

/**
 * One attempt of a call: an HTTP request and its result. Published on `tracingChannel("bytenite-jobs:attempt")`
 * (node:diagnostics_channel). An attempt has one event object, from `start` to `asyncEnd`.
 */
export interface AttemptEvent extends ServerAddress {
  /** The rpc's full name, for instance `"bytenite.customer.Customer/RunJob"`. */
  readonly method: string;
  /** 1 for the first attempt of a call. */
  readonly attempt: number;
  /** The HTTP method. */
  readonly verb: string;
  /** The path template of the http rule, for instance `"/jobs/{job_id}/run"`. It is the same for all jobs. */
  readonly route: string;
  /** The encoding of the request body; `"raw"` for a google.api.HttpBody. */
  readonly requestEncoding: Encoding | "raw";
  /** The encoding in `accept`. The response is decoded by its own content type. `"raw"` for a google.api.HttpBody. */
  readonly responseEncoding: Encoding | "raw";
  /** The length of the request body before compression, in bytes. */
  readonly requestBytes: number;
  /** The HTTP status, if there was a response. This and the next properties are set at `error` and from `asyncStart` on. */
  readonly status?: number | undefined;
  /** The length of the decompressed response body, in bytes; undefined if it is incomplete. */
  readonly responseBytes?: number | undefined;
  /** `Code.OK`, or the code of the failure. */
  readonly code?: Code;
  /** If the attempt failed: whether the rpc was carried out. */
  readonly outcome?: Outcome | undefined;
  /** How long the attempt took, in milliseconds. */
  readonly durationMs?: number;
  /** The error that the call would reject with if this attempt were its only one. */
  readonly error?: RpcError;
}

const channel = tracingChannel<unknown, AttemptEvent>("bytenite-jobs:attempt");

/** Whether the channel of attempts has subscribers. */
export function attemptsAreObserved(): boolean {
  return isObserved(channel);
}

/** Publishes the start of an attempt, around `send`, which sends its request. */
export function observedAttempt(event: AttemptEvent, send: () => void): void {
  traceStart(channel, event, send);
}

/** Publishes the end of an attempt. */
export function attemptEnded(
  event: AttemptEvent,
  { code, status, outcome, durationMs }: AttemptRecord,
  responseBytes: number | undefined,
  error: RpcError | undefined,
): void {
  Object.assign(event, { code, status, outcome, durationMs, responseBytes });
  if (error !== undefined) Object.assign(event, { error });
  publishEnd(channel, event);
}
