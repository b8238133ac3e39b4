import { setTimeout as delay } from "node:timers/promises";
import { type Dispatcher, H2CClient, Pool } from "undici";
import { Code, JobsClient, type Outcome, RpcError } from "../../src/index.ts";
import { type JobsServer, startJobsServer } from "../../src/testing/index.ts";
import { Random } from "../fuzz/random.ts";
import {
  type ChaoticCall,
  chaoticCall,
  chaoticFault,
  tokenFault,
  type Weather,
  weather,
} from "./chaos-plan.ts";

/** What became of the calls of a run. */
export interface ChaosCounts {
  calls: number;
  ok: number;
  notSent: number;
  rejected: number;
  unknown: number;
  /** Of the unknown ones, those whose job was run after all. */
  unknownButRun: number;
  deadlines: number;
  cancelled: number;
  /** Attempts besides the first of each call. */
  retries: number;
  tokenExchanges: number;
  // What must not be.
  runTwice: number;
  calledUndoneButRun: number;
  okButNotRun: number;
  /** Came back as a value that is not the one that the server made. */
  okButOther: number;
  untypedErrors: number;
  hung: number;
}

/** The counts that have to be 0. */
export const forbidden = [
  "runTwice",
  "calledUndoneButRun",
  "okButNotRun",
  "okButOther",
  "untypedErrors",
  "hung",
] as const;

const IN_FLIGHT = 96;
/** A client has its own throttle, token and pool, so now and then there is a new one. */
const CALLS_PER_CLIENT = 500;

type End = "ok" | "other" | Outcome | "untyped" | "hung";

/** Runs jobs, each one once and with its own id, while everything goes wrong, and counts what became of them. */
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
  const conditions = weather(random);
  const runs = new Map<string, number>();
  const server = await startJobsServer({
    http2,
    recordLimit: 0,
    // The job store refuses to run a job twice, so what counts is how often it was about to.
    onRequest: ({ headers }) => {
      const id = String(headers["x-job-id"]);
      runs.set(id, (runs.get(id) ?? 0) + 1);
    },
  });
  const dispatcher = http2 ? http2Pool(server.baseUrl) : undefined;
  const setting = { random, conditions, server, counts };
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
  // Whatever the server still does for callers that are gone, it has done after this.
  await server.close();
  for (const [i, end] of ends.entries()) count(end, runs.get(`job-${i}`) ?? 0, counts);
}

interface Setting {
  readonly random: Random;
  readonly conditions: Weather;
  readonly server: JobsServer;
  readonly client: JobsClient;
  readonly watch: Watch;
  readonly counts: ChaosCounts;
}

async function oneCall(setting: Setting, id: string): Promise<End> {
  const { random, conditions, server, client, watch, counts } = setting;
  server.addJob(id);
  if (random.chance(conditions.faults)) server.fault(chaoticFault(random), { rpc: "RunJob" });
  if (random.chance(conditions.idleCloses)) server.closeIdleConnections();
  if (random.chance(conditions.revocations)) {
    server.revokeTokens();
    if (random.chance(0.02)) server.fault(tokenFault(random), { rpc: "AccessToken" });
  }
  const config = random.chance(0.7) ? { taskTimeout: random.below(10_000), isTestJob: true } : undefined;
  const chaotic = chaoticCall(random, conditions);
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

/** A call under way. */
interface Watched {
  /** How many calls had ended when this one began. */
  readonly since: number;
  /** In which turn it was ended from outside. */
  endedAt?: number;
  hangs(end: "hung"): void;
}

/**
 * Ends calls that would wait for ever, and finds those that do all the same. It goes by what happens meanwhile, not by
 * how long that takes: a machine that is busy with something else sees the same run.
 */
class Watch implements AsyncDisposable {
  /** A call is ended when so many that began later or with it are over. */
  static readonly #LATE_CALLS = 3 * IN_FLIGHT;
  /** So many turns of the event loop, of a millisecond at least, without an end of any call: those that are left wait. */
  static readonly #QUIET_TURNS = 100;
  /** A call that has not ended so many turns after it was told to counts as hanging. */
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

function http2Pool(baseUrl: string): Dispatcher {
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
      if (runs > 0) counts.calledUndoneButRun++;
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
    calledUndoneButRun: 0,
    okButNotRun: 0,
    okButOther: 0,
    untypedErrors: 0,
    hung: 0,
  };
}
