import { tracingChannel } from "node:diagnostics_channel";
import { Code } from "../errors/code.ts";
import type { Outcome } from "../errors/outcome.ts";
import { type AttemptRecord, RpcError } from "../errors/rpc-error.ts";
import { isObserved, publishEnd, traceStart } from "./trace.ts";

/** The server that a transport calls. */
export interface ServerAddress {
  /** The host of the base URL: a name or an IP address. */
  readonly serverAddress: string;
  readonly serverPort: number;
}

/**
 * One call. Published on `tracingChannel("bytenite-jobs:call")` (node:diagnostics_channel). A call has one event object,
 * from `start` to `asyncEnd`. The event holds no message, header or credential; its error holds the server's error text.
 */
export interface CallEvent extends ServerAddress {
  /** The rpc's full name, for instance `"bytenite.customer.Customer/RunJob"`. */
  readonly method: string;
  /** `Code.OK`, or the error's code. This and the next properties are set at `error` and from `asyncStart` on. */
  readonly code?: Code;
  /** If the call failed: whether the rpc was carried out. */
  readonly outcome?: Outcome;
  /** The HTTP status of the last response, if there was one. */
  readonly status?: number | undefined;
  /**
   * How many requests led to the call's response or error. If an interceptor calls `next` more than once, the requests of
   * the other calls are not counted; the attempt channel shows every request. Undefined if the call failed with something
   * other than an RpcError.
   */
  readonly attempts?: number;
  /** One record for each of these requests. */
  readonly history?: readonly AttemptRecord[];
  /** Of a streaming method: how many requests were sent. A stream is one call. */
  readonly requestMessages?: number;
  /** Of a streaming method: how many responses were read. */
  readonly responseMessages?: number;
  /** How long the call took, with all attempts and waits, in milliseconds. */
  readonly durationMs?: number;
  /**
   * What the call rejects with, or what its stream ended with. The property exists only if the call failed; an
   * interceptor may throw even `undefined`.
   */
  readonly error?: unknown;
}

const channel = tracingChannel<unknown, CallEvent>("bytenite-jobs:call");

/** Whether the channel of calls has subscribers. */
export function callsAreObserved(): boolean {
  return isObserved(channel);
}

/** How a stream ended: with an error, or as the server meant it. */
export interface StreamEnd extends CallResult {
  readonly requestMessages: number;
  readonly responseMessages: number;
  readonly error: unknown;
}

/** Counts a stream that is part of a call. The function that it returns is to be called when that stream is over. */
export type TrackStream = () => (end: StreamEnd | undefined) => void;

/**
 * Makes a call of a streaming method and publishes its start and end. The call ends with its last stream.
 *
 * @param begin makes the call, and tracks each stream that it begins: an interceptor may begin several, or none
 */
export function observedStream<T>(
  method: string,
  server: ServerAddress,
  begin: (track: TrackStream) => Promise<T>,
  rpcErrorOf = asRpcError,
): Promise<T> {
  let open = 0;
  let last: StreamEnd | undefined;
  let onIdle: () => void = () => undefined;
  const track: TrackStream = () => {
    open++;
    return (end) => {
      last = end;
      open--;
      if (open === 0) onIdle();
    };
  };
  return new Promise((resolve, reject) => {
    const whole = async (onResponse: (response: CallResult) => void) => {
      const begun = begin(track);
      begun.then(resolve, reject);
      try {
        await begun;
        if (open > 0) await new Promise<void>((idle) => (onIdle = idle));
      } finally {
        if (last !== undefined) onResponse(last);
      }
      if (last?.error !== undefined) throw last.error;
    };
    observedCall(method, server, whole, rpcErrorOf).catch(() => undefined);
  });
}

/** The part of a call's end that is known from its response. */
export interface CallResult
  extends Required<Pick<CallEvent, "attempts" | "history">>,
    Pick<CallEvent, "requestMessages" | "responseMessages"> {
  readonly status: number;
}

/**
 * Makes a call and publishes its start and end.
 *
 * @param begin makes the call, and reports its response as soon as there is one
 * @param rpcErrorOf finds the RpcError behind what the call rejects with, if there is one
 */
export function observedCall<T>(
  method: string,
  server: ServerAddress,
  begin: (onResponse: (response: CallResult) => void) => Promise<T>,
  rpcErrorOf = asRpcError,
): Promise<T> {
  const startedAt = performance.now();
  const event: { -readonly [Key in keyof CallEvent]: CallEvent[Key] } = { method, ...server };
  const onResponse = ({ status, attempts, history, requestMessages, responseMessages }: CallResult) => {
    Object.assign(event, { status, attempts, history });
    if (requestMessages !== undefined) Object.assign(event, { requestMessages, responseMessages });
  };
  return traceStart(channel, event, () => begin(onResponse)).then(
    (value) => {
      Object.assign(event, { code: Code.OK, durationMs: performance.now() - startedAt });
      publishEnd(channel, event);
      return value;
    },
    (error) => {
      Object.assign(event, endOf(rpcErrorOf(error)), { durationMs: performance.now() - startedAt, error });
      publishEnd(channel, event);
      throw error;
    },
  );
}

function asRpcError(error: unknown): RpcError | undefined {
  return error instanceof RpcError ? error : undefined;
}

/** The outcome of an error that is not an RpcError is not known. */
function endOf(error: RpcError | undefined): Partial<CallEvent> {
  if (error === undefined) return { code: Code.Unknown, outcome: "unknown" };
  const { code, outcome, status, attempts, history } = error;
  return { code, outcome, status, attempts, history };
}
