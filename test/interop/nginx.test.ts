// The same through a real reverse proxy. docs/interop.md lists what it changes.
import { once } from "node:events";
import { createServer } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { Genre } from "../../examples/gen/library/v1/library_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { startNginx } from "./nginx/start-nginx.ts";
import { plan, startGateway } from "./support/gateway.ts";
import { encodings, type Peer, peerOf } from "./support/peer.ts";

async function behindNginx(directives = "", settings = {}): Promise<Peer> {
  const gateway = await startGateway(settings);
  onTestFinished(() => gateway.close());
  return peerOf(gateway, await startNginx({ upstream: gateway.origin, directives }));
}

const setups = [
  ["as it comes", ""],
  [
    "with gzip",
    "gzip on; gzip_min_length 1; gzip_proxied any; gzip_types application/octet-stream application/json;",
  ],
  ["without buffering", "proxy_buffering off; proxy_request_buffering off;"],
] as const;

describe.each(setups)("nginx %s", (_name, directives) => {
  describe.each(encodings)("in %s", (encoding) => {
    test("the three calls, errors, metadata and deadlines are the same as without it", async () => {
      const { gateway, jobs } = await behindNginx(directives);
      const client = jobs({ encoding });
      expect(await client.run("job-1", { taskTimeout: 7 }, { timeoutMs: 600_000 })).toMatchObject({
        ok: true,
        message: "job-1 is running",
      });
      await client.abort("job-1");
      await client.delete("job-é b");
      expect(await caught(client.run("no-such-job"))).toMatchObject({
        code: Code.NotFound,
        status: 404,
        outcome: "rejected",
      });
      const seen: unknown[] = [];
      const onResponse = ({ metadata }: { metadata: object }) => seen.push(metadata);
      const metadata = { "x-one": "1", ...plan({ header: { "x-two": ["2", "3"] } }) };
      await client.run("job-1", undefined, { metadata, onResponse });
      expect(seen).toMatchObject([{ "x-two": ["2", "3"] }]);

      const calls = await gateway.calls();
      expect(calls.map(({ rpc, request }) => [rpc.split("/")[1], request])).toEqual([
        ["RunJob", { jobId: "job-1", config: { taskTimeout: "7" } }],
        ["AbortJob", { jobId: "job-1" }],
        ["DeleteJob", { jobId: "job-é b" }],
        ["RunJob", { jobId: "no-such-job" }],
        ["RunJob", { jobId: "job-1" }],
      ]);
      expect(calls[0]?.deadlineLeftMs).toBeLessThanOrEqual(600_000);
      expect(calls[0]?.deadlineLeftMs).toBeGreaterThan(300_000);
      expect(calls[4]?.metadata["x-one"]).toEqual(["1"]);
    });

    test("large bodies, and the library", async () => {
      const { gateway, jobs, library } = await behindNginx(directives);
      const messageBytes = 1024 * 1024;
      const { message } = await jobs({ encoding }).run("job-1", undefined, {
        metadata: plan({ messageBytes }),
      });
      expect(message).toBe("m".repeat(messageBytes));
      const client = library({ encoding });
      const book = { title: "x".repeat(messageBytes), genre: Genre.SCIENCE };
      const created = await client.createBook({ parent: "shelves/a b", bookId: "é", book });
      expect(await client.getBook({ name: created.name })).toEqual(created);
      const { books } = await client.listBooks({
        parent: "shelves/a b",
        filter: { genres: [Genre.SCIENCE] },
      });
      expect(books).toHaveLength(1);
      expect(await gateway.calls()).toHaveLength(4);
    });
  });

  test("a hundred runs at once: each is executed once", async () => {
    const { gateway, jobs } = await behindNginx(directives);
    const client = jobs();
    const ids = Array.from({ length: 100 }, (_, i) => `job-${i}`);
    await Promise.all(ids.map((id) => client.run(id)));
    const seen = (await gateway.calls()).map(({ request }) => (request as { jobId: string }).jobId);
    expect(seen.sort()).toEqual(ids.toSorted());
  });
});

test("nginx compresses responses only if the request accepts that", async () => {
  const { gateway, jobs } = await behindNginx(setups[1][1]);
  const encodingsSeen: unknown[] = [];
  const client = jobs({ headers: { "accept-encoding": "gzip" } });
  const onResponse = ({ headers }: { headers: Readonly<Record<string, unknown>> }) =>
    encodingsSeen.push(headers["content-encoding"]);
  const metadata = plan({ messageBytes: 5_000 });
  const { message } = await client.run("job-1", undefined, { metadata, onResponse });
  expect(message).toBe("m".repeat(5_000));
  await jobs().run("job-1", undefined, { metadata, onResponse });
  expect(encodingsSeen).toEqual(["gzip", undefined]);
  expect(await gateway.calls()).toHaveLength(2);
});

