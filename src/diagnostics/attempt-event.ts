import { tracingChannel } from "node:diagnostics_channel";
import type { Encoding } from "../codecs/media-type.ts";
import type { Code } from "../errors/code.ts";
import type { Outcome } from "../errors/outcome.ts";
import type { AttemptRecord, RpcError } from "../errors/rpc-error.ts";
import type { ServerAddress } from "./call-event.ts";
import { finished, traced } from "./traced.ts";

/**
 * One HTTP request of a call and what came of it, as the subscribers of `tracingChannel("bytenite-jobs:attempt")`
 * (node:diagnostics_channel) see it: one object from its `start` to its `asyncEnd`.
 */
export interface AttemptEvent extends ServerAddress {
  /** The rpc's full name, for instance `"bytenite.customer.Customer/RunJob"`. */
  readonly method: string;
  /** 1 for the first attempt of a call. */
  readonly attempt: number;
  /** The HTTP method. */
  readonly verb: string;
  /** The path template of the http rule, for instance `"/jobs/{job_id}/run"`: the same for all jobs. */
  readonly route: string;
  /** How the request's body is written. */
  readonly requestEncoding: Encoding;
  /** What is asked for. An answer is read in the encoding that it has. */
  readonly responseEncoding: Encoding;
  /** The length of the request's body, in bytes. */
  readonly requestBytes: number;
  /** The HTTP status, if there was an answer. This and what follows is there from `asyncStart` on, and at `error`. */
  readonly status?: number | undefined;
  /** The length of the answer's body, decompressed, in bytes; undefined if it did not come whole. */
  readonly responseBytes?: number | undefined;
  /** `Code.OK`, or what the attempt failed with. */
  readonly code?: Code;
  /** Whether it happened, if it failed. */
  readonly outcome?: Outcome | undefined;
  /** In milliseconds. */
  readonly durationMs?: number;
  /** What the call would reject with if this attempt was its only one. */
  readonly error?: RpcError;
}

const channel = tracingChannel<unknown, AttemptEvent>("bytenite-jobs:attempt");

/** Whether anybody wants to know of attempts. */
export function attemptsAreObserved(): boolean {
  return channel.hasSubscribers;
}

/** An attempt has begun: `send` sends its request. */
export function observedAttempt(event: AttemptEvent, send: () => void): void {
  traced(channel, event, send);
}

/** An attempt has ended. */
export function attemptEnded(
  event: AttemptEvent,
  { code, status, outcome, durationMs }: AttemptRecord,
  responseBytes: number | undefined,
  error: RpcError | undefined,
): void {
  Object.assign(event, { code, status, outcome, durationMs, responseBytes });
  if (error !== undefined) Object.assign(event, { error });
  finished(channel, event);
}
