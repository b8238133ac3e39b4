import { H2CClient, Pool } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code, type JobsClient } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { type CallName, calls, jobsClient } from "../support/clients.ts";
import { tcpServer } from "../support/loopback.ts";
import { faulty } from "./faulty-server.ts";

const versions = ["HTTP/1.1", "HTTP/2"] as const;
const names = Object.keys(calls) as CallName[];

describe.each(versions)("%s", (version) => {
  test.each(names)("%s uses a new connection if the server has closed the idle one", async (name) => {
    const { server, client } = await faulty(version);
    server.addJob("warm-up");
    await client.run("warm-up");
    server.closeIdleConnections();
    await expect.poll(() => server.connections).toBe(0);
    expect(await calls[name](client)).toMatchObject({ ok: true });
    expect(server.requests).toHaveLength(2);
  });

  test.each(names)(
    "%s while the server closes the idle connection is never done with the outcome not_sent",
    async (name) => {
      const setup = await faulty(version, { retry: false });
      const { server, client } = setup;
      for (let i = 0; i < 50; i++) {
        const jobId = `race-${i}`;
        server.addJob("warm-up");
        await client.delete("warm-up");
        server.addJob(jobId);
        const call = calledWith(name, client, jobId);
        server.closeIdleConnections();
        const outcome = await call.then(
          () => "ok",
          (error) => error.outcome,
        );
        const executions = server.executions.filter((each) => each.jobId === jobId).length;
        expect([`ok ${1}`, `unknown ${0}`, `unknown ${1}`, `not_sent ${0}`]).toContain(
          `${outcome} ${executions}`,
        );
      }
    },
  );

  test("a call while the server is down: not sent; later calls find it again", async () => {
    const { server, client } = await faulty(version);
    server.addJob("warm-up");
    await client.run("warm-up");
    await server.close();
    // Before it notices, a client may still write to the old connection.
    const outcomes = async () => (await caught(client.run("job-1"))).history.map(({ outcome }) => outcome);
    await expect.poll(outcomes).toEqual(Array(4).fill("not_sent"));
    const again = await faulty(version, {}, { port: server.port });
    expect(await client.run("job-1")).toMatchObject({ ok: true });
    expect(again.server.executions).toHaveLength(1);
  });

  test("calls in flight when the server goes down are unknown, done or not", async () => {
    const { server, client } = await faulty(version, { retry: false });
    const ids = Array.from({ length: 20 }, (_, i) => `job-${i + 2}`);
    for (const id of ids) server.addJob(id);
    server.fault({ kind: "hang", execute: true }, { times: 10 });
    server.fault({ kind: "hang" }, { times: 10 });
    const errors = ids.map((id) => caught(client.run(id)));
    await server.received(20);
    await server.close();
    for (const error of await Promise.all(errors)) {
      expect(error).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 1 });
    }
    expect(server.executions).toHaveLength(10);
  });
});

describe("a pool without a free connection", () => {
  async function busy() {
    let release: () => void = () => undefined;
    const setup = await faulty("HTTP/1.1");
    const { server } = setup;
    const dispatcher = new Pool(new URL(server.baseUrl).origin, { connections: 1 });
    onTestFinished(() => dispatcher.destroy());
    const { client } = await faulty("HTTP/1.1", { baseUrl: server.baseUrl, dispatcher });
    server.addJob("first");
    server.fault({ kind: "delay", until: new Promise<void>((resolve) => (release = resolve)) });
    const first = client.run("first");
    await server.received(1);
    return { server, dispatcher, client, first, release: () => release() };
  }

  test.each(names)("makes %s wait, and sends it once", async (name) => {
    const { server, client, first, release } = await busy();
    const call = calls[name](client);
    release();
    await first;
    expect(await call).toMatchObject({ ok: true });
    expect(server.requests).toHaveLength(2);
  });

  test.each(names)("does not send %s before or after its deadline", async (name) => {
    const { server, client, first, release } = await busy();
    const signal = AbortSignal.timeout(20);
    expect(await caught(calledWith(name, client, "job-1", signal))).toMatchObject({
      code: Code.DeadlineExceeded,
      outcome: "not_sent",
      attempts: 1,
    });
    release();
    await first;
    server.addJob("last");
    await client.run("last");
    expect(server.requests.map(({ path }) => path.split("/").at(-2))).toEqual(["first", "last"]);
  });

  test.each(names)("sends %s over another connection if the busy one is lost", async (name) => {
    const { server, client, first } = await busy();
    const lost = caught(first);
    const call = calls[name](client);
    server.clearFaults();
    await server.close();
    expect(await lost).toMatchObject({ code: Code.Unavailable, outcome: "unknown" });
    expect(await caught(call)).toMatchObject({ code: Code.Unavailable, outcome: "not_sent" });
  });
});

