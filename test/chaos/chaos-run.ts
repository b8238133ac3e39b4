import { setTimeout as delay } from "node:timers/promises";
import { type Dispatcher, H2CClient, Pool } from "undici";
import { Code, JobsClient, type Outcome, RpcError } from "../../src/index.ts";
import { type JobsServer, startJobsServer } from "../../src/testing/index.ts";
import { Random } from "../fuzz/random.ts";
import {
  type ChaoticCall,
  chaoticCall,
  chaoticFault,
  type FaultRates,
  faultRates,
  tokenFault,
} from "./chaos-plan.ts";

/** The results of the calls of a run. */
export interface ChaosCounts {
  calls: number;
  ok: number;
  notSent: number;
  rejected: number;
  unknown: number;
  /** The unknown calls whose job was run. */
  unknownButRun: number;
  deadlines: number;
  cancelled: number;
  /** Attempts after the first of each call. */
  retries: number;
  tokenExchanges: number;
  // These have to be 0.
  runTwice: number;
  notDoneButRun: number;
  okButNotRun: number;
  /** Resolved with another value than the server's. */
  okButOther: number;
  untypedErrors: number;
  hung: number;
}

/** The names of the counts that have to be 0. */
export const forbidden = [
  "runTwice",
  "notDoneButRun",
  "okButNotRun",
  "okButOther",
  "untypedErrors",
  "hung",
] as const;

const IN_FLIGHT = 96;
/** Each client has its own throttle, token and pool, so a run uses several. */
const CALLS_PER_CLIENT = 500;

type End = "ok" | "other" | Outcome | "untyped" | "hung";

/** Runs jobs with random faults, each with its own id, and counts the results. */
export async function chaosRun(seed: number, calls: number): Promise<ChaosCounts> {
  const random = new Random(seed);
  const counts = noCounts();
  for (let first = 0; first < calls; first += CALLS_PER_CLIENT) {
    await chaosOfOneClient(random, Math.min(CALLS_PER_CLIENT, calls - first), counts);
  }
  return counts;
}

