// npm run bench:growth: how the cost of a call grows with the calls in flight, the length of bodies and the methods of a
// transport, and how much memory a call in flight takes. Side by side with bare dispatch, in rotated rounds. With
// `-- --only "long bodies"`, only the tables whose titles contain that.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import type { GrowthFigures, GrowthTask, GrowthWay, LongBodyWay } from "./growth-process.ts";
import type { LongBodyName } from "./long-bodies.ts";
import { isPinned, type PinnedProcess, startPinned } from "./pinned-process.ts";
import type { ServerUsage } from "./server-process.ts";
import { type Figure, figureOf, ratioOf } from "./statistics.ts";
import type { Origins } from "./ways/way.ts";

const options = { rounds: { type: "string", default: "5" }, only: { type: "string", default: "" } } as const;
const { values } = parseArgs({ options });
const rounds = Number(values.rounds);

type Way = GrowthWay | LongBodyWay;
const ways: readonly GrowthWay[] = ["bare", "protobuf-es", "binary", "json"];
const longBodyWays: readonly LongBodyWay[] = ["bare", "floor", "protobuf-es", "bytenite-jobs"];
const BASE = "bare";
const TITLES: Record<Way, string> = {
  bare: "bare dispatch",
  floor: "floor",
  "protobuf-es": "bare dispatch + protobuf-es",
  binary: "bytenite-jobs, binary",
  json: "bytenite-jobs, JSON",
  "bytenite-jobs": "bytenite-jobs",
};

const server = await startPinned<Origins, ServerUsage>("server-process.ts", [], 0);
const args = [JSON.stringify(server.first)];
// One process for each way, so that the optimizations of V8 for one do not affect another.
const clients = new Map<string, PinnedProcess<GrowthFigures>>();

const day = new Date().toISOString().slice(0, 10);
const place = `${cpus().length} cores of ${cpus()[0]?.model.trim() || process.arch}`;
const how = isPinned ? "server and client pinned to a core each" : "not pinned";
console.log(`${day}, ${place}, Node.js ${process.versions.node}, ${how}; npm run bench:growth`);
console.log(
  `CPU of the client in µs per call; medians of ${rounds} rounds, and of the ratios to bare dispatch within each`,
);

const inFlight = [1, 10, 32, 100, 316, 1_000];
await table("Calls in flight, with bodies of 10 bytes", inFlight, ways, (count, way) => {
  return { kind: "calls", way, inFlight: count, bytes: 10, calls: 6_000 };
});

const lengths = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
await table("Bytes in the request and in the response body, 32 in flight", lengths, ways, (bytes, way) => {
  return { kind: "calls", way, inFlight: 32, bytes, calls: Math.max(100, Math.min(6_000, 3e7 / bytes)) };
});

const calls: Record<LongBodyName, number> = {
  "100 kB of text": 400,
  "1 MB of text": 96,
  "10,000 messages": 64,
  "1 MB of bytes": 96,
};
const bodies = Object.keys(calls) as LongBodyName[];
const longBodyPlans = bodies.flatMap((body) =>
  (["request", "response", "both"] as const).map((direction) => ({ body, direction })),
);
for (const encoding of ["binary", "json"] as const) {
  await table(
    `Long bodies, ${encoding}, 32 in flight`,
    longBodyPlans,
    longBodyWays,
    (plan, way) => ({ kind: "long body", way, inFlight: 32, calls: calls[plan.body], encoding, ...plan }),
    ({ body, direction }) => `${body}, ${direction}`,
  );
}

if (isWanted("Methods of the transport")) {
  console.log(
    "\n| methods of the transport | CPU µs per call | CPU µs to compile one |\n| --- | --- | --- |",
  );
  for (const methods of [1, 10, 100, 1_000, 10_000]) {
    const figures: GrowthFigures[] = [];
    for (let round = 0; round < rounds; round++)
      figures.push(await measure("binary", { kind: "methods", methods, calls: 6_000 }));
    const cpu = figureOf(figures.map((each) => each.cpu ?? 0)).median;
    const perMethod = figureOf(figures.map((each) => each.cpuPerMethod ?? 0)).median;
    console.log(`| ${methods.toLocaleString("en")} | ${cpu.toFixed(1)} | ${perMethod.toFixed(0)} |`);
  }
}

if (isWanted("Heap in use for each call in flight")) {
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
}

for (const client of clients.values()) client.close();
server.close();

function isWanted(title: string): boolean {
  return title.toLowerCase().includes(values.only.toLowerCase());
}

async function measure(client: string, task: GrowthTask): Promise<GrowthFigures> {
  let started = clients.get(client);
  if (started === undefined) {
    started = await startPinned<"ready", GrowthFigures>("growth-process.ts", args, 1);
    clients.set(client, started);
  }
  return started.request(task);
}

async function table<Point, W extends Way>(
  title: string,
  points: readonly Point[],
  columns: readonly W[],
  taskOf: (point: Point, way: W) => GrowthTask,
  nameOf = (point: Point) => Number(point).toLocaleString("en"),
): Promise<void> {
  if (!isWanted(title)) return;
  const titles = columns.map((way) => (way === BASE ? TITLES[way] : `${TITLES[way]} | ÷ bare`));
  console.log(`\n${title}\n\n| | ${titles.join(" | ")} |\n|${" --- |".repeat(2 * columns.length)}`);
  for (const point of points) {
    const measured = new Map<W, number[]>(columns.map((way) => [way, []]));
    for (let round = 0; round < rounds; round++) {
      const first = round % columns.length;
      for (const way of [...columns.slice(first), ...columns.slice(0, first)]) {
        const task = taskOf(point, way);
        const client = task.kind === "long body" ? `${way} ${task.encoding}` : way;
        const { cpu = Number.NaN } = await measure(client, task);
        measured.get(way)?.push(cpu);
      }
    }
    const figureFor = (way: Way): Figure => figureOf(measured.get(way as W) ?? []);
    const cells = columns.map((way) => {
      const cpu = figureFor(way);
      const median = cpu.median.toFixed(1);
      return way === BASE ? median : `${median} | ${ratioOf(cpu, figureFor(BASE)).toFixed(2)}`;
    });
    console.log(`| ${nameOf(point)} | ${cells.join(" | ")} |`);
  }
}
