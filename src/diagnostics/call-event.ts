import { tracingChannel } from "node:diagnostics_channel";
import { Code } from "../errors/code.ts";
import type { Outcome } from "../errors/outcome.ts";
import { type AttemptRecord, RpcError } from "../errors/rpc-error.ts";
import { finished, traced } from "./traced.ts";

/** Where calls go. */
export interface ServerAddress {
  /** The host of the base URL: a name, or an address. */
  readonly serverAddress: string;
  readonly serverPort: number;
}

/**
 * A call, as the subscribers of `tracingChannel("bytenite-jobs:call")` (node:diagnostics_channel) see it: one object
 * from its `start` to its `asyncEnd`. Nothing of a message, a header or a credential is in it, but what a server says
 * of an error is in that error.
 */
export interface CallEvent extends ServerAddress {
  /** The rpc's full name, for instance `"bytenite.customer.Customer/RunJob"`. */
  readonly method: string;
  /** `Code.OK`, or the error's code. What follows is there from `asyncStart` on, and at `error`. */
  readonly code?: Code;
  /** Whether it happened, if it failed. */
  readonly outcome?: Outcome;
  /** The HTTP status of the last answer, if there was one. */
  readonly status?: number | undefined;
  /**
   * How many requests were begun for what the call ended with, its answer or its error. Those of what an interceptor
   * asked for besides, with a `next` whose end it kept to itself, are not among them; undefined if the call ended with
   * something that is no RpcError. The attempt channel shows every request.
   */
  readonly attempts?: number;
  /** One record for each of these attempts. */
  readonly history?: readonly AttemptRecord[];
  /** From beginning to end, with all attempts and waits, in milliseconds. */
  readonly durationMs?: number;
  /** What the call rejects with: there if it failed, and only then. An interceptor may throw anything, even `undefined`. */
  readonly error?: unknown;
}

const channel = tracingChannel<unknown, CallEvent>("bytenite-jobs:call");

/** Whether anybody wants to know of calls. */
export function callsAreObserved(): boolean {
  return channel.hasSubscribers;
}

/** The end of a call that is observed, as far as only its answer knows it. */
export type CallResult = Required<Pick<CallEvent, "attempts" | "history">> & { readonly status: number };

/**
 * Makes a call for its observers to see.
 *
 * @param begin makes the call, and tells what it was answered as soon as that is known
 * @param rpcErrorOf what is known of what the call rejects with; what an interceptor throws may be anything
 */
export function observedCall<T>(
  method: string,
  server: ServerAddress,
  begin: (answered: (answer: CallResult) => void) => Promise<T>,
  rpcErrorOf = itselfIfRpcError,
): Promise<T> {
  const startedAt = performance.now();
  const event: { -readonly [Key in keyof CallEvent]: CallEvent[Key] } = { method, ...server };
  const answered = ({ status, attempts, history }: CallResult) =>
    void Object.assign(event, { status, attempts, history });
  return traced(channel, event, () => begin(answered)).then(
    (value) => {
      Object.assign(event, { code: Code.OK, durationMs: performance.now() - startedAt });
      finished(channel, event);
      return value;
    },
    (error) => {
      Object.assign(event, endOf(rpcErrorOf(error)), { durationMs: performance.now() - startedAt, error });
      finished(channel, event);
      throw error;
    },
  );
}

function itselfIfRpcError(error: unknown): RpcError | undefined {
  return error instanceof RpcError ? error : undefined;
}

/** Of an error that is nothing of ours nobody knows what happened. */
function endOf(error: RpcError | undefined): Partial<CallEvent> {
  if (error === undefined) return { code: Code.Unknown, outcome: "unknown" };
  const { code, outcome, status, attempts, history } = error;
  return { code, outcome, status, attempts, history };
}
