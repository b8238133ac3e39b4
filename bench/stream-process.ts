// Reads streams for bench/streams.ts in one way, in its own process.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createRestTransport } from "bytenite-jobs/transport";
import { bookMethod, booksMethod, checkPages, type Framing } from "./stream-message.ts";
import { type StreamWayName, streamWays } from "./ways/streams.ts";
import type { Origins } from "./ways/way.ts";

/** One measurement. All but `read` are of this package. */
export type StreamTask =
  /** Reads a stream. */
  | { readonly kind: "read"; readonly framing: Framing; readonly messages: number }
  /** Waits for the first message of a stream, and for a unary call, in turn. */
  | { readonly kind: "first"; readonly calls: number }
  /** Reads a stream and watches the heap. */
  | { readonly kind: "heap"; readonly messages: number }
  /** Reads one message of a stream, and no more. */
  | { readonly kind: "stop" };

export interface StreamFigures {
  /** CPU time for each message, in microseconds. */
  readonly cpu?: number;
  readonly perSecond?: number;
  /** Medians, in milliseconds. */
  readonly firstMessage?: number;
  readonly unary?: number;
  /** The least and the most heap in use after a collection, in MB. */
  readonly heap?: readonly [min: number, max: number];
}

const [way, origins] = process.argv.slice(2) as [StreamWayName, string];
const { http1, http2 } = JSON.parse(origins) as Origins;
const readPages = await streamWays[way]({ http1, http2 });
const transport = createRestTransport({ baseUrl: http1, encoding: "json" });

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function read(framing: Framing, messages: number): Promise<StreamFigures> {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  checkPages(await readPages(`${framing}/${messages}`), messages);
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / messages, perSecond: (messages / elapsedMs) * 1_000 };
}

async function first(calls: number): Promise<StreamFigures> {
  const firstMs = new Float64Array(calls);
  const unaryMs = new Float64Array(calls);
  for (let i = 0; i < calls; i++) {
    const startedAt = performance.now();
    const { message } = await transport.stream(booksMethod, [{ name: "each/1" }]);
    const books = message[Symbol.asyncIterator]();
    await books.next();
    firstMs[i] = performance.now() - startedAt;
    await books.next();
    const calledAt = performance.now();
    await transport.unary(bookMethod, { name: "one" });
    unaryMs[i] = performance.now() - calledAt;
  }
  const medianOf = (times: Float64Array) => times.sort()[calls >> 1] ?? Number.NaN;
  return { firstMessage: medianOf(firstMs), unary: medianOf(unaryMs) };
}

async function heap(messages: number): Promise<StreamFigures> {
  const { message } = await transport.stream(booksMethod, [{ name: `each/${messages}` }]);
  const used: number[] = [];
  let count = 0;
  let pages = 0;
  for await (const { pageCount } of message) {
    pages += pageCount;
    if (++count % 20_000 !== 0) continue;
    collectGarbage();
    used.push(process.memoryUsage().heapUsed / 1e6);
  }
  checkPages(pages, messages);
  return { heap: [Math.min(...used), Math.max(...used)] };
}

async function stop(): Promise<StreamFigures> {
  const { message } = await transport.stream(booksMethod, [{ name: "each/100000000" }]);
  await message[Symbol.asyncIterator]().next();
  return {};
}

process.on("message", async (task: StreamTask) => {
  try {
    if (task.kind === "read") process.send?.(await read(task.framing, task.messages));
    else if (task.kind === "first") process.send?.(await first(task.calls));
    else if (task.kind === "heap") process.send?.(await heap(task.messages));
    else process.send?.(await stop());
  } catch (error) {
    console.error(`${way}:`, error);
    process.exit(1);
  }
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
