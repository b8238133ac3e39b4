// Makes calls of one kind whenever it is told to, for bench/growth.ts: with so many in flight, bodies of so many bytes,
// or a transport that knows so many methods.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { create, type DescMethodUnary, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createClient, createRestTransport, type Transport } from "bytenite-jobs/transport";
import { Pool } from "undici";
import {
  BookSchema,
  CheckOutBookRequestSchema,
  LibraryService,
} from "../examples/gen/library/v1/library_pb.js";
import { encodeBinary } from "../src/codecs/binary-codec.ts";
import { ruleMethod } from "../test/transcoding/support/rule-method.ts";
import { bareHeaders, dispatchBare } from "./ways/bare-dispatch.ts";
import { accessToken } from "./ways/the-call.ts";
import type { Origins } from "./ways/way.ts";

/** What the process is told: one figure to find out. */
export type GrowthOrder =
  | {
      readonly kind: "calls";
      readonly way: GrowthWay;
      readonly inFlight: number;
      readonly bytes: number;
      readonly calls: number;
    }
  | { readonly kind: "methods"; readonly methods: number; readonly calls: number }
  | { readonly kind: "memory"; readonly way: GrowthWay; readonly inFlight: number };

export type GrowthWay = "bare" | "protobuf-es" | "binary" | "json";

export interface GrowthFigures {
  /** CPU time of the client for each call, in microseconds. */
  readonly cpu?: number;
  /** CPU time of making a client of one method, in microseconds. */
  readonly cpuPerMethod?: number;
  /** Heap that is in use for each call in flight, in bytes. */
  readonly bytesPerCall?: number;
}

const { http1 } = JSON.parse(process.argv[2] ?? "") as Origins;
const name = "shelves/1/books/2";
const path = `/v1/${name}:checkOut`;
const headers = { authorization: accessToken };
const pool = new Pool(http1);
const transports = {
  binary: createRestTransport({ baseUrl: http1, headers }),
  json: createRestTransport({ baseUrl: http1, headers, encoding: "json" }),
};

const WRONG_ANSWER = "a wrong answer";

/** Of our own pool: what is more waits in a queue, and takes memory there. */
const MAX_CONNECTIONS = 128;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** The call in one of the ways; the server gives back what it was sent, so that the answer is as long as the request. */
function callOf(way: GrowthWay, bytes: number): () => Promise<unknown> {
  const reader = "x".repeat(bytes);
  if (way === "bare") {
    const body = Buffer.from(
      encodeBinary(CheckOutBookRequestSchema, create(CheckOutBookRequestSchema, { reader })),
    );
    return () => dispatchBare(pool, path, bareHeaders, body);
  }
  if (way === "protobuf-es") {
    return async () => {
      const body = toBinary(CheckOutBookRequestSchema, create(CheckOutBookRequestSchema, { reader }));
      const book = fromBinary(BookSchema, await dispatchBare(pool, path, bareHeaders, body));
      if (book.title.length !== bytes) throw new Error(WRONG_ANSWER);
    };
  }
  const library = createClient(LibraryService, transports[way]);
  return async () => {
    const book = await library.checkOutBook({ name, reader });
    if ((way === "json" ? book.reader : book.title).length !== bytes) throw new Error(WRONG_ANSWER);
  };
}

async function cpuPerCall(call: () => Promise<unknown>, calls: number, inFlight: number): Promise<number> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < calls; i = next++) await call();
  };
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: inFlight }, worker));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

const methodsMade: DescMethodUnary[] = [];
function methodsOf(count: number): DescMethodUnary[] {
  while (methodsMade.length < count) {
    const rule = `POST /v1/{name=shelves/*/books/*}:checkOut${methodsMade.length} body:*`;
    methodsMade.push(ruleMethod(rule, CheckOutBookRequestSchema) as DescMethodUnary);
  }
  return methodsMade.slice(0, count);
}

/** A transport that has called each of so many methods once, and then calls them in turn. */
async function withMethods(count: number, calls: number): Promise<GrowthFigures> {
  const methods = methodsOf(count);
  const transport: Transport = createRestTransport({ baseUrl: http1, headers });
  const input = { name, reader: "x".repeat(10) };
  let next = 0;
  const call = () => transport.unary(methods[next++ % count] as DescMethodUnary, input);
  try {
    const first = await cpuPerCall(call, count, Math.min(count, 32));
    const again = await cpuPerCall(call, calls, 32);
    return { cpuPerMethod: Math.max(first - again, 0), cpu: again };
  } finally {
    await transport.close();
  }
}

/** So many calls that the server does not answer before it is told. */
async function memoryOf(way: GrowthWay, inFlight: number): Promise<GrowthFigures> {
  const call = callOf(way, 10);
  const hold = async () => {
    await fetch(`${http1}/hold`, { method: "POST" });
    const calls = Array.from({ length: inFlight }, call);
    await fetch(`${http1}/held/${Math.min(inFlight, MAX_CONNECTIONS)}`, { method: "POST" });
    collectGarbage();
    const { heapUsed } = process.memoryUsage();
    await fetch(`${http1}/release`, { method: "POST" });
    await Promise.all(calls);
    collectGarbage();
    return heapUsed - process.memoryUsage().heapUsed;
  };
  // The first time, connections are made, and they stay.
  await hold();
  return { bytesPerCall: (await hold()) / inFlight };
}

process.on("message", async (order: GrowthOrder) => {
  try {
    if (order.kind === "calls") {
      const call = callOf(order.way, order.bytes);
      await cpuPerCall(call, Math.ceil(order.calls / 4), order.inFlight);
      process.send?.({ cpu: await cpuPerCall(call, order.calls, order.inFlight) } satisfies GrowthFigures);
    } else if (order.kind === "methods") {
      process.send?.(await withMethods(order.methods, order.calls));
    } else {
      process.send?.(await memoryOf(order.way, order.inFlight));
    }
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
