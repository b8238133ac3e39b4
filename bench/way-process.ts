// One way to make the call, in its own process. Runs a round for each message.
import { googleWays, type WayName, ways } from "./ways/all.ts";
import type { Origins } from "./ways/way.ts";

/** One round to run. */
export interface RoundTask {
  readonly calls: number;
  readonly inFlight: number;
}

/** The result of one round. */
export interface Round {
  /** CPU time of the client for each call, in microseconds. */
  readonly cpu: number;
  readonly perSecond: number;
  /** Latencies in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

const [name, origins] = process.argv.slice(2) as [WayName, string];
const call = await (await { ...ways, ...googleWays }[name]())(JSON.parse(origins) as Origins);

async function round({ calls, inFlight }: RoundTask): Promise<Round> {
  const latencies = new Float64Array(calls);
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < calls; i = next++) {
      const startedAt = performance.now();
      await call();
      latencies[i] = performance.now() - startedAt;
    }
  };
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(before);
  latencies.sort();
  const at = (share: number) => latencies[Math.floor(share * (calls - 1))] ?? 0;
  return {
    cpu: (user + system) / calls,
    perSecond: (calls / elapsedMs) * 1_000,
    p50: at(0.5),
    p99: at(0.99),
  };
}

process.on("message", async (task: RoundTask) => {
  try {
    process.send?.(await round(task));
  } catch (error) {
    console.error(`${name}:`, error);
    process.exit(1);
  }
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
