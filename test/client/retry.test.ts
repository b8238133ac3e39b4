import { once } from "node:events";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { type AttemptRecord, Code, type Outcome, type RpcError } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { type CallName, calls, jobsClient } from "../support/clients.ts";
import { closedPort, tcpServer } from "../support/loopback.ts";
import { ok, type Scripted, scriptedServer } from "../support/scripted-server.ts";
import { stopClock } from "../support/stop-clock.ts";

const names = Object.keys(calls) as CallName[];
const isIdempotent = (name: CallName) => name !== "run";

const retryInfo = (status: number): Scripted => ({
  status,
  headers: { "content-type": "application/x-protobuf" },
  body: toBinary(
    StatusSchema,
    create(StatusSchema, {
      code: Code.ResourceExhausted,
      details: [anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: { nanos: 1_000_000 } }))],
    }),
  ),
});

/** How a first attempt can end, its outcome, and which calls are retried. */
const firstAttempts: [
  what: string,
  first: Scripted,
  outcome: Outcome,
  retry: "all" | "idempotent" | "none",
][] = [
  ["429 with Retry-After", { status: 429, headers: { "retry-after": "0" } }, "rejected", "all"],
  ["429 with a RetryInfo detail", retryInfo(429), "rejected", "all"],
  ["503 with Retry-After", { status: 503, headers: { "retry-after": "0" } }, "unknown", "idempotent"],
  ["503 with a RetryInfo detail", retryInfo(503), "unknown", "idempotent"],
  [
    "429 with an invalid Retry-After",
    { status: 429, headers: { "retry-after": "Sun 5" } },
    "unknown",
    "idempotent",
  ],
  ["429", { status: 429 }, "unknown", "idempotent"],
  ["502", { status: 502 }, "unknown", "idempotent"],
  ["503", { status: 503 }, "unknown", "idempotent"],
  ["504", { status: 504 }, "unknown", "idempotent"],
  ["502 with Retry-After", { status: 502, headers: { "retry-after": "0" } }, "unknown", "idempotent"],
  ["a lost connection", "reset", "unknown", "idempotent"],
  ["400", { status: 400, headers: { "content-type": "application/x-protobuf" } }, "rejected", "none"],
  ["401", { status: 401 }, "rejected", "none"],
  ["404", { status: 404 }, "rejected", "none"],
  ["404 with Retry-After", { status: 404, headers: { "retry-after": "0" } }, "rejected", "none"],
  ["409", { status: 409 }, "rejected", "none"],
  ["501", { status: 501 }, "rejected", "none"],
  ["500", { status: 500 }, "unknown", "none"],
  ["500 with Retry-After", { status: 500, headers: { "retry-after": "0" } }, "unknown", "none"],
  ["302", { status: 302, headers: { location: "/elsewhere" } }, "unknown", "none"],
  [
    "a response that cannot be decoded",
    { headers: { "content-type": "text/html" }, body: "<p>hi" },
    "unknown",
    "none",
  ],
];

describe.each(names)("%s, after a first attempt that ended with", (name) => {
  test.each(firstAttempts)("%s", async (_what, first, outcome, retry) => {
    const server = await scriptedServer(first, ok);
    const call = calls[name](jobsClient(server.baseUrl));
    if (retry === "all" || (retry === "idempotent" && isIdempotent(name))) {
      expect(await call).toMatchObject({ ok: true });
      expect(server.seen).toHaveLength(2);
    } else {
      const error = await caught(call);
      expect(error).toMatchObject({ outcome, attempts: 1 });
      expect(error.history).toMatchObject([{ outcome, code: error.code }]);
      expect(server.seen).toHaveLength(1);
    }
  });

  test("no connection", async () => {
    const error = await caught(calls[name](jobsClient(`http://127.0.0.1:${await closedPort()}`)));
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "not_sent", attempts: 4 });
    expect(error.history.map(({ outcome }) => outcome)).toEqual(Array(4).fill("not_sent"));
  });

  test("a truncated response", async () => {
    const responses = [
      "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n.",
      "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    ];
    const { origin } = await tcpServer((socket) =>
      socket.on("data", () => socket.end(responses.shift() ?? "")),
    );
    const error = await caught(calls[name](jobsClient(origin)));
    expect(error).toMatchObject({ outcome: "unknown", attempts: isIdempotent(name) ? 2 : 1 });
  });
});

