// npm run soak [-- --calls 1000000]: checks that memory does not grow from a hundred thousand calls to a million, and that
// a closed client leaves no handles and listeners.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { JobsClient } from "../../src/index.ts";

const { values } = parseArgs({ options: { calls: { type: "string", default: "1000000" } } });
const total = Number(values.calls);
const step = Math.ceil(total / 10);
const IN_FLIGHT = 64;

const server = fork(new URL("./served.ts", import.meta.url));
const [baseUrl] = (await once(server, "message")) as [string];
const { signal } = new AbortController();
let listeners = 0;
countListeners();
const before = process.getActiveResourcesInfo();

const client = new JobsClient({ baseUrl, accessToken: "token-1" });
const rows: Record<string, number>[] = [];
for (let done = 0; done < total; done += step) {
  const startedAt = performance.now();
  await manyCalls(Math.min(step, total - done));
  const seconds = (performance.now() - startedAt) / 1_000;
  const { heapUsed, rss } = memoryAfterGc();
  rows.push({
    calls: done + step,
    "heap used, MiB": heapUsed,
    "rss, MiB": rss,
    "calls per second": Math.round(step / seconds),
    listeners,
  });
}
console.table(rows);

await client.close();
// Closed handles leave the list in the next turns of the event loop.
await new Promise((resolve) => setTimeout(resolve, 100));
const left = leftOver(before);
console.log(`after close(): ${left.length === 0 ? "nothing" : left.join(", ")} left, ${listeners} listeners`);
const [second, last] = [rows[1], rows.at(-1)].map((row) => row?.["heap used, MiB"] ?? 0);
const growth = (last ?? 0) - (second ?? 0);
console.log(`the heap grew by ${growth.toFixed(1)} MiB from ${step * 2} calls to ${total}`);
if (left.length > 0 || listeners > 0 || growth > 5) process.exitCode = 1;
await ended(server);

async function manyCalls(count: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) {
      const id = `job-${i}`;
      // All calls share a signal, so listeners that are not removed add up.
      if (i % 3 === 0) await client.run(id, { taskTimeout: 3_600, isTestJob: true }, { signal });
      else if (i % 3 === 1) await client.abort(id, { signal });
      else await client.delete(id, { signal });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

function countListeners(): void {
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
}

function memoryAfterGc(): { readonly heapUsed: number; readonly rss: number } {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  globalThis.gc();
  const { heapUsed, rss } = process.memoryUsage();
  const mebibytes = (bytes: number) => Math.round((bytes / 2 ** 20) * 10) / 10;
  return { heapUsed: mebibytes(heapUsed), rss: mebibytes(rss) };
}

/** The resources that keep this process alive and did not before. */
function leftOver(before: readonly string[]): string[] {
  const left = process.getActiveResourcesInfo();
  for (const resource of before) {
    const i = left.indexOf(resource);
    if (i >= 0) left.splice(i, 1);
  }
  return left;
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.disconnect();
  await exit;
}