describe("a stream that the server refuses over HTTP/2", () => {
  test.each(["refused", "goaway"] as const)("(%s) is unknown for run, which is not retried", async (how) => {
    const { server, client } = await faulty("HTTP/2");
    server.addJob("warm-up");
    await client.run("warm-up");
    server.fault({ kind: "reset", how });
    expect(await caught(client.run("job-1"))).toMatchObject({
      code: Code.Unavailable,
      outcome: "unknown",
      attempts: 1,
    });
    expect(server.requests).toHaveLength(2);
  });

  test("is retried with an idempotency key", async () => {
    const { server, client } = await faulty("HTTP/2");
    server.fault({ kind: "reset", how: "refused" });
    await client.run("job-1", undefined, { idempotencyKey: "key-1" });
    expect(server.requests).toHaveLength(2);
    expect(server.executions).toHaveLength(1);
  });

  test.each(["abort", "delete"] as const)("twice is retried for %s", async (name) => {
    const { server, client } = await faulty("HTTP/2");
    server.fault({ kind: "reset", how: "refused" }, { times: 2 });
    expect(await calls[name](client)).toMatchObject({ ok: true });
    expect(server.requests).toHaveLength(3);
    expect(server.executions).toHaveLength(1);
  });

  test("after the caller has cancelled is not retried", async () => {
    const { server, client } = await faulty("HTTP/2");
    const controller = new AbortController();
    server.fault({ kind: "hang" });
    const call = caught(client.run("job-1", undefined, { signal: controller.signal }));
    await server.received(1);
    controller.abort();
    expect(await call).toMatchObject({ code: Code.Cancelled, outcome: "unknown" });
    server.addJob("job-2");
    await client.run("job-2");
    expect(server.requests).toHaveLength(2);
    expect(server.executions.map(({ jobId }) => jobId)).toEqual(["job-2"]);
  });

  test("a cancelled call leaves the other calls on its connection alone", async () => {
    const { server } = await faulty("HTTP/2");
    const dispatcher = new H2CClient(new URL(server.baseUrl).origin);
    onTestFinished(() => dispatcher.destroy());
    const { client } = await faulty("HTTP/2", { baseUrl: server.baseUrl, dispatcher });
    let release: () => void = () => undefined;
    server.fault({ kind: "delay", until: new Promise<void>((resolve) => (release = resolve)) }, { times: 2 });
    server.addJob("job-2");
    const controller = new AbortController();
    const other = client.run("job-2");
    const call = caught(client.run("job-1", undefined, { signal: controller.signal }));
    await server.received(2);
    controller.abort();
    expect(await call).toMatchObject({ code: Code.Cancelled, outcome: "unknown" });
    release();
    expect(await other).toMatchObject({ ok: true });
    expect(server.connections).toBe(1);
  });
});

function calledWith(name: CallName, client: JobsClient, jobId: string, signal?: AbortSignal) {
  return name === "run" ? client.run(jobId, undefined, { signal }) : client[name](jobId, { signal });
}

// docs/troubleshooting.md says so. undici 8.12 does it in onHeadersComplete of lib/dispatcher/client-h1.js. If it ignores the response
// some day, remove that entry of the FAQ.
describe("an unexpected 100 Continue ends undici's connection:", () => {
  async function continuing(status: string) {
    let requests = 0;
    const { origin } = await tcpServer((socket) =>
      socket.on("data", () => {
        requests++;
        socket.write(
          `HTTP/1.1 ${status}\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"ok":true}`,
        );
      }),
    );
    return { client: jobsClient(origin), requests: () => requests };
  }

  test("run is unknown after one attempt, abort after four lost attempts", async () => {
    const { client, requests } = await continuing("100 Continue");
    const run = await caught(client.run("job-1"));
    expect(run).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 1, status: undefined });
    expect(run.reason).toBe("the connection was lost: bad response");
    const abort = await caught(client.abort("job-1"));
    expect(abort).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 4 });
    expect(abort.history.map(({ outcome }) => outcome)).toEqual(Array(4).fill("unknown"));
    expect(requests()).toBe(5);
  });

  test("another informational response does not", async () => {
    const { client, requests } = await continuing("103 Early Hints");
    expect(await client.run("job-1")).toMatchObject({ ok: true });
    expect(requests()).toBe(1);
  });
});
