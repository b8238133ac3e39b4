// npm run bench:streams: the cost of a message in a stream of responses, side by side with other ways to read one, in
// rotated rounds; the time to the first message; and the memory of a long stream and of one that nobody reads.
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { isPinned, type PinnedProcess, startPinned } from "./pinned-process.ts";
import { type Figure, figureOf, ratioOf } from "./statistics.ts";
import { BLOCK, bookJsons, type Framing } from "./stream-message.ts";
import type { StreamFigures, StreamTask } from "./stream-process.ts";
import type { StreamServerUsage } from "./stream-server-process.ts";
import { type StreamWayName, streamWays } from "./ways/streams.ts";
import type { Origins } from "./ways/way.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "11" },
    messages: { type: "string", default: "50000" },
  },
});
const rounds = Number(values.rounds);
const messages = Math.ceil(Number(values.messages) / BLOCK) * BLOCK;

const OURS: StreamWayName = "bytenite-jobs";
const HAND_WRITTEN: StreamWayName = "lines, JSON.parse, fromJson (hand-written)";
const CONNECT: StreamWayName = "connect-node, binary, HTTP/2";
const framings: Record<Framing, string> = {
  each: "Each message by itself (a chunk or a DATA frame), as a gateway writes it",
  many: `${BLOCK} messages at once, as they come through a proxy`,
};

const server = await startPinned<Origins, StreamServerUsage>("stream-server-process.ts", [], 0);
const ways = Object.keys(streamWays) as StreamWayName[];
const clients = new Map<StreamWayName, PinnedProcess<StreamFigures>>();
for (const way of ways) clients.set(way, await startClient(way));

const day = new Date().toISOString().slice(0, 10);
const place = `${cpus().length} cores of ${cpus()[0]?.model.trim() || process.arch}`;
const how = isPinned ? "server and client pinned to a core each" : "not pinned";
const length = Math.round(bookJsons.reduce((sum, json) => sum + json.length, 0) / BLOCK);
console.log(`${day}, ${place}, Node.js ${process.versions.node}, ${how}; npm run bench:streams`);
console.log(
  `CPU of the client in µs for a message of ${length} bytes of JSON; medians of ${rounds} rounds of ${messages} messages, and of the ratios within each`,
);

const targets: string[] = [];
for (const framing of Object.keys(framings) as Framing[]) await compare(framing);
await compareFirst();
await watchHeap();
await stopReading();
console.log(`\nTargets\n${targets.join("\n")}`);

for (const client of clients.values()) client.close();
server.close();

function startClient(way: StreamWayName): Promise<PinnedProcess<StreamFigures>> {
  return startPinned<"ready", StreamFigures>("stream-process.ts", [way, JSON.stringify(server.first)], 1);
}

function measure(way: StreamWayName, task: StreamTask): Promise<StreamFigures> {
  return (clients.get(way) as PinnedProcess<StreamFigures>).request(task);
}

function most(title: string, value: number, limit: number, digits: number): void {
  const isMet = value <= limit ? "met    " : "not met";
  targets.push(`${isMet}  ${title} ≤ ${limit}: ${value.toFixed(digits)}`);
}

async function compare(framing: Framing): Promise<void> {
  const task: StreamTask = { kind: "read", framing, messages };
  const measured = new Map<StreamWayName, StreamFigures[]>(ways.map((way) => [way, []]));
  for (const way of ways) await measure(way, task);
  for (let round = 0; round < rounds; round++) {
    const first = round % ways.length;
    for (const way of [...ways.slice(first), ...ways.slice(0, first)]) {
      measured.get(way)?.push(await measure(way, task));
    }
  }
  const figure = (way: StreamWayName, key: "cpu" | "perSecond"): Figure =>
    figureOf((measured.get(way) ?? []).map((each) => each[key] ?? Number.NaN));
  console.log(
    `\n${framings[framing]}\n\n| reader | CPU µs per message (min–max) | ÷ hand-written | ÷ connect-node | messages/s |\n| --- | --- | --- | --- | --- |`,
  );
  for (const way of ways) {
    const cpu = figure(way, "cpu");
    const ratios = [HAND_WRITTEN, CONNECT].map((other) => ratioOf(cpu, figure(other, "cpu")).toFixed(2));
    const perSecond = Math.round(figure(way, "perSecond").median).toLocaleString("en");
    const range = `${cpu.median.toFixed(2)} (${cpu.min.toFixed(2)}–${cpu.max.toFixed(2)})`;
    console.log(`| ${[way, range, ...ratios, perSecond].join(" | ")} |`);
  }
  const ours = figure(OURS, "cpu");
  most(`CPU ÷ hand-written (${framing})`, ratioOf(ours, figure(HAND_WRITTEN, "cpu")), 0.7, 2);
  most(`CPU ÷ connect-node (${framing})`, ratioOf(ours, figure(CONNECT, "cpu")), 1, 2);
}

async function compareFirst(): Promise<void> {
  const task: StreamTask = { kind: "first", calls: 2_000 };
  await measure(OURS, task);
  const measured: StreamFigures[] = [];
  for (let round = 0; round < rounds; round++) measured.push(await measure(OURS, task));
  const first = figureOf(measured.map(({ firstMessage = Number.NaN }) => firstMessage));
  const unary = figureOf(measured.map((each) => each.unary ?? Number.NaN));
  const ratio = ratioOf(first, unary);
  console.log(
    `\nTime to the first message ${first.median.toFixed(3)} ms, of a unary call ${unary.median.toFixed(3)} ms (medians): × ${ratio.toFixed(2)}`,
  );
}

async function watchHeap(): Promise<void> {
  const { heap: [min, max] = [Number.NaN, Number.NaN] } = await measure(OURS, {
    kind: "heap",
    messages: 1_000_000,
  });
  console.log(
    `\nHeap in use during a stream of 1,000,000 messages: ${min.toFixed(1)} to ${max.toFixed(1)} MB`,
  );
  most("heap of a long stream, MB of growth", max - min, 10, 1);
}

/** Reads one message, and waits until the server can write no more. */
async function stopReading(): Promise<void> {
  const client = await startClient(OURS);
  const { sent: before } = await server.request({});
  await client.request({ kind: "stop" } satisfies StreamTask);
  let sent = 0;
  for (let unchanged = 0; unchanged < 10; ) {
    await sleep(100);
    const now = (await server.request({})).sent - before;
    unchanged = now === sent ? unchanged + 1 : 0;
    sent = now;
  }
  client.close();
  console.log(`\nA reader that stops after one message: the server got rid of ${(sent / 1e6).toFixed(1)} MB`);
  most("sent to a reader that stops, MB", sent / 1e6, 30, 1);
}
