import { describe, expect, test } from "vitest";
import { Code, JobsClient, type RpcError } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { tcpServer } from "../support/loopback.ts";
import { faulty } from "./faulty-server.ts";

const DEADLINE_MS = 300;
const deadline = { timeoutMs: DEADLINE_MS };
/** The upper bound is for an idle machine; a busy one gets more tries. */
const patient = { retry: 4 };

/** Makes a call that has to end at its deadline, not earlier and not much later. */
async function onTime(call: () => Promise<unknown>): Promise<RpcError> {
  const startedAt = performance.now();
  const error = await caught(call());
  const tookMs = performance.now() - startedAt;
  expect(error.code).toBe(Code.DeadlineExceeded);
  expect(tookMs).toBeGreaterThanOrEqual(DEADLINE_MS - 1);
  expect(tookMs).toBeLessThan(DEADLINE_MS + 100);
  return error;
}

test("a deadline fires on time during the connect", patient, async () => {
  // The server accepts the TCP connection and never sends any TLS.
  const { port } = await tcpServer(() => undefined);
  const client = new JobsClient({ baseUrl: `https://127.0.0.1:${port}`, accessToken: "t" });
  const error = await onTime(() => client.run("job-1", undefined, deadline));
  expect(error).toMatchObject({ outcome: "not_sent", attempts: 1 });
  await client.close();
});

test(
  "a deadline fires on time for each of 200 calls, most on connections and some in the queue",
  patient,
  async () => {
    const { server, client } = await faulty("HTTP/1.1");
    server.fault({ kind: "hang" }, { times: Number.POSITIVE_INFINITY });
    const errors = await Promise.all(
      Array.from({ length: 200 }, (_, i) => onTime(() => client.run(`job-${i}`, undefined, deadline))),
    );
    const unknown = errors.filter(({ outcome }) => outcome === "unknown").length;
    const notSent = errors.filter(({ outcome }) => outcome === "not_sent").length;
    expect(unknown + notSent).toBe(200);
    // A connection that one deadline frees may still take a call whose deadline is almost reached.
    expect(unknown).toBeGreaterThanOrEqual(128);
    expect(notSent).toBeGreaterThan(0);
    expect(server.requests.length).toBeGreaterThanOrEqual(128);
    expect(server.requests.length).toBeLessThanOrEqual(unknown);
  },
);

describe.each(["HTTP/1.1", "HTTP/2"] as const)("over %s a deadline fires on time", (version) => {
  test("before the response", patient, async () => {
    const { server, client } = await faulty(version);
    server.fault({ kind: "hang" });
    const error = await onTime(() => client.run("job-1", undefined, deadline));
    expect(error).toMatchObject({ outcome: "unknown", attempts: 1, status: undefined });
  });

  test("within the response", patient, async () => {
    const { server, client } = await faulty(version);
    server.fault({ kind: "hang", where: "in-answer" });
    const error = await onTime(() => client.run("job-1", undefined, deadline));
    expect(error).toMatchObject({ outcome: "unknown", attempts: 1, status: 200 });
  });

  test("in the second attempt, after a wait that took most of the time", patient, async () => {
    const { server, client } = await faulty(version);
    server.fault({ kind: "status", status: 503 });
    server.fault({ kind: "hang" });
    const retry = { initialBackoffMs: 200, maxBackoffMs: 200, jitter: 0 };
    const error = await onTime(() => client.abort("job-1", { ...deadline, retry }));
    expect(error).toMatchObject({ outcome: "unknown", attempts: 2 });
    expect(error.history[0]?.waitedMs).toBeGreaterThanOrEqual(199);
  });
});

describe("a deadline fires on time during the wait for a token", () => {
  test("from a function", patient, async () => {
    const { server, client } = await faulty("HTTP/1.1", { accessToken: () => new Promise(() => undefined) });
    const error = await onTime(() => client.run("job-1", undefined, deadline));
    expect(error).toMatchObject({ outcome: "not_sent", attempts: 0 });
    expect(server.requests).toHaveLength(0);
  });

  test("for an API key", patient, async () => {
    const { server, client } = await faulty("HTTP/1.1", { apiKey: "test-api-key" });
    server.fault({ kind: "hang" }, { rpc: "AccessToken" });
    const error = await onTime(() => client.run("job-1", undefined, deadline));
    expect(error).toMatchObject({ outcome: "not_sent", attempts: 0 });
    expect(server.executions).toHaveLength(0);
  });
});

test("a wait beyond the deadline is not begun: the call ends at once with the last error", async () => {
  const { server, client } = await faulty("HTTP/1.1");
  server.fault({ kind: "status", status: 503 });
  const startedAt = performance.now();
  const retry = { initialBackoffMs: 1_000, maxBackoffMs: 1_000 };
  const error = await caught(client.abort("job-1", { ...deadline, retry }));
  expect(error).toMatchObject({ code: Code.Unavailable, status: 503, attempts: 1 });
  expect(performance.now() - startedAt).toBeLessThan(DEADLINE_MS);
});
