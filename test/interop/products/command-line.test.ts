// The command call against products, with nothing but their descriptors.
import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { interruptAt } from "../../cli/interrupt-at.ts";
import { runInProcess } from "../../cli/run-in-process.ts";
import { temporaryFile } from "../../cli/temporary-file.ts";
import { startProduct } from "../support/product.ts";

async function product(name: "etcd" | "collector") {
  const running = await startProduct(name);
  onTestFinished(() => running[Symbol.asyncDispose]());
  const descriptors = fileURLToPath(new URL(`../.build/products/${name}/descriptors.binpb`, import.meta.url));
  const args = ["call", "--json", "--descriptors", descriptors, "--base-url", running.ready.origin];
  const call = async (...more: string[]) => {
    const { status, stdout } = await runInProcess([...args, ...more]);
    return { status, ...JSON.parse(stdout) };
  };
  return Object.assign(call, { args });
}

test("etcd: the call in binary is refused, and made again in JSON", async () => {
  const call = await product("etcd");
  const put = await call("--verbose", "etcdserverpb.KV/Put", '{"key":"YQ==","value":"Yg=="}');
  expect(put).toMatchObject({ status: 0, response: { header: { revision: "2" } } });
  expect(put.exchanges).toMatchObject([
    { request: { body: { bytes: 6, base64: "CgFhEgFi" } }, response: { status: 400 } },
    { request: { body: { text: '{"key":"YQ==","value":"Yg=="}' } }, response: { status: 200 } },
  ]);
  const range = await call("etcdserverpb.KV/Range", '{"key":"YQ==","sort_order":"DESCEND"}');
  expect(range).toMatchObject({ status: 0, response: { kvs: [{ key: "YQ==", value: "Yg==" }], count: "1" } });
  expect(await call("etcdserverpb.KV/Compact", '{"revision":"999"}')).toMatchObject({
    status: 1,
    error: { code: "OutOfRange", outcome: "rejected" },
  });
});

test("etcd: a watch is printed until Ctrl-C", async () => {
  const call = await product("etcd");
  await call("etcdserverpb.KV/Put", '{"key":"YQ==","value":"Yg=="}');
  const signals = new EventEmitter();
  const lines: unknown[] = [];
  const watch = '{"create_request":{"key":"YQ==","start_revision":1}}';
  const { status, stderr } = await runInProcess(
    [...call.args.filter((arg) => arg !== "--json"), "etcdserverpb.Watch/Watch", watch],
    {},
    interruptAt(2, signals, (line) => lines.push(JSON.parse(line))),
    "",
    signals,
  );
  expect([status, stderr]).toEqual([130, ""]);
  expect(lines).toMatchObject([{ created: true }, { events: [{ kv: { key: "YQ==", value: "Yg==" } }] }]);
});

test("the Collector: rules of a file, in binary", async () => {
  const call = await product("collector");
  const rule = { selector: "opentelemetry.proto.collector.trace.v1.*", post: "/v1/traces", body: "*" };
  const rules = ["--rules", temporaryFile("rules.json", JSON.stringify({ http: { rules: [rule] } }))];
  const method = "opentelemetry.proto.collector.trace.v1.TraceService/Export";
  const span = { traceId: "AAECAwQFBgcICQoLDA0ODw==", spanId: "AAECAwQFBgc=", name: "GET /cart" };
  const request = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
  expect(await call(method, request)).toMatchObject({ status: 2 });
  expect(await call(...rules, method, request)).toMatchObject({
    status: 0,
    response: { partialSuccess: {} },
  });
});
