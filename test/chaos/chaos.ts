// npm run chaos [-- --calls 100000 --streams 20000 --seed 7]
import { parseArgs } from "node:util";
import { type ChaosCounts, chaosRun, forbidden } from "./chaos-run.ts";
import { type ChaosStreamCounts, chaosOfStreams, forbiddenOfStreams } from "./chaos-streams.ts";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "100000" },
    streams: { type: "string", default: "20000" },
    seed: { type: "string" },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const total = Number(values.calls);
const round = 10_000;
let sum: ChaosCounts | undefined;

for (let done = 0, i = 0; done < total; done += round, i++) {
  const startedAt = performance.now();
  const counts = await chaosRun(seed + i, Math.min(round, total - done));
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const wrong = forbidden.map((name) => counts[name]).reduce((a, b) => a + b);
  console.log(`seed ${seed + i}: ${counts.calls} calls in ${seconds} s, ${counts.ok} ok, ${wrong} wrong`);
  for (const key of Object.keys(counts) as (keyof ChaosCounts)[]) {
    if (sum !== undefined) sum[key] += counts[key];
  }
  sum ??= counts;
}
if (sum !== undefined) console.table(sum);
if (sum !== undefined && forbidden.some((name) => sum[name] > 0)) process.exitCode = 1;

const totalStreams = Number(values.streams);
const streamRound = 4_000;
let streams: ChaosStreamCounts | undefined;
for (let done = 0, i = 0; done < totalStreams; done += streamRound, i++) {
  const counts = await chaosOfStreams(seed + i, Math.min(streamRound, totalStreams - done));
  const wrong = forbiddenOfStreams.map((name) => counts[name]).reduce((a, b) => a + b);
  console.log(`seed ${seed + i}: ${counts.streams} streams, ${counts.ended} ended, ${wrong} wrong`);
  for (const key of Object.keys(counts) as (keyof ChaosStreamCounts)[]) {
    if (streams !== undefined) streams[key] += counts[key];
  }
  streams ??= counts;
}
if (streams !== undefined) console.table(streams);
if (streams !== undefined && forbiddenOfStreams.some((name) => streams[name] > 0)) process.exitCode = 1;
