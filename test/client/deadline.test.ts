import { once } from "node:events";
import { Pool } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { deferred } from "../support/deferred.ts";
import { tcpServer } from "../support/loopback.ts";
import { countResponseHeads } from "../support/response-heads.ts";
import { ok, scriptedServer } from "../support/scripted-server.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";

const never = new Promise<never>(() => undefined);

describe("a deadline that passes", () => {
  test("before the response: unknown, and the connection is freed", async () => {
    const moveOn = stopClock();
    const server = await scriptedServer("hang");
    const call = jobsClient(server.baseUrl).run("job-1", undefined, { timeoutMs: 300 });
    const ended = caught(call);
    await until(() => server.seen.length === 1);
    await moveOn(299);
    expect(await Promise.race([ended, "under way"])).toBe("under way");
    await moveOn(1);
    const error = await ended;
    expect(error).toMatchObject({ code: Code.DeadlineExceeded, outcome: "unknown", attempts: 1 });
    expect(error.message).toContain("no response within 300 ms");
    await until(() => server.sockets.size === 0);
  });

  test("within the response: unknown", async () => {
    const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    const { origin } = await tcpServer((socket) => socket.on("data", () => socket.write(head)));
    const moveOn = stopClock();
    const heads = countResponseHeads();
    const ended = caught(jobsClient(origin).abort("job-1", { timeoutMs: 50 }));
    await until(() => heads.count === 1);
    await moveOn(50);
    const error = await ended;
    expect(error).toMatchObject({ code: Code.DeadlineExceeded, outcome: "unknown", status: 200 });
  });

  test("while connecting: not sent", async () => {
    const moveOn = stopClock();
    const { promise: connecting, resolve: connect } = deferred();
    const dispatcher = new Pool("http://127.0.0.1:9", { connect: () => connect() });
    onTestFinished(() => dispatcher.destroy());
    const client = jobsClient("http://127.0.0.1:9", { dispatcher });
    const ended = caught(client.abort("job-1", { timeoutMs: 30 }));
    await connecting;
    await moveOn(30);
    const error = await ended;
    expect(error).toMatchObject({ code: Code.DeadlineExceeded, outcome: "not_sent", attempts: 1 });
  });

  test("while the call waits for a token: not sent, without an attempt", async () => {
    const server = await scriptedServer(ok);
    const client = jobsClient(server.baseUrl, { accessToken: () => never });
    const error = await caught(client.abort("job-1", { timeoutMs: 30 }));
    expect(error).toMatchObject({
      code: Code.DeadlineExceeded,
      outcome: "not_sent",
      attempts: 0,
      history: [],
    });
    expect(server.seen).toHaveLength(0);
  });

  test.each([
    ["AbortSignal.timeout", (signal: AbortSignal) => signal],
    ["AbortSignal.any", (signal: AbortSignal) => AbortSignal.any([new AbortController().signal, signal])],
  ])("as %s of the caller: unknown if the request was sent, else not sent", async (_what, within) => {
    const server = await scriptedServer("hang");
    const client = jobsClient(server.baseUrl, { timeoutMs: 0 });
    // Aborts with the reason of AbortSignal.timeout, when the request has arrived.
    const controller = new AbortController();
    const sent = caught(client.run("job-1", undefined, { signal: within(controller.signal) }));
    await expect.poll(() => server.seen.length).toBe(1);
    controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    expect(await sent).toMatchObject({
      code: Code.DeadlineExceeded,
      outcome: "unknown",
      attempts: 1,
      reason: "the deadline of the caller's signal passed",
      cause: { name: "TimeoutError" },
    });
    const timeout = AbortSignal.timeout(1);
    await once(timeout, "abort");
    const notSent = caught(client.run("job-1", undefined, { signal: within(timeout) }));
    expect(await notSent).toMatchObject({ code: Code.DeadlineExceeded, outcome: "not_sent", attempts: 0 });
    expect(server.seen).toHaveLength(1);
  });

  test("between attempts does not change the outcome", async () => {
    const server = await scriptedServer({ status: 429, headers: { "retry-after": "0" } }, "hang");
    const controller = new AbortController();
    const call = jobsClient(server.baseUrl).run("job-1", undefined, {
      signal: controller.signal,
      retry: { onRetry: () => controller.abort("enough") },
    });
    expect(await caught(call)).toMatchObject({
      code: Code.Cancelled,
      outcome: "rejected",
      cause: "enough",
      attempts: 1,
      status: 429,
    });
  });

  test("is sent with the remaining time on each attempt", async () => {
    const moveOn = stopClock();
    const server = await scriptedServer({ status: 503, headers: { "retry-after": "1" } }, ok);
    const { promise: waits, resolve: onRetry } = deferred<unknown>();
    const call = jobsClient(server.baseUrl).abort("job-1", { timeoutMs: 10_000, retry: { onRetry } });
    await waits;
    await moveOn(1_000);
    await call;
    expect(server.seen.map(({ headers }) => headers["grpc-timeout"])).toEqual(["10000m", "9000m"]);
  });
});

test("timeoutHeader renames or disables the header; without a timeout there is none", async () => {
  const server = await scriptedServer(ok);
  await jobsClient(server.baseUrl, { timeoutHeader: "X-Timeout" }).abort("job-1");
  await jobsClient(server.baseUrl, { timeoutHeader: false }).abort("job-1");
  await jobsClient(server.baseUrl, { timeoutMs: 0 }).abort("job-1");
  expect(server.seen.map(({ headers }) => [headers["grpc-timeout"], headers["x-timeout"]])).toEqual([
    [undefined, "30000m"],
    [undefined, undefined],
    [undefined, undefined],
  ]);
});

describe("a signal", () => {
  test("that is aborted before the call: not sent", async () => {
    const server = await scriptedServer(ok);
    const reason = new Error("gone");
    const error = await caught(
      jobsClient(server.baseUrl).run("job-1", undefined, { signal: AbortSignal.abort(reason) }),
    );
    expect(error).toMatchObject({ code: Code.Cancelled, outcome: "not_sent", attempts: 0, cause: reason });
    expect(server.seen).toHaveLength(0);
  });

  test("that aborts before the response: unknown, with the caller's reason, and the connection is freed", async () => {
    const server = await scriptedServer("hang");
    const controller = new AbortController();
    const call = caught(jobsClient(server.baseUrl).run("job-1", undefined, { signal: controller.signal }));
    await expect.poll(() => server.seen.length).toBe(1);
    const [socket] = server.sockets;
    const reason = new Error("the user went away");
    controller.abort(reason);
    expect(await call).toMatchObject({ code: Code.Cancelled, outcome: "unknown", cause: reason });
    if (socket && !socket.destroyed) await once(socket, "close");
  });

  test("has no listener after the call", async () => {
    const server = await scriptedServer(ok);
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    }) as typeof signal.addEventListener;
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    }) as typeof signal.removeEventListener;
    await jobsClient(server.baseUrl).abort("job-1", { signal });
    expect(listeners).toBe(0);
  });
});
