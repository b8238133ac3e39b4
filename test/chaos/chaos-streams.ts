import type { Book } from "../../examples/gen/library/v1/library_pb.js";
import { Code, type Outcome, RpcError } from "../../src/index.ts";
import { type Fault, startServer } from "../../src/testing/index.ts";
import { createClient, createRestTransport } from "../../src/transport.ts";
import { Streams } from "../client/support/stream-service.ts";
import { Random } from "../fuzz/random.ts";
import { chaoticCall, faultRates } from "./chaos-plan.ts";
import { http2Pool, Watch } from "./chaos-run.ts";

/** The results of the streams of a run. */
export interface ChaosStreamCounts {
  streams: number;
  /** Streams that ended cleanly. */
  ended: number;
  /** Streams that their reader left. */
  left: number;
  failed: number;
  messages: number;
  // These have to be 0.
  /** Streams with a message twice, in another order, or with one left out. */
  wrongMessages: number;
  /** Streams that ended cleanly before all messages had come. */
  lostMessages: number;
  /** Streams of requests of which the server took one twice, or another one than the next. */
  wrongRequests: number;
  /** Request iterables that were not returned, or not ended. */
  leakedRequests: number;
  /** Streams that failed as not sent, of which the server had requests. */
  notSentButBegun: number;
  untypedErrors: number;
  hung: number;
}

/** The names of the counts that have to be 0. */
export const forbiddenOfStreams = [
  "wrongMessages",
  "lostMessages",
  "wrongRequests",
  "leakedRequests",
  "notSentButBegun",
  "untypedErrors",
  "hung",
] as const;

const IN_FLIGHT = 48;
const STREAMS_PER_SERVER = 400;

/** Reads streams with random faults, half of them with a stream of requests, and counts the results. */
export async function chaosOfStreams(seed: number, streams: number): Promise<ChaosStreamCounts> {
  const random = new Random(seed);
  const counts = noCounts();
  for (let first = 0; first < streams; first += STREAMS_PER_SERVER) {
    await streamsOfOneServer(random, Math.min(STREAMS_PER_SERVER, streams - first), counts);
  }
  return counts;
}

async function streamsOfOneServer(random: Random, streams: number, counts: ChaosStreamCounts): Promise<void> {
  const http2 = random.chance(0.5);
  const streamFormat = random.pick(["grpc-gateway", "messages", "array", "event-stream"] as const);
  const rates = faultRates(random);
  /** The requests that the server took, by the number of the stream. */
  const taken = new Map<string, number>();
  const take = (title: string) => {
    const [id = "", number] = title.split("/");
    if (Number(number) !== (taken.get(id) ?? 0)) counts.wrongRequests++;
    taken.set(id, (taken.get(id) ?? 0) + 1);
  };
  const server = await startServer(
    Streams,
    {
      async *start({ title, isbn }: Book) {
        taken.set(title, (taken.get(title) ?? 0) + 1);
        if (taken.get(title) !== 1) counts.wrongRequests++;
        for (let i = 0; i < isbn; i++) yield { title: `${title}/${i}` };
      },
      async *echo(requests: AsyncIterable<Book>) {
        for await (const { title } of requests) {
          take(title);
          yield { title };
        }
      },
    } as never,
    { http2, recordLimit: 0, streamFormat },
  );
  const dispatcher = http2 ? http2Pool(server.baseUrl) : undefined;
  const transport = createRestTransport({
    baseUrl: server.baseUrl,
    dispatcher,
    retry: { initialBackoffMs: 1 + random.below(5), maxBackoffMs: 20 },
  });
  const client = createClient(Streams, transport);
  {
    await using watch = new Watch();
    let next = 0;
    const worker = async () => {
      for (let i = next++; i < streams; i = next++) {
        if (random.chance(rates.faults)) server.fault(streamFault(random));
        if (random.chance(rates.idleCloses)) server.closeIdleConnections();
        await oneStream(String(i), watch);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  }
  await transport.close();
  await dispatcher?.destroy();
  await server.close();

  async function oneStream(id: string, watch: Watch): Promise<void> {
    const length = random.below(12);
    const leavesAt = random.chance(0.3) ? 1 + random.below(length + 1) : undefined;
    const both = random.chance(0.5);
    const chaotic = chaoticCall(random, rates);
    const requests = { begun: 0, ended: 0 };
    const messages = both
      ? client.echo(requestsOf(id, length, requests), chaotic.options)
      : client.start({ title: id, isbn: BigInt(length) }, chaotic.options);
    let got = 0;
    const read = async (): Promise<"ended" | "left" | Outcome> => {
      try {
        for await (const { title } of messages) {
          if (title !== `${id}/${got++}`) counts.wrongMessages++;
          if (got === leavesAt) return "left";
        }
        return "ended";
      } catch (error) {
        if (error instanceof RpcError) return error.outcome;
        console.error(`an untyped error of stream ${id}:`, error);
        counts.untypedErrors++;
        return "unknown";
      }
    };
    const end = await Promise.race([read(), watch.over(chaotic)]);
    watch.isOver(chaotic);
    counts.streams++;
    counts.messages += got;
    if (end === "hung") counts.hung++;
    else if (end === "ended" || end === "left") counts[end]++;
    else counts.failed++;
    if (end === "ended" && got !== length) counts.lostMessages++;
    if (end === "not_sent" && (taken.get(id) ?? 0) > 0) counts.notSentButBegun++;
    // A generator that has begun returns when what it waits for has come.
    for (let turn = 0; requests.begun !== requests.ended && turn < 100; turn++) {
      await new Promise(setImmediate);
    }
    if (requests.begun !== requests.ended) counts.leakedRequests++;
  }
}

async function* requestsOf(id: string, length: number, counts: { begun: number; ended: number }) {
  counts.begun++;
  try {
    for (let i = 0; i < length; i++) {
      yield { title: `${id}/${i}` };
      if (i % 3 === 0) await new Promise(setImmediate);
    }
  } finally {
    counts.ended++;
  }
}

/** A random fault. A clean end too early is none of them, because no client can detect it. */
function streamFault(random: Random): Fault {
  const after = random.below(6);
  const how = random.pick(["reset", "close"] as const);
  switch (random.below(7)) {
    case 0:
      return { kind: "stream", after, end: "error", code: random.pick([Code.NotFound, Code.Unavailable]) };
    case 1:
      return { kind: "stream", after, end: "reset", how, bytes: random.below(9) };
    case 2:
      return { kind: "stream", after, end: "hang", bytes: random.below(9) };
    case 3:
      return { kind: "status", status: random.pick([429, 500, 503]), execute: random.chance(0.5) };
    case 4:
      return { kind: "reset", where: random.pick(["before-answer", "in-answer"] as const), how };
    case 5:
      return { kind: "status", status: 429, retryAfter: 0 };
    default:
      return { kind: "hang", where: "before-answer" };
  }
}

function noCounts(): ChaosStreamCounts {
  return {
    streams: 0,
    ended: 0,
    left: 0,
    failed: 0,
    messages: 0,
    wrongMessages: 0,
    lostMessages: 0,
    wrongRequests: 0,
    leakedRequests: 0,
    notSentButBegun: 0,
    untypedErrors: 0,
    hung: 0,
  };
}
