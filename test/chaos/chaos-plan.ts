import type { CallOptions } from "../../src/index.ts";
import type { Fault, RefusalFault } from "../../src/testing/index.ts";
import type { Random } from "../fuzz/random.ts";

/** How often things go wrong in a part of a run. */
export interface FaultRates {
  /** The share of calls with a fault: low, so that retries happen, or high, so that they are throttled. */
  readonly faults: number;
  readonly cancellations: number;
  readonly shortDeadlines: number;
  readonly revocations: number;
  readonly idleCloses: number;
}

export function faultRates(random: Random): FaultRates {
  return {
    faults: random.pick([0.05, 0.1, 0.3, 0.6]),
    cancellations: random.pick([0, 0.02, 0.1]),
    shortDeadlines: random.pick([0, 0.05, 0.2]),
    revocations: random.pick([0, 0.002, 0.005]),
    idleCloses: random.pick([0, 0.02, 0.1]),
  };
}

/**
 * A random fault. The server executes the call or not, except where its response claims that it did not: a client cannot
 * detect a false claim. A 503 claims nothing, because its proxy may have lost the server in the middle of the call.
 */
export function chaoticFault(random: Random): Fault | RefusalFault {
  const execute = random.chance(0.5);
  const where = random.pick(["before-answer", "in-answer"] as const);
  switch (random.below(12)) {
    case 0: {
      const how = random.pick(["reset", "close"] as const);
      // Two bytes are a whole message, `ok: true`.
      return random.chance(0.5)
        ? { kind: "reset", where, how, execute }
        : { kind: "reset", where: "in-answer", how, announced: false, bytes: random.below(5), execute };
    }
    case 1:
      return { kind: "reset", how: random.pick(["refused", "goaway"]) };
    case 2:
      return { kind: "hang", where, execute };
    case 3:
      return { kind: "delay", ms: random.below(40), execute };
    case 4:
      return { kind: "status", status: random.pick([429, 500, 502, 503, 504]), execute };
    case 5:
      return random.chance(0.5)
        ? { kind: "status", status: 429, retryAfter: 0 }
        : { kind: "status", status: 503, retryAfter: 0, execute };
    case 6:
      return { kind: "status", status: random.pick([400, 401, 403, 404, 406, 409, 415, 501]) };
    case 7:
      return { kind: "html", status: random.pick([502, 503]), execute };
    case 8:
      return { kind: "garbage", execute };
    case 9:
      return {
        kind: "content-type",
        contentType: random.pick(["", "text/html", "application/json"]),
        execute,
      };
    case 10:
      return random.chance(0.5)
        ? // Within `request_id`: truncated at the end of a field, a body of the right length is a valid message.
          { kind: "truncate", bytes: 3 + random.below(8), execute }
        : { kind: "oversize", bytes: random.below(60_000), announced: random.chance(0.5), execute };
    default:
      return random.chance(0.5)
        ? { kind: "json-only" }
        : { kind: "refusal", error: { code: random.pick([0, 5, 9, 503]), message: "no" } };
  }
}

/** A random fault of the exchange of the API key. */
export function tokenFault(random: Random): Fault {
  return random.pick<Fault>([
    { kind: "status", status: random.pick([401, 500, 503]) },
    { kind: "reset" },
    { kind: "delay", ms: 30 },
    { kind: "garbage" },
  ]);
}

/** The options of one call, and how it is cancelled. */
export interface ChaoticCall {
  readonly options: CallOptions;
  /** Cancels the call, as by its caller or by a deadline of its caller. */
  end(): void;
  /** Has to be called when the call has ended. */
  done(): void;
}

export function chaoticCall(random: Random, { cancellations, shortDeadlines }: FaultRates): ChaoticCall {
  // The other timeouts are never reached, however slow the machine is: the watch ends a call that waits forever.
  const timeoutMs = random.chance(shortDeadlines) ? 1 + random.below(50) : random.pick([0, 3_600_000]);
  const controller = new AbortController();
  const { signal } = controller;
  const isDeadline = random.chance(0.5);
  const end = () => controller.abort(isDeadline ? new DOMException("late", "TimeoutError") : undefined);
  const options = { timeoutMs, signal: random.chance(0.2) ? AbortSignal.any([signal]) : signal };
  if (!random.chance(cancellations)) return { options, end, done: () => undefined };
  if (random.chance(0.1)) end();
  else if (random.chance(0.3)) setImmediate(end);
  const timer = setTimeout(end, random.below(30));
  return { options, end, done: () => clearTimeout(timer) };
}
