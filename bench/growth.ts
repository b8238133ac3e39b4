// npm run bench:growth: how the cost of a call grows with the calls in flight, the length of bodies and the methods of a
// transport, and how much memory a call in flight takes. Side by side with bare dispatch, in rotated rounds.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import type { GrowthFigures, GrowthTask, GrowthWay } from "./growth-process.ts";
import { isPinned, type PinnedProcess, startPinned } from "./pinned-process.ts";
import type { ServerUsage } from "./server-process.ts";
import { figureOf, ratioOf } from "./statistics.ts";
import type { Origins } from "./ways/way.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
const ways: readonly GrowthWay[] = ["bare", "protobuf-es", "binary", "json"];
const BASE: GrowthWay = "bare";
const TITLES: Record<GrowthWay, string> = {
  bare: "bare dispatch",
  "protobuf-es": "bare dispatch + protobuf-es",
  binary: "bytenite-jobs, binary",
  json: "bytenite-jobs, JSON",
};

const server = await startPinned<Origins, ServerUsage>("server-process.ts", [], 0);
const args = [JSON.stringify(server.first)];
// One process for each way, so that the optimizations of V8 for one do not affect another.
const clients = new Map<GrowthWay, PinnedProcess<GrowthFigures>>();
for (const way of ways)
  clients.set(way, await startPinned<"ready", GrowthFigures>("growth-process.ts", args, 1));

const day = new Date().toISOString().slice(0, 10);
const place = `${cpus().length} cores of ${cpus()[0]?.model.trim() || process.arch}`;
const how = isPinned ? "server and client pinned to a core each" : "not pinned";
console.log(`${day}, ${place}, Node.js ${process.versions.node}, ${how}; npm run bench:growth`);
console.log(
  `CPU of the client in µs per call; medians of ${rounds} rounds, and of the ratios to bare dispatch within each`,
);

const inFlight = [1, 10, 32, 100, 316, 1_000];
await table("Calls in flight, with bodies of 10 bytes", inFlight, (count, way) => {
  return { kind: "calls", way, inFlight: count, bytes: 10, calls: 6_000 };
});

const lengths = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
await table("Bytes in the request and in the response body, 32 in flight", lengths, (bytes, way) => {
  return { kind: "calls", way, inFlight: 32, bytes, calls: Math.max(100, Math.min(6_000, 3e7 / bytes)) };
});

console.log("\n| methods of the transport | CPU µs per call | CPU µs to compile one |\n| --- | --- | --- |");
for (const methods of [1, 10, 100, 1_000, 10_000]) {
  const figures: GrowthFigures[] = [];
  for (let round = 0; round < rounds; round++)
    figures.push(await measure("binary", { kind: "methods", methods, calls: 6_000 }));
  const cpu = figureOf(figures.map((each) => each.cpu ?? 0)).median;
  const perMethod = figureOf(figures.map((each) => each.cpuPerMethod ?? 0)).median;
  console.log(`| ${methods.toLocaleString("en")} | ${cpu.toFixed(1)} | ${perMethod.toFixed(0)} |`);
}

console.log(
  `\nHeap in use for each call in flight, in bytes\n\n| | ${ways.map((way) => TITLES[way]).join(" | ")} |\n|${" --- |".repeat(ways.length + 1)}`,
);
for (const count of [10, 100, 1_000]) {
  const cells: string[] = [];
  for (const way of ways) {
    const { bytesPerCall = 0 } = await measure(way, { kind: "memory", way, inFlight: count });
    cells.push(bytesPerCall.toFixed(0));
  }
  console.log(`| ${count.toLocaleString("en")} | ${cells.join(" | ")} |`);
}

for (const client of clients.values()) client.close();
server.close();

function measure(way: GrowthWay, task: GrowthTask): Promise<GrowthFigures> {
  return (clients.get(way) as PinnedProcess<GrowthFigures>).request(task);
}

async function table(
  title: string,
  points: readonly number[],
  taskOf: (point: number, way: GrowthWay) => GrowthTask,
): Promise<void> {
  const titles = ways.map((way) => (way === BASE ? TITLES[way] : `${TITLES[way]} | ÷ bare`));
  console.log(`\n${title}\n\n| | ${titles.join(" | ")} |\n|${" --- |".repeat(2 * ways.length)}`);
  for (const point of points) {
    const measured = new Map<GrowthWay, number[]>(ways.map((way) => [way, []]));
    for (let round = 0; round < rounds; round++) {
      for (const way of [...ways.slice(round % ways.length), ...ways.slice(0, round % ways.length)]) {
        const { cpu = Number.NaN } = await measure(way, taskOf(point, way));
        measured.get(way)?.push(cpu);
      }
    }
    const figureFor = (way: GrowthWay) => figureOf(measured.get(way) ?? []);
    const cells = ways.map((way) => {
      const cpu = figureFor(way);
      const median = cpu.median.toFixed(1);
      return way === BASE ? median : `${median} | ${ratioOf(cpu, figureFor(BASE)).toFixed(2)}`;
    });
    console.log(`| ${point.toLocaleString("en")} | ${cells.join(" | ")} |`);
  }
}
