import { describe, expect, test } from "vitest";
import { Code, JobsClient, type RpcError } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { deferred } from "../support/deferred.ts";
import { tcpServer } from "../support/loopback.ts";
import { countResponseHeads } from "../support/response-heads.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";
import { faulty } from "./faulty-server.ts";

const DEADLINE_MS = 300;
const deadline = { timeoutMs: DEADLINE_MS };

/**
 * Makes calls that have to end at their deadline, neither earlier nor later. The clock stands still until the calls have
 * reached the stage that a test is about.
 */
async function onTime(
  make: () => readonly Promise<unknown>[],
  reached: (moveOn: (ms: number) => Promise<void>) => Promise<number>,
): Promise<RpcError[]> {
  const moveOn = stopClock();
  let ended = 0;
  const errors = make().map((call) => caught(call.finally(() => ended++)));
  const passedMs = await reached(moveOn);
  await moveOn(DEADLINE_MS - 1 - passedMs);
  expect(ended).toBe(0);
  await moveOn(1);
  const all = await Promise.all(errors);
  for (const { code } of all) expect(code).toBe(Code.DeadlineExceeded);
  return all;
}

/** The stage is reached at once, without a wait. */
const once = (holds: () => boolean) => async (): Promise<number> => {
  await until(holds);
  return 0;
};

test("a deadline fires on time during the connect", async () => {
  // The server accepts the TCP connection and never sends any TLS.
  const { promise: connected, resolve } = deferred<void>();
  const { port } = await tcpServer(() => resolve());
  const client = new JobsClient({ baseUrl: `https://127.0.0.1:${port}`, accessToken: "t" });
  const reached = () => connected.then(() => 0);
  const [error] = await onTime(() => [client.run("job-1", undefined, deadline)], reached);
  expect(error).toMatchObject({ outcome: "not_sent", attempts: 1 });
  await client.close();
});

test("a deadline fires on time for each of 200 calls, most on connections and some in the queue", async () => {
  // The transport's own timeout: with one timer for all, no call ends before another, and no connection is freed between.
  const { server, client } = await faulty("HTTP/1.1", deadline);
  server.fault({ kind: "hang" }, { times: Number.POSITIVE_INFINITY });
  const calls = () => Array.from({ length: 200 }, (_, i) => client.run(`job-${i}`));
  const errors = await onTime(
    calls,
    once(() => server.requests.length === 128),
  );
  expect(errors.filter(({ outcome }) => outcome === "unknown")).toHaveLength(128);
  expect(errors.filter(({ outcome }) => outcome === "not_sent")).toHaveLength(72);
  expect(server.requests).toHaveLength(128);
});

describe.each(["HTTP/1.1", "HTTP/2"] as const)("over %s a deadline fires on time", (version) => {
  test("before the response", async () => {
    const { server, client } = await faulty(version);
    server.fault({ kind: "hang" });
    const reached = once(() => server.requests.length === 1);
    const [error] = await onTime(() => [client.run("job-1", undefined, deadline)], reached);
    expect(error).toMatchObject({ outcome: "unknown", attempts: 1, status: undefined });
  });

  test("within the response", async () => {
    const { server, client } = await faulty(version);
    server.fault({ kind: "hang", where: "in-answer" });
    const heads = countResponseHeads();
    const reached = once(() => heads.count === 1);
    const [error] = await onTime(() => [client.run("job-1", undefined, deadline)], reached);
    expect(error).toMatchObject({ outcome: "unknown", attempts: 1, status: 200 });
  });

  test("in the second attempt, after a wait that took most of the time", async () => {
    const { server, client } = await faulty(version);
    server.fault({ kind: "status", status: 503 });
    server.fault({ kind: "hang" });
    const { promise: waits, resolve: onRetry } = deferred<unknown>();
    const retry = { initialBackoffMs: 200, maxBackoffMs: 200, jitter: 0, onRetry };
    const reached = async (moveOn: (ms: number) => Promise<void>) => {
      await waits;
      await moveOn(200);
      await until(() => server.requests.length === 2);
      return 200;
    };
    const [error] = await onTime(() => [client.abort("job-1", { ...deadline, retry })], reached);
    expect(error).toMatchObject({ outcome: "unknown", attempts: 2 });
    expect(error?.history[0]?.waitedMs).toBe(200);
  });
});

describe("a deadline fires on time during the wait for a token", () => {
  test("from a function", async () => {
    let isCalled = false;
    const accessToken = () => {
      isCalled = true;
      return new Promise<string>(() => undefined);
    };
    const { server, client } = await faulty("HTTP/1.1", { accessToken });
    const [error] = await onTime(
      () => [client.run("job-1", undefined, deadline)],
      once(() => isCalled),
    );
    expect(error).toMatchObject({ outcome: "not_sent", attempts: 0 });
    expect(server.requests).toHaveLength(0);
  });

  test("for an API key", async () => {
    const { server, client } = await faulty("HTTP/1.1", { apiKey: "test-api-key" });
    server.fault({ kind: "hang" }, { rpc: "AccessToken" });
    const reached = once(() => server.requests.length === 1);
    const [error] = await onTime(() => [client.run("job-1", undefined, deadline)], reached);
    expect(error).toMatchObject({ outcome: "not_sent", attempts: 0 });
    expect(server.executions).toHaveLength(0);
  });
});

test("a wait beyond the deadline is not begun: the call ends at once with the last error", async () => {
  const { server, client } = await faulty("HTTP/1.1");
  server.fault({ kind: "status", status: 503 });
  // On a clock that stands still, no wait would end.
  stopClock();
  const retry = { initialBackoffMs: 1_000, maxBackoffMs: 1_000 };
  const error = await caught(client.abort("job-1", { ...deadline, retry }));
  expect(error).toMatchObject({ code: Code.Unavailable, status: 503, attempts: 1 });
});
