// Runs the tasks of bench/growth.ts: calls with a number in flight, with bodies of a length, with long bodies of several
// kinds, or of a number of methods.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  fromJsonString,
  type Message,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { createClient, createRestTransport, type Transport } from "bytenite-jobs/transport";
import { Pool } from "undici";
import {
  BookSchema,
  CheckOutBookRequestSchema,
  LibraryService,
} from "../examples/gen/library/v1/library_pb.js";
import { encodeBinary } from "../src/codecs/binary-codec.ts";
import { ruleMethod } from "../test/transcoding/support/rule-method.ts";
import { type BodyEncoding, type LongBody, type LongBodyName, longBodies } from "./long-bodies.ts";
import { makeCalls } from "./make-calls.ts";
import { bareHeaders, dispatchBare } from "./ways/bare-dispatch.ts";
import { accessToken } from "./ways/the-call.ts";
import type { Origins } from "./ways/way.ts";

/** One measurement. */
export type GrowthTask =
  | {
      readonly kind: "calls";
      readonly way: GrowthWay;
      readonly inFlight: number;
      readonly bytes: number;
      readonly calls: number;
    }
  | ({
      readonly kind: "long body";
      readonly way: LongBodyWay;
      readonly inFlight: number;
      readonly calls: number;
    } & LongBodyPlan)
  | { readonly kind: "methods"; readonly methods: number; readonly calls: number }
  | { readonly kind: "memory"; readonly way: GrowthWay; readonly inFlight: number };

export type GrowthWay = "bare" | "protobuf-es" | "binary" | "json";

/** How a long body is made and read: by nobody, by {@link LongBody.floor}, or by a client. */
export type LongBodyWay = "bare" | "floor" | "protobuf-es" | "bytenite-jobs";

export interface LongBodyPlan {
  readonly body: LongBodyName;
  readonly encoding: BodyEncoding;
  /** What has the long body. */
  readonly direction: "request" | "response" | "both";
}

export interface GrowthFigures {
  /** CPU time of the client for each call, in microseconds. */
  readonly cpu?: number;
  /** CPU time for the first call of a method, in microseconds. */
  readonly cpuPerMethod?: number;
  /** Heap in use for each call in flight, in bytes. */
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

const WRONG_RESPONSE = "a wrong response";

/** The limit of the package's own pool. More calls wait in its queue, which takes memory. */
const MAX_CONNECTIONS = 128;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Makes the call of a way. The server echoes the body, so that the response is as long as the request. */
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
      if (book.title.length !== bytes) throw new Error(WRONG_RESPONSE);
    };
  }
  const library = createClient(LibraryService, transports[way]);
  return async () => {
    const book = await library.checkOutBook({ name, reader });
    if ((way === "json" ? book.reader : book.title).length !== bytes) throw new Error(WRONG_RESPONSE);
  };
}

/** Makes the call of a way with a long body. Like a program, it returns a promise of what it has read. */
async function longCallOf(way: LongBodyWay, plan: LongBodyPlan): Promise<() => Promise<unknown>> {
  const { desc, message, bytes, floor } = longBodies[plan.body]();
  const { encoding, direction } = plan;
  const ready = bytes[encoding];
  await fetch(`${http1}/keep`, { method: "POST", body: new Uint8Array(ready) });
  const isSent = direction !== "response";
  const isReceived = direction !== "request";
  if (way === "bytenite-jobs") {
    const method = ruleMethod(`POST /v1/${direction} body:*`, desc) as DescMethodUnary;
    const transport = transports[encoding];
    const input = isSent ? message : create(desc);
    return () => transport.unary(method, input);
  }
  const type = encoding === "json" ? "application/json" : "application/x-protobuf";
  const longHeaders = ["content-type", type, "accept", type, "authorization", accessToken];
  const bare = { write: () => ready, read: (body: Buffer) => body };
  const { write, read } = {
    bare,
    floor: floor[encoding],
    "protobuf-es": protobufEs(desc, message)[encoding],
  }[way];
  const empty = Buffer.from(encoding === "json" ? "{}" : "");
  return async () => {
    const body = await dispatchBare(pool, `/v1/${direction}`, longHeaders, isSent ? write() : empty);
    return isReceived ? read(body as Buffer) : undefined;
  };
}

/** Drops the result of a call at once. A worker would keep it until its next call ends. */
function dropped(call: () => Promise<unknown>): () => Promise<void> {
  return async () => {
    await call();
  };
}

function protobufEs(desc: DescMessage, message: Message): LongBody["floor"] {
  return {
    binary: { write: () => toBinary(desc, message), read: (body) => fromBinary(desc, body) },
    json: {
      write: () => Buffer.from(toJsonString(desc, message)),
      read: (body) => fromJsonString(desc, body.toString()),
    },
  };
}

async function cpuPerCall(call: () => Promise<unknown>, calls: number, inFlight: number): Promise<number> {
  const before = process.cpuUsage();
  await makeCalls(call, calls, inFlight);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

const methodCache: DescMethodUnary[] = [];
function methodsOf(count: number): DescMethodUnary[] {
  while (methodCache.length < count) {
    const rule = `POST /v1/{name=shelves/*/books/*}:checkOut${methodCache.length} body:*`;
    methodCache.push(ruleMethod(rule, CheckOutBookRequestSchema) as DescMethodUnary);
  }
  return methodCache.slice(0, count);
}

/** Measures the first call of each method of a transport, and then further calls of them in turn. */
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

/** Measures the heap while the server holds its responses. */
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
  // The first round opens the connections, which stay open.
  await hold();
  return { bytesPerCall: (await hold()) / inFlight };
}

process.on("message", async (task: GrowthTask) => {
  try {
    if (task.kind === "calls" || task.kind === "long body") {
      const call =
        task.kind === "calls" ? callOf(task.way, task.bytes) : dropped(await longCallOf(task.way, task));
      await cpuPerCall(call, Math.ceil(task.calls / 4), task.inFlight);
      process.send?.({ cpu: await cpuPerCall(call, task.calls, task.inFlight) } satisfies GrowthFigures);
    } else if (task.kind === "methods") {
      process.send?.(await withMethods(task.methods, task.calls));
    } else {
      process.send?.(await memoryOf(task.way, task.inFlight));
    }
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