async function chaosOfOneClient(random: Random, calls: number, counts: ChaosCounts): Promise<void> {
  const http2 = random.chance(0.4);
  const rates = faultRates(random);
  const runs = new Map<string, number>();
  const server = await startJobsServer({
    http2,
    recordLimit: 0,
    // Counts requests for each job, because the job store rejects a second run.
    onRequest: ({ headers }) => {
      const id = String(headers["x-job-id"]);
      runs.set(id, (runs.get(id) ?? 0) + 1);
    },
  });
  const dispatcher = http2 ? http2Pool(server.baseUrl) : undefined;
  const setting = { random, rates, server, counts };
  const client = chaoticClient(setting, dispatcher);
  await using watch = new Watch();
  const ends: End[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < calls; i = next++) {
      ends[i] = await oneCall({ ...setting, client, watch }, `job-${i}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  await client.close();
  await dispatcher?.destroy();
  counts.tokenExchanges += server.tokenExchanges;
  // After this, the server has executed all calls, even those that were cancelled.
  await server.close();
  for (const [i, end] of ends.entries()) count(end, runs.get(`job-${i}`) ?? 0, counts);
}

interface Setting {
  readonly random: Random;
  readonly rates: FaultRates;
  readonly server: JobsServer;
  readonly client: JobsClient;
  readonly watch: Watch;
  readonly counts: ChaosCounts;
}

async function oneCall(setting: Setting, id: string): Promise<End> {
  const { random, rates, server, client, watch, counts } = setting;
  server.addJob(id);
  if (random.chance(rates.faults)) server.fault(chaoticFault(random), { rpc: "RunJob" });
  if (random.chance(rates.idleCloses)) server.closeIdleConnections();
  if (random.chance(rates.revocations)) {
    server.revokeTokens();
    if (random.chance(0.02)) server.fault(tokenFault(random), { rpc: "AccessToken" });
  }
  const config = random.chance(0.7) ? { taskTimeout: random.below(10_000), isTestJob: true } : undefined;
  const chaotic = chaoticCall(random, rates);
  const call = client.run(id, config, { ...chaotic.options, headers: { "x-job-id": id } });
  try {
    const end = await Promise.race([call, watch.over(chaotic)]);
    if (end === "hung") return "hung";
    return end.message === `job ${id} is running` && end.requestId.startsWith("request-") ? "ok" : "other";
  } catch (error) {
    if (!(error instanceof RpcError)) {
      console.error(`an untyped error of ${id}:`, error);
      return "untyped";
    }
    counts.retries += Math.max(error.attempts - 1, 0);
    if (error.code === Code.DeadlineExceeded && error.status === undefined) counts.deadlines++;
    if (error.code === Code.Cancelled) counts.cancelled++;
    return error.outcome;
  } finally {
    watch.isOver(chaotic);
  }
}

/** A call in flight. */
interface Watched {
  /** How many calls had ended when this one began. */
  readonly since: number;
  /** The turn in which the watch cancelled it. */
  endedAt?: number;
  hangs(end: "hung"): void;
}

/**
 * Cancels calls that would wait forever, and finds those that hang even then. It counts events instead of time, so a busy
 * machine has the same run.
 */
export class Watch implements AsyncDisposable {
  /** A call is cancelled when so many calls that began with it or later have ended. */
  static readonly #LATE_CALLS = 3 * IN_FLIGHT;
  /** All calls are cancelled after so many turns of the event loop, of at least a millisecond, in which no call ended. */
  static readonly #QUIET_TURNS = 100;
  /** A call hangs if it has not ended so many turns after it was cancelled. */
  static readonly #PATIENCE_TURNS = 5_000;

  readonly #calls = new Map<ChaoticCall, Watched>();
  readonly #turns: Promise<void>;
  #ended = 0;
  #endedInTurn = 0;
  #turn = 0;
  #isOver = false;

  constructor() {
    this.#turns = this.#watch();
  }

  /** Resolves if the call hangs. */
  over(call: ChaoticCall): Promise<"hung"> {
    return new Promise((hangs) => {
      this.#calls.set(call, { since: this.#ended, hangs });
    });
  }

  isOver(call: ChaoticCall): void {
    call.done();
    this.#calls.delete(call);
    this.#ended++;
    this.#endedInTurn = this.#turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#turns;
  }

  async #watch(): Promise<void> {
    for (; !this.#isOver; this.#turn++) {
      await delay(1);
      const isQuiet = this.#turn - this.#endedInTurn > Watch.#QUIET_TURNS;
      for (const [call, watched] of this.#calls) {
        if (watched.endedAt !== undefined) {
          if (this.#turn - watched.endedAt > Watch.#PATIENCE_TURNS) watched.hangs("hung");
        } else if (isQuiet || this.#ended - watched.since > Watch.#LATE_CALLS) {
          watched.endedAt = this.#turn;
          call.end();
        }
      }
    }
  }
}

function chaoticClient(
  { server, random, counts }: Omit<Setting, "client" | "watch">,
  dispatcher: Dispatcher | undefined,
): JobsClient {
  return new JobsClient({
    baseUrl: server.baseUrl,
    apiKey: server.apiKey,
    encoding: random.pick(["protobuf", "protobuf", "json"]),
    maxResponseBytes: 30_000,
    retry: { initialBackoffMs: 1 + random.below(5), maxBackoffMs: 20 },
    dispatcher,
    interceptors: [
      (next) => async (request) => {
        const response = await next(request);
        counts.retries += response.attempts - 1;
        return response;
      },
    ],
  });
}

export function http2Pool(baseUrl: string): Dispatcher {
  return new Pool(new URL(baseUrl).origin, { connections: 4, factory: (origin) => new H2CClient(origin) });
}

function count(end: End, runs: number, counts: ChaosCounts): void {
  counts.calls++;
  if (runs > 1) counts.runTwice++;
  switch (end) {
    case "ok":
      counts.ok++;
      if (runs === 0) counts.okButNotRun++;
      break;
    case "other":
      counts.okButOther++;
      break;
    case "not_sent":
    case "rejected":
      counts[end === "rejected" ? "rejected" : "notSent"]++;
      if (runs > 0) counts.notDoneButRun++;
      break;
    case "unknown":
      counts.unknown++;
      if (runs > 0) counts.unknownButRun++;
      break;
    default:
      counts[end === "hung" ? "hung" : "untypedErrors"]++;
  }
}

function noCounts(): ChaosCounts {
  return {
    calls: 0,
    ok: 0,
    notSent: 0,
    rejected: 0,
    unknown: 0,
    unknownButRun: 0,
    deadlines: 0,
    cancelled: 0,
    retries: 0,
    tokenExchanges: 0,
    runTwice: 0,
    notDoneButRun: 0,
    okButNotRun: 0,
    okButOther: 0,
    untypedErrors: 0,
    hung: 0,
  };
}
