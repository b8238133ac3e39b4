import type { CallOptions } from "../../src/index.ts";
import type { Fault, RefusalFault } from "../../src/testing/index.ts";
import type { Random } from "../fuzz/random.ts";

/** What a part of a chaotic run is like. */
export interface Weather {
  /** The part of the calls that meet a fault: little enough for retries to happen, or so much that they are held back. */
  readonly faults: number;
  readonly cancellations: number;
  readonly shortDeadlines: number;
  readonly revocations: number;
  readonly idleCloses: number;
}

export function weather(random: Random): Weather {
  return {
    faults: random.pick([0.05, 0.1, 0.3, 0.6]),
    cancellations: random.pick([0, 0.02, 0.1]),
    shortDeadlines: random.pick([0, 0.05, 0.2]),
    revocations: random.pick([0, 0.002, 0.005]),
    idleCloses: random.pick([0, 0.02, 0.1]),
  };
}

/**
 * Something that goes wrong. The server acts or not before it does, except where its answer is a promise that it
 * did not: a client cannot see through a lie.
 */
export function chaoticFault(random: Random): Fault | RefusalFault {
  const execute = random.chance(0.5);
  const where = random.pick(["before-answer", "in-answer"] as const);
  switch (random.below(12)) {
    case 0:
      return { kind: "reset", where, how: random.pick(["reset", "close"]), execute };
    case 1:
      return { kind: "reset", how: random.pick(["refused", "goaway"]) };
    case 2:
      return { kind: "hang", where, execute };
    case 3:
      return { kind: "delay", ms: random.below(40), execute };
    case 4:
      return { kind: "status", status: random.pick([429, 500, 502, 503, 504]), execute };
    case 5:
      return { kind: "status", status: random.pick([429, 503]), retryAfter: 0 };
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
        ? { kind: "truncate", bytes: random.below(20), execute }
        : { kind: "oversize", bytes: random.below(60_000), announced: random.chance(0.5), execute };
    default:
      return random.chance(0.5)
        ? { kind: "json-only" }
        : { kind: "refusal", error: { code: random.pick([0, 5, 9, 503]), message: "no" } };
  }
}

/** What goes wrong with the exchange of the API key. */
export function tokenFault(random: Random): Fault {
  return random.pick<Fault>([
    { kind: "status", status: random.pick([401, 500, 503]) },
    { kind: "reset" },
    { kind: "delay", ms: 30 },
    { kind: "garbage" },
  ]);
}

/** What is asked of one call, and what stops it. */
export interface ChaoticCall {
  readonly options: CallOptions;
  /** To be called when the call is over. */
  done(): void;
}

export function chaoticCall(random: Random, { cancellations, shortDeadlines }: Weather): ChaoticCall {
  const timeoutMs = random.chance(shortDeadlines) ? 1 + random.below(50) : 500;
  if (!random.chance(cancellations)) return { options: { timeoutMs }, done: () => undefined };
  const controller = new AbortController();
  const { signal } = controller;
  const abort = () => controller.abort();
  if (random.chance(0.1)) abort();
  else if (random.chance(0.3)) setImmediate(abort);
  const timer = setTimeout(abort, random.below(30));
  return { options: { timeoutMs, signal }, done: () => clearTimeout(timer) };
}
