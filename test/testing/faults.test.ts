import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { create, fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { decodeBinary } from "../../src/codecs/binary-codec.ts";
import { type JobsServer, type JobsServerOptions, startJobsServer } from "../../src/testing/index.ts";
import { type HttpCall, httpCall, jsonOf } from "./http-call.ts";

const PB = "application/x-protobuf";

const start = (options: JobsServerOptions = {}) => startJobsServer({ jobs: ["a", "b"], ...options });

/** Runs a job in binary. */
function run(server: JobsServer, { job = "a", ...init }: HttpCall & { job?: string } = {}) {
  const headers = { authorization: server.accessToken, "content-type": PB, accept: PB };
  return httpCall(`${server.baseUrl}/jobs/${job}/run`, { headers, ...init });
}

const runsOf = (server: JobsServer) => server.executions.length;

describe("a status", () => {
  test("is a Status in the negotiated encoding, and nothing is executed", async () => {
    await using server = await start();
    server.fault({ kind: "status", status: 503 });
    const response = await run(server);
    expect(response.status).toBe(503);
    expect(response.headers["content-type"]).toBe(PB);
    expect(response.headers["retry-after"]).toBeUndefined();
    expect(fromBinary(StatusSchema, response.body).code).toBe(14);
    expect(runsOf(server)).toBe(0);
    expect((await run(server)).status).toBe(200);
  });

  test("may follow the execution", async () => {
    await using server = await start();
    server.fault({ kind: "status", status: 500, execute: true });
    expect((await run(server)).status).toBe(500);
    expect(runsOf(server)).toBe(1);
  });

  test("may have a retry delay, as a header or as a detail", async () => {
    await using server = await start();
    server.fault({ kind: "status", status: 429, retryAfter: 7 });
    server.fault({ kind: "status", status: 429, retryAfter: new Date(784_111_777_000) });
    const detail = create(RetryInfoSchema, { retryDelay: { seconds: 2n } });
    server.fault({ kind: "status", status: 503, details: [detail] });
    expect((await run(server)).headers["retry-after"]).toBe("7");
    expect((await run(server)).headers["retry-after"]).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
    const { details } = fromBinary(StatusSchema, (await run(server)).body);
    expect(details[0]?.typeUrl).toBe("type.googleapis.com/google.rpc.RetryInfo");
  });

  test("may have any body, and any headers", async () => {
    await using server = await start();
    server.fault({ kind: "status", status: 503, body: "" });
    server.fault({
      kind: "status",
      status: 418,
      body: "teapot",
      contentType: "text/x-tea",
      headers: { "x-a": "b" },
    });
    server.fault({ kind: "status", status: 302, headers: { location: "http://127.0.0.1/" } });
    server.fault({ kind: "status", status: 204 });
    expect((await run(server)).body).toHaveLength(0);
    const teapot = await run(server);
    expect(teapot.status).toBe(418);
    expect(teapot.headers).toMatchObject({ "content-type": "text/x-tea", "x-a": "b" });
    expect(Buffer.from(teapot.body).toString()).toBe("teapot");
    expect((await run(server)).headers.location).toBe("http://127.0.0.1/");
    const empty = await run(server);
    expect(empty.status).toBe(204);
    expect(empty.headers["content-length"]).toBeUndefined();
  });
});

describe("a refusal", () => {
  test("is a GenericResponse with status 200", async () => {
    await using server = await start();
    server.fault({
      kind: "refusal",
      message: "no",
      error: { code: 9, message: "not now", description: "later" },
    });
    const response = await run(server);
    expect(response.status).toBe(200);
    expect(decodeBinary(GenericResponseSchema, response.body)).toMatchObject({
      ok: false,
      message: "no",
      error: { code: 9n, message: "not now", description: "later" },
    });
    expect(runsOf(server)).toBe(0);
  });

  test("may have another status, and no error", async () => {
    await using server = await start();
    server.fault({ kind: "refusal", status: 400 });
    const response = await run(server);
    expect(response.status).toBe(400);
    expect(decodeBinary(GenericResponseSchema, response.body)).toMatchObject({ ok: false, message: "" });
  });
});

describe("a connection", () => {
  test.each([
    { where: "before-answer", execute: undefined, runs: 0 },
    { where: "before-answer", execute: true, runs: 1 },
    { where: "in-answer", execute: undefined, runs: 1 },
    { where: "in-answer", execute: false, runs: 0 },
  ] as const)("is reset: %o", async ({ where, execute, runs }) => {
    await using server = await start();
    server.fault({ kind: "reset", where, execute });
    await expect(run(server)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(runsOf(server)).toBe(runs);
    expect(server.requests[0]?.status).toBe(where === "in-answer" ? 200 : undefined);
  });

  test.each(["before-answer", "in-answer"] as const)("is closed %s", async (where) => {
    await using server = await start();
    server.fault({ kind: "reset", how: "close", where });
    await expect(run(server)).rejects.toThrow();
  });

  test("that hangs within the response has sent the headers and half of the body", async () => {
    await using server = await start();
    server.fault({ kind: "hang", where: "in-answer" });
    const request = httpRequest(`${server.baseUrl}/jobs/a/run`, {
      method: "POST",
      headers: { authorization: server.accessToken, "content-type": PB },
    });
    request.end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    const [half] = (await once(response, "data")) as [Uint8Array];
    expect([...half.subarray(0, 2)]).toEqual([8, 1]);
    expect(half.length).toBeLessThan(server.requests[0]?.responseBytes.length ?? 0);
    const lost = once(response, "error");
    await server.close();
    expect((await lost)[0]).toMatchObject({ code: "ECONNRESET" });
    expect(runsOf(server)).toBe(1);
  });

  test.each([
    { execute: undefined, runs: 0 },
    { execute: true, runs: 1 },
  ])("hangs until the caller aborts: %o", async ({ execute, runs }) => {
    await using server = await start();
    server.fault({ kind: "hang", execute });
    const abort = new AbortController();
    const response = run(server, { signal: abort.signal });
    await server.received(1);
    abort.abort();
    await expect(response).rejects.toMatchObject({ name: "AbortError" });
    expect(runsOf(server)).toBe(runs);
    expect(server.requests[0]?.status).toBeUndefined();
  });

  test("that hangs is ended by close()", async () => {
    const server = await start();
    server.fault({ kind: "hang" }, { times: 3 });
    const responses = [run(server), run(server), run(server)].map((response) =>
      response.catch(() => "disconnected"),
    );
    await server.received(3);
    expect(server.connections).toBe(3);
    await server.close();
    expect(server.connections).toBe(0);
    expect(await Promise.all(responses)).toEqual(["disconnected", "disconnected", "disconnected"]);
  });

  test("that is idle can be closed by the server", async () => {
    await using server = await start();
    const agent = new Agent({ keepAlive: true });
    await run(server, { agent });
    expect(server.connections).toBe(1);
    server.closeIdleConnections();
    await expect.poll(() => server.connections).toBe(0);
    agent.destroy();
  });
});

describe("a delay", () => {
  test("is before the rpc by default", async () => {
    await using server = await start();
    const { promise, resolve } = gate();
    server.fault({ kind: "delay", until: promise });
    const response = run(server);
    await server.received(1);
    expect(runsOf(server)).toBe(0);
    resolve();
    expect((await response).status).toBe(200);
    expect(runsOf(server)).toBe(1);
  });

  test("is after the rpc with execute", async () => {
    await using server = await start();
    const { promise, resolve } = gate();
    let hasResponse = false;
    server.fault({ kind: "delay", until: promise, execute: true });
    const response = run(server).finally(() => {
      hasResponse = true;
    });
    await expect.poll(() => runsOf(server)).toBe(1);
    expect(hasResponse).toBe(false);
    resolve();
    expect((await response).status).toBe(200);
  });

  test("may be a number of milliseconds", async () => {
    await using server = await start();
    server.fault({ kind: "delay", ms: 30 });
    const before = performance.now();
    await run(server);
    expect(performance.now() - before).toBeGreaterThanOrEqual(29);
  });

  test("is ended by close()", async () => {
    const server = await start();
    server.fault({ kind: "delay", ms: 1e8 });
    server.fault({ kind: "delay", until: new Promise(() => {}) });
    const responses = [run(server), run(server)].map((response) => response.catch(() => "disconnected"));
    await server.received(2);
    await server.close();
    expect(await Promise.all(responses)).toEqual(["disconnected", "disconnected"]);
    expect(runsOf(server)).toBe(0);
  });
});

describe("the response of an executed call", () => {
  test("may be garbage", async () => {
    await using server = await start();
    server.fault({ kind: "garbage" });
    const response = await run(server);
    expect(response.status).toBe(200);
    expect(response.headers["content-type"]).toBe(PB);
    expect(() => decodeBinary(GenericResponseSchema, response.body)).toThrow();
    expect(runsOf(server)).toBe(1);
  });

  test("may have a wrong content type, or none", async () => {
    await using server = await start();
    server.fault({ kind: "content-type", contentType: "text/plain" });
    server.fault({ kind: "content-type", contentType: "" });
    const wrong = await run(server);
    expect(wrong.headers["content-type"]).toBe("text/plain");
    expect(decodeBinary(GenericResponseSchema, wrong.body).ok).toBe(true);
    expect((await run(server, { job: "b" })).headers["content-type"]).toBeUndefined();
  });

  test("may be truncated", async () => {
    await using server = await start();
    server.fault({ kind: "truncate" });
    server.fault({ kind: "truncate", bytes: 2 });
    const cut = await run(server);
    expect(cut.headers["content-length"]).toBe(String(cut.body.length));
    expect(() => decodeBinary(GenericResponseSchema, cut.body)).toThrow();
    expect((await run(server, { job: "b" })).body).toEqual(new Uint8Array([8, 1]));
  });

  test.each([true, false])("may be very long, with a content-length: %s", async (announced) => {
    await using server = await start();
    server.fault({ kind: "oversize", bytes: 100_000, announced });
    const response = await run(server);
    expect(response.body.length).toBeGreaterThan(100_000);
    expect(response.headers["content-length"]).toBe(announced ? String(response.body.length) : undefined);
    expect(decodeBinary(GenericResponseSchema, response.body).ok).toBe(true);
  });

  test("may be very long in JSON", async () => {
    await using server = await start();
    server.fault({ kind: "oversize", bytes: 100_000 });
    const response = await run(server, { headers: { authorization: server.accessToken } });
    expect(response.body.length).toBeGreaterThan(100_000);
    expect(jsonOf(response)).toMatchObject({ ok: true });
  });

  test("has all fields at their defaults without execute", async () => {
    await using server = await start();
    server.fault({ kind: "oversize", bytes: 1, execute: false });
    const response = await run(server, { headers: { authorization: server.accessToken } });
    expect(jsonOf(response)).toEqual({ ok: false, requestId: "", message: "" });
    expect(runsOf(server)).toBe(0);
  });
});

test("an HTML page", async () => {
  await using server = await start();
  server.fault({ kind: "html" });
  const response = await run(server);
  expect(response.status).toBe(502);
  expect(response.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(Buffer.from(response.body).toString()).toContain("<h1>502</h1>");
  expect(runsOf(server)).toBe(0);
});

test("a JSON-only server rejects a binary body, unless it is empty", async () => {
  await using server = await start();
  server.fault({ kind: "json-only" }, { times: 2 });
  const rejected = await run(server, { body: new Uint8Array([0x12, 2, 8, 5]) });
  expect(rejected.status).toBe(400);
  expect(jsonOf(rejected)).toMatchObject({ code: 3 });
  expect(runsOf(server)).toBe(0);
  const accepted = await run(server);
  expect(accepted.headers["content-type"]).toBe("application/json");
  expect(jsonOf(accepted)).toMatchObject({ ok: true });
});

describe("the queue", () => {
  test("applies faults by rpc, in order, the given number of times", async () => {
    await using server = await start();
    server.fault({ kind: "status", status: 500 }, { rpc: "DeleteJob" });
    server.fault({ kind: "status", status: 503 }, { rpc: "RunJob", times: 2 });
    server.fault({ kind: "status", status: 429 });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await run(server)).status);
    expect(statuses).toEqual([503, 503, 429, 200]);
  });

  test("applies a fault without end until it is cleared", async () => {
    await using server = await start();
    server.fault({ kind: "status", status: 503 }, { times: Number.POSITIVE_INFINITY });
    for (let i = 0; i < 5; i++) expect((await run(server)).status).toBe(503);
    server.clearFaults();
    expect((await run(server)).status).toBe(200);
  });

  test("rejects an unknown rpc and less than one time", async () => {
    await using server = await start();
    expect(() => server.fault({ kind: "hang" }, { rpc: "runJob" as "RunJob" })).toThrow(
      'there is no rpc "runJob"; there are RunJob, AbortJob, DeleteJob, AccessToken',
    );
    expect(() => server.fault({ kind: "hang" }, { times: 0 })).toThrow("times must be at least 1, not 0");
  });
});

function gate() {
  let resolve = () => {};
  const promise = new Promise<void>((open) => {
    resolve = open;
  });
  return { promise, resolve };
}
