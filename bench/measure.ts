import { type PinnedProcess, startPinned } from "./pinned-process.ts";
import type { ServerUsage } from "./server-process.ts";
import { type Figure, figureOf } from "./statistics.ts";
import type { Round, RoundTask } from "./way-process.ts";
import type { WayName } from "./ways/all.ts";
import type { Origins } from "./ways/way.ts";

/** What is measured, and for how long. */
export interface Plan {
  readonly ways: readonly WayName[];
  readonly inFlight: readonly number[];
  readonly rounds: number;
  readonly calls: number;
  /** The number of calls before the rounds, while V8 compiles and connections are opened. */
  readonly warmupCalls: number;
}

/** The result of one way with a number of calls in flight. */
export interface Result {
  readonly way: WayName;
  readonly inFlight: number;
  /** CPU time of the client for each call, in microseconds. */
  readonly cpu: Figure;
  readonly perSecond: Figure;
  /** Latencies in milliseconds. */
  readonly p50: Figure;
  readonly p99: Figure;
  /** The server's CPU time for each call, in microseconds. */
  readonly serverCpu: Figure;
  /** Bytes on the wire for each call, with all headers. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Calls before each round: the ways take turns, so the connections have been idle and may have to be opened again. */
const UNCOUNTED_CALLS = 1_500;
const SERVER_CORE = 0;
const CLIENT_CORE = 1;

/**
 * Measures the ways side by side. Each has a process, and one process works at a time. The order of the ways rotates from
 * round to round, so that changes of the machine affect all of them.
 */
export async function measure(plan: Plan, onProgress: (text: string) => void): Promise<Result[]> {
  const server = await startPinned<Origins, ServerUsage>("server-process.ts", [], SERVER_CORE);
  const origins = JSON.stringify(server.first);
  const processes = new Map<WayName, PinnedProcess<Round>>();
  try {
    for (const way of plan.ways) {
      processes.set(way, await startPinned<"ready", Round>("way-process.ts", [way, origins], CLIENT_CORE));
    }
    const results: Result[] = [];
    for (const inFlight of plan.inFlight) {
      results.push(...(await measureAt(inFlight, plan, server, processes, onProgress)));
    }
    return results;
  } finally {
    for (const process of processes.values()) process.close();
    server.close();
  }
}

interface Measured extends Round {
  readonly serverCpu: number;
  readonly sent: number;
  readonly received: number;
}

async function measureAt(
  inFlight: number,
  { ways, rounds, calls, warmupCalls }: Plan,
  server: PinnedProcess<ServerUsage>,
  processes: ReadonlyMap<WayName, PinnedProcess<Round>>,
  onProgress: (text: string) => void,
): Promise<Result[]> {
  const measured = new Map<WayName, Measured[]>(ways.map((way) => [way, []]));
  for (const way of ways) {
    onProgress(`${inFlight} in flight: warming up ${way}`);
    await processes.get(way)?.request({ calls: warmupCalls, inFlight });
  }
  for (let round = 0; round < rounds; round++) {
    onProgress(`${inFlight} in flight: round ${round + 1} of ${rounds}`);
    const first = round % ways.length;
    for (const way of [...ways.slice(first), ...ways.slice(0, first)]) {
      const result = await oneRound(processes.get(way) as PinnedProcess<Round>, server, { calls, inFlight });
      measured.get(way)?.push(result);
    }
  }
  return ways.map((way) => resultOf(way, inFlight, measured.get(way) ?? []));
}

async function oneRound(
  client: PinnedProcess<Round>,
  server: PinnedProcess<ServerUsage>,
  task: RoundTask,
): Promise<Measured> {
  await client.request({ ...task, calls: UNCOUNTED_CALLS });
  const before = await server.request({});
  const round = await client.request(task);
  const after = await server.request({});
  const { calls } = task;
  return {
    ...round,
    serverCpu: (after.cpu - before.cpu) / calls,
    sent: (after.received - before.received) / calls,
    received: (after.sent - before.sent) / calls,
  };
}

function resultOf(way: WayName, inFlight: number, rounds: readonly Measured[]): Result {
  const figure = (key: keyof Measured) => figureOf(rounds.map((round) => round[key]));
  return {
    way,
    inFlight,
    cpu: figure("cpu"),
    perSecond: figure("perSecond"),
    p50: figure("p50"),
    p99: figure("p99"),
    serverCpu: figure("serverCpu"),
    bytesSent: figure("sent").median,
    bytesReceived: figure("received").median,
  };
}