describe.each(encodings)("nginx's own errors, in %s", (encoding) => {
  test("502, its gateway is down: unknown, and only idempotent calls are retried", async () => {
    // A port that was free just before.
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address() as { port: number };
    server.close();
    await once(server, "close");
    const gateway = await startGateway();
    onTestFinished(() => gateway.close());
    const { jobs } = peerOf(gateway, await startNginx({ upstream: `http://127.0.0.1:${address.port}` }));
    const client = jobs({ encoding });
    const run = await caught(client.run("job-1", { taskTimeout: 1 }));
    expect(run).toMatchObject({ code: Code.Unavailable, status: 502, outcome: "unknown", attempts: 1 });
    expect(run.reason).toBe("502 Bad Gateway");
    expect(run.headers["content-type"]).toBe("text/html");
    expect(await caught(client.abort("job-1"))).toMatchObject({ status: 502, attempts: 4 });
    expect(await gateway.calls()).toEqual([]);
  });

  test("504, its gateway takes too long: unknown, and run is not retried", async () => {
    const { gateway, jobs } = await behindNginx("proxy_read_timeout 100ms;");
    const metadata = plan({ hang: true });
    const run = await caught(jobs({ encoding }).run("job-1", { taskTimeout: 1 }, { metadata }));
    expect(run).toMatchObject({ code: Code.DeadlineExceeded, status: 504, outcome: "unknown", attempts: 1 });
    expect(run.reason).toBe("504 Gateway Time-out");
    // nginx disconnects from the gateway, which cancels the backend.
    const { ended } = await gateway.callThat((call) => call.ended !== null);
    expect(ended).toEqual({ code: Code.Cancelled, cancelled: true });
    expect(await gateway.calls()).toHaveLength(1);
  });

  test("502 for a response whose headers are too long for its buffer, such as a long reason of a 401", async () => {
    const { gateway, jobs } = await behindNginx("proxy_buffer_size 4k;");
    const client = jobs({ encoding });
    const failing = (message: string) => {
      const status = create(StatusSchema, { code: Code.Unauthenticated, message });
      return plan({ status: Buffer.from(toBinary(StatusSchema, status)).toString("base64") });
    };
    const short = await caught(client.run("job-1", undefined, { metadata: failing("x".repeat(3_000)) }));
    expect(short).toMatchObject({ code: Code.Unauthenticated, status: 401, outcome: "rejected" });
    const long = await caught(client.run("job-1", undefined, { metadata: failing("x".repeat(5_000)) }));
    expect(long).toMatchObject({ code: Code.Unavailable, status: 502, outcome: "unknown", attempts: 1 });
    expect((await gateway.calls()).map(({ ended }) => ended?.code)).toEqual([
      Code.Unauthenticated,
      Code.Unauthenticated,
    ]);
  });

  test("413 for a request that is too large: rejected", async () => {
    const { gateway, library } = await behindNginx("client_max_body_size 1k;");
    const call = library({ encoding }).checkOutBook({ name: "shelves/1/books/2", reader: "x".repeat(2_000) });
    expect(await caught(call)).toMatchObject({
      code: Code.FailedPrecondition,
      status: 413,
      outcome: "rejected",
      reason: "413 Request Entity Too Large",
    });
    expect(await gateway.calls()).toEqual([]);
  });

  test("an aborted call cancels the backend behind both", async () => {
    const { gateway, jobs } = await behindNginx();
    const giveUp = new AbortController();
    const metadata = plan({ hang: true });
    const call = caught(jobs({ encoding }).run("job-1", undefined, { metadata, signal: giveUp.signal }));
    await gateway.callThat(({ ended }) => ended === null);
    giveUp.abort();
    expect(await call).toMatchObject({ code: Code.Cancelled, outcome: "unknown" });
    const { ended } = await gateway.callThat((each) => each.ended !== null);
    expect(ended).toEqual({ code: Code.Cancelled, cancelled: true });
  });
});

test("the JSON fallback works with a JSON-only gateway behind it", async () => {
  const { gateway, jobs } = await behindNginx("", { encodings: "json" });
  const client = jobs();
  await client.run("job-1", { taskTimeout: 7 });
  await client.run("job-2", { taskTimeout: 8 });
  expect((await gateway.calls()).map(({ request }) => request)).toEqual([
    { jobId: "job-1", config: { taskTimeout: "7" } },
    { jobId: "job-2", config: { taskTimeout: "8" } },
  ]);
});
