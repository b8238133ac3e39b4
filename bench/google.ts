// npm run bench:google: the cost of clients for all services that Google publishes, and of a small JSON call compared with
// google-gax.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type DescMethodUnary, getOption, hasOption, type Message } from "@bufbuild/protobuf";
import { createClient, createRestTransport } from "bytenite-jobs/transport";
import { Dispatcher } from "undici";
import { http } from "../gen/google/api/annotations_pb.js";
import { Random } from "../test/fuzz/random.ts";
import { MessageMaker } from "../test/google/any-message.ts";
import { publishedApis, servicesOf } from "../test/google/published-apis.ts";
import { validMessage } from "../test/google/rule-messages.ts";
import { measure } from "./measure.ts";
import { isPinned } from "./pinned-process.ts";
import { ratioOf } from "./statistics.ts";
import { googleWayNames } from "./ways/all.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "7" } } });

const day = new Date().toISOString().slice(0, 10);
const place = `${cpus().length} cores of ${cpus()[0]?.model.trim() || process.arch}`;
const how = isPinned ? "server and client pinned to a core each" : "not pinned";
console.log(`${day}, ${place}, Node.js ${process.versions.node}, ${how}; npm run bench:google\n`);

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Responds at once with an empty 204. */
class EmptyDispatcher extends Dispatcher {
  override dispatch(_options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const controller = { aborted: false, paused: false, reason: null, pause() {}, resume() {}, abort() {} };
    handler.onRequestStart?.(controller, {});
    handler.onResponseStart?.(controller, 204, {}, "No Content");
    handler.onResponseEnd?.(controller, {});
    return true;
  }
}

await scale();
await calls();

/** Measures CPU and memory of clients for all services, and of the first call of each method. */
async function scale(): Promise<void> {
  const registry = publishedApis();
  const services = servicesOf(registry);
  const maker = new MessageMaker(new Random(1), registry);
  const requests = services.flatMap((service) =>
    service.methods
      .filter((method): method is DescMethodUnary => method.methodKind === "unary" && hasOption(method, http))
      .map((method) => ({
        method,
        message: validMessage(maker, method.input, getOption(method, http), 0),
      })),
  );
  const transport = createRestTransport({
    baseUrl: "http://127.0.0.1",
    dispatcher: new EmptyDispatcher(),
    encoding: "json",
  });
  const clients = new Map<string, Record<string, (request: Message) => Promise<unknown>>>();
  const callAll = async () => {
    for (const { method, message } of requests)
      await clients.get(method.parent.typeName)?.[method.localName]?.(message);
  };
  const { length } = requests;
  console.log("| | | CPU ms | µs for each | heap MB |\n| --- | --- | --- | --- | --- |");
  await row("clients", services.length, () => {
    for (const service of services) clients.set(service.typeName, createClient(service, transport) as never);
  });
  await row("first calls, one of each method", length, callAll);
  await row("second calls", length, callAll);
}

async function row(what: string, count: number, work: () => void | Promise<void>): Promise<void> {
  collectGarbage();
  const { heapUsed } = process.memoryUsage();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  collectGarbage();
  const grown = (process.memoryUsage().heapUsed - heapUsed) / 1e6;
  const cpu = user + system;
  console.log(
    `| ${what} | ${count.toLocaleString("en")} | ${(cpu / 1_000).toFixed(0)} | ${(cpu / count).toFixed(0)} | ${grown.toFixed(1)} |`,
  );
}

/** Measures one small GET and one small POST of Pub/Sub, side by side. */
async function calls(): Promise<void> {
  const plan = {
    ways: googleWayNames,
    inFlight: [32],
    rounds: Number(values.rounds),
    calls: 3_000,
    warmupCalls: 6_000,
  };
  const results = await measure(plan, () => {});
  console.log(
    "\n| Pub/Sub in JSON | CPU µs per call (min–max) | ÷ google-gax | calls/s |\n| --- | --- | --- | --- |",
  );
  for (const { way, cpu, perSecond } of results) {
    const other = results.find((result) => result.way === `${way.split(",")[0]}, google-gax`);
    const ratio = other === undefined ? "" : ratioOf(cpu, other.cpu).toFixed(2);
    const figures = `${cpu.median.toFixed(1)} (${cpu.min.toFixed(1)}–${cpu.max.toFixed(1)})`;
    console.log(`| ${way} | ${figures} | ${ratio} | ${perSecond.median.toFixed(0)} |`);
  }
}