test("the outcome is the worst of all attempts: a lost abort and then a 404 is unknown", async () => {
  const server = await scriptedServer("reset", { status: 404 });
  const error = await caught(jobsClient(server.baseUrl).abort("job-1"));
  expect(error).toMatchObject({ code: Code.NotFound, status: 404, outcome: "unknown", attempts: 2 });
  expect(error.history).toMatchObject([
    { code: Code.Unavailable, outcome: "unknown", waitedMs: expect.any(Number) },
    { code: Code.NotFound, status: 404, outcome: "rejected" },
  ]);
});

test("with an idempotency key, run is retried with the same key", async () => {
  const server = await scriptedServer("reset", { status: 503 }, ok);
  await jobsClient(server.baseUrl).run("job-1", undefined, { idempotencyKey: "key-1" });
  expect(server.seen.map(({ headers }) => headers["idempotency-key"])).toEqual(["key-1", "key-1", "key-1"]);
});

describe("the retry policy", () => {
  test("ends after maxAttempts, and false is one attempt", async () => {
    const server = await scriptedServer({ status: 503 });
    const client = jobsClient(server.baseUrl, { retry: { maxAttempts: 3, initialBackoffMs: 1 } });
    expect(await caught(client.abort("job-1"))).toMatchObject({
      attempts: 3,
      outcome: "unknown",
      status: 503,
    });
    expect(await caught(client.abort("job-1", { retry: false }))).toMatchObject({ attempts: 1 });
    expect(server.seen).toHaveLength(4);
  });

  test("calls onRetry before each wait", async () => {
    const server = await scriptedServer({ status: 503 }, "reset", ok);
    const retries: (AttemptRecord & { attempt: number })[] = [];
    await jobsClient(server.baseUrl).delete("job-1", {
      retry: { initialBackoffMs: 1, onRetry: (attempt) => retries.push(attempt) },
    });
    expect(retries).toMatchObject([
      { attempt: 1, code: Code.Unavailable, status: 503, outcome: "unknown" },
      { attempt: 2, code: Code.Unavailable, outcome: "unknown" },
    ]);
  });

  test("waits at least as long as the server asks", async () => {
    const server = await scriptedServer({ status: 429, headers: { "retry-after": "1" } }, ok);
    await jobsClient(server.baseUrl).run("job-1");
    const [first, second] = server.seen.map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test("does not begin a wait beyond the deadline", async () => {
    const server = await scriptedServer({ status: 429, headers: { "retry-after": "60" } });
    // With a stopped clock, any wait would never end.
    stopClock();
    const error = await caught(jobsClient(server.baseUrl).run("job-1", undefined, { timeoutMs: 2_000 }));
    expect(error).toMatchObject({
      code: Code.ResourceExhausted,
      status: 429,
      outcome: "rejected",
      attempts: 1,
    });
  });

  test("an error in onRetry does not end the call", async () => {
    const server = await scriptedServer({ status: 503 }, ok);
    const retry = {
      initialBackoffMs: 1,
      onRetry: () => {
        throw new Error("a bug");
      },
    };
    const warned = once(process, "warning");
    expect(await jobsClient(server.baseUrl).abort("job-1", { retry })).toMatchObject({ ok: true });
    expect(await warned).toMatchObject([{ message: "a bug" }]);
  });
});

test("while most calls fail, retries are throttled", async () => {
  const server = await scriptedServer({ status: 503 });
  const client = jobsClient(server.baseUrl);
  for (let i = 0; i < 100; i++) await caught(client.abort("job-1"));
  // Four attempts of the first call and one of the second use up the tokens; then each call is one request.
  expect(server.seen.length).toBe(100 + 3);
});

describe("close", () => {
  test("waits for the calls in flight, and rejects new ones", async () => {
    const server = await scriptedServer(ok);
    const client = jobsClient(server.baseUrl);
    const inFlight = client.run("job-1");
    const closed = client.close();
    expect(await inFlight).toMatchObject({ ok: true });
    await closed;
    expect(await caught(client.run("job-2"))).toMatchObject({
      code: Code.FailedPrecondition,
      outcome: "not_sent",
      attempts: 0,
    });
    expect(server.seen).toHaveLength(1);
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test("ends a call that waits for a retry with its last error", async () => {
    const server = await scriptedServer({ status: 429, headers: { "retry-after": "20" } });
    const client = jobsClient(server.baseUrl);
    let call: Promise<RpcError> | undefined;
    await new Promise((resolve) => {
      call = caught(client.run("job-1", undefined, { retry: { onRetry: resolve } }));
    });
    await client.close();
    expect(await call).toMatchObject({ status: 429, outcome: "rejected", attempts: 1 });
    expect(server.seen).toHaveLength(1);
  });
});
