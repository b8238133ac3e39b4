import { type Asked, startPinned } from "./pinned-process.ts";
import type { ServerUsage } from "./server-process.ts";
import { type Figure, figureOf } from "./statistics.ts";
import type { Round, RoundOrder } from "./way-process.ts";
import type { WayName } from "./ways/all.ts";
import type { Origins } from "./ways/way.ts";

/** What is measured, and for how long. */
export interface Plan {
  readonly ways: readonly WayName[];
  readonly inFlight: readonly number[];
  readonly rounds: number;
  readonly calls: number;
  /** Calls of each way before the rounds, which count for nothing: V8 still compiles, and connections are made. */
  readonly warmupCalls: number;
}

/** What one way came to, with so many calls in flight. */
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
  /** On the wire for each call, all headers counted, in bytes. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Before each round: the ways take turns, and a connection that was idle for that long has to be made again. */
const UNCOUNTED_CALLS = 1_500;
const SERVER_CORE = 0;
const CLIENT_CORE = 1;

/**
 * Measures the ways side by side: a process each, all there from the start, one at work at a time, in rounds whose
 * order is rotated, so that what the machine does meanwhile is shared by all.
 */
export async function measure(plan: Plan, onProgress: (text: string) => void): Promise<Result[]> {
  const server = await startPinned<Origins, ServerUsage>("server-process.ts", [], SERVER_CORE);
  const origins = JSON.stringify(server.first);
  const processes = new Map<WayName, Asked<Round>>();
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
  server: Asked<ServerUsage>,
  processes: ReadonlyMap<WayName, Asked<Round>>,
  onProgress: (text: string) => void,
): Promise<Result[]> {
  const measured = new Map<WayName, Measured[]>(ways.map((way) => [way, []]));
  for (const way of ways) {
    onProgress(`${inFlight} in flight: warming up ${way}`);
    await processes.get(way)?.ask({ calls: warmupCalls, inFlight });
  }
  for (let round = 0; round < rounds; round++) {
    onProgress(`${inFlight} in flight: round ${round + 1} of ${rounds}`);
    const first = round % ways.length;
    for (const way of [...ways.slice(first), ...ways.slice(0, first)]) {
      const result = await oneRound(processes.get(way) as Asked<Round>, server, { calls, inFlight });
      measured.get(way)?.push(result);
    }
  }
  return ways.map((way) => resultOf(way, inFlight, measured.get(way) ?? []));
}

async function oneRound(
  client: Asked<Round>,
  server: Asked<ServerUsage>,
  order: RoundOrder,
): Promise<Measured> {
  await client.ask({ ...order, calls: UNCOUNTED_CALLS });
  const before = await server.ask({});
  const round = await client.ask(order);
  const after = await server.ask({});
  const { calls } = order;
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
