import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { expect, test } from "vitest";
import { errorToHttp } from "../../examples/fastify-service/error-to-http.ts";
import { shutDown } from "../../examples/fastify-service/shutdown.ts";
import { Code, codeName, type Outcome, RpcError } from "../../src/index.ts";
import type { Fault, RefusalFault } from "../../src/testing/index.ts";
import { closedPort } from "../support/loopback.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";
import { service } from "./service.ts";

const run = { method: "POST", url: "/jobs/job-1/run" } as const;

test("runs, aborts and deletes a job for its caller", async () => {
  const { app, api, logged } = await service();
  const config = { taskTimeout: 3600, jobTimeout: 86_400, isTestJob: true };
  const ran = await app.inject({ ...run, payload: config, headers: { "x-request-id": "caller-7" } });
  expect(ran.json()).toEqual({ requestId: "request-1", message: "job job-1 is running" });
  expect(ran.headers["x-request-id"]).toBe("caller-7");
  expect((await app.inject({ method: "POST", url: "/jobs/job-1/abort" })).statusCode).toBe(200);
  expect((await app.inject({ method: "DELETE", url: "/jobs/job-1" })).statusCode).toBe(200);

  expect(api.executions.map(({ rpc }) => rpc)).toEqual(["RunJob", "AbortJob", "DeleteJob"]);
  expect(api.executions[0]?.config).toMatchObject({
    taskTimeout: 3600n,
    jobTimeout: 86_400n,
    isTestJob: true,
  });
  expect(await logged("the call is done")).toMatchObject({
    reqId: "caller-7",
    jobId: "job-1",
    apiRequestId: "request-1",
  });
});

interface Row {
  readonly what: string;
  readonly fault: Fault | RefusalFault;
  /** The HTTP status of the response, and the code and the outcome in its body. */
  readonly expected: readonly [status: number, code: keyof typeof Code, outcome: Outcome];
  readonly retryAfter?: string;
  /** Whether the API executed the call before it failed. */
  readonly ran?: true;
}

const status = (status: number): Fault => ({ kind: "status", status });
const retryLater = (status: number): Fault => ({ kind: "status", status, retryAfter: 60 });
const retryAfter = "60";
const stateError: RefusalFault = { kind: "refusal", error: { code: 9, message: "it runs already" } };
const ran = true;

const rows: readonly Row[] = [
  { what: "an invalid request", fault: status(400), expected: [400, "InvalidArgument", "rejected"] },
  { what: "an unknown job", fault: status(404), expected: [404, "NotFound", "rejected"] },
  { what: "a conflict", fault: status(409), expected: [409, "Aborted", "rejected"] },
  { what: "a job in another state", fault: stateError, expected: [409, "FailedPrecondition", "rejected"] },
  { what: "a rejected token", fault: status(401), expected: [502, "Unauthenticated", "rejected"] },
  { what: "a token without permission", fault: status(403), expected: [502, "PermissionDenied", "rejected"] },
  {
    what: "a proxy that requires credentials",
    fault: status(407),
    expected: [502, "FailedPrecondition", "rejected"],
  },
  {
    what: "too many calls",
    fault: retryLater(429),
    expected: [429, "ResourceExhausted", "rejected"],
    retryAfter,
  },
  // A grpc-gateway responds the same if the response of the backend is too large.
  { what: "a bare 429", fault: status(429), expected: [502, "ResourceExhausted", "unknown"] },
  // A Retry-After does not prove that nothing was done.
  { what: "an API in maintenance", fault: retryLater(503), expected: [502, "Unavailable", "unknown"] },
  { what: "a bare 503", fault: status(503), expected: [502, "Unavailable", "unknown"] },
  { what: "an error of the API", fault: status(500), expected: [502, "Internal", "unknown"] },
  { what: "an unknown method", fault: status(501), expected: [502, "Unimplemented", "rejected"] },
  { what: "a gateway's timeout", fault: status(504), expected: [504, "DeadlineExceeded", "unknown"] },
  { what: "a proxy's page", fault: { kind: "html" }, expected: [502, "Unavailable", "unknown"] },
  {
    what: "a lost connection",
    fault: { kind: "reset", execute: true },
    expected: [502, "Unavailable", "unknown"],
    ran,
  },
  { what: "an invalid response", fault: { kind: "garbage" }, expected: [502, "DataLoss", "unknown"], ran },
  {
    what: "an endless response",
    fault: { kind: "oversize", bytes: 5_000_000 },
    expected: [502, "ResourceExhausted", "unknown"],
    ran,
  },
];

test.each(rows)("responds to $what with $expected", async ({ fault, expected, retryAfter, ran = false }) => {
  const [status, code, outcome] = expected;
  const { app, api, logged } = await service();
  api.fault(fault);
  const response = await app.inject(run);
  expect(response.statusCode).toBe(status);
  expect(response.headers["content-type"]).toMatch(/^application\/problem\+json/);
  expect(response.json()).toMatchObject({ status, code, outcome });
  expect(response.headers["retry-after"]).toBe(retryAfter);
  if (outcome === "unknown") {
    expect(response.json().detail).toBe("It may be running: check before you run it again.");
  }
  expect(await logged("the call failed")).toMatchObject({ outcome, status, rpc: { code } });
  expect(api.executions).toHaveLength(ran ? 1 : 0);
});

test("responds with 503 and Retry-After if the API cannot be reached", async () => {
  const { app } = await service({ client: { baseUrl: `http://127.0.0.1:${await closedPort()}` } });
  const response = await app.inject(run);
  expect(response.json()).toMatchObject({ status: 503, code: "Unavailable", outcome: "not_sent" });
  expect(response.headers["retry-after"]).toBe("1");
});

test("responds with 504 at a deadline, with the outcome of the call", async () => {
  const moveOn = stopClock();
  const { app, api } = await service();
  api.fault({ kind: "hang" });
  // inject() sends the request when its promise is used.
  const late = { ...run, headers: { "x-request-timeout-ms": "50" } };
  const sent = app.inject(late).then((response) => response);
  await api.received(1);
  await moveOn(50);
  expect((await sent).json()).toMatchObject({ status: 504, code: "DeadlineExceeded", outcome: "unknown" });

  let isCalled = false;
  const accessToken = () => {
    isCalled = true;
    return new Promise<string>(() => {});
  };
  const noToken = await service({ client: { accessToken } });
  const notSent = noToken.app.inject(late).then((response) => response);
  await until(() => isCalled);
  await moveOn(50);
  expect((await notSent).json()).toMatchObject({
    status: 504,
    outcome: "not_sent",
    detail: "It was not done.",
  });
  expect(noToken.api.requests).toHaveLength(0);
});

test("responds with 503 when its client is closed", async () => {
  const { app, jobs } = await service();
  await jobs.close();
  const response = await app.inject(run);
  expect(response.json()).toMatchObject({ status: 503, code: "FailedPrecondition", outcome: "not_sent" });
});

test("no error becomes a 401, or a retryable status for a call that may have happened", () => {
  for (const code of Object.values(Code)) {
    for (const outcome of ["not_sent", "rejected", "unknown"] as const) {
      for (const rpc of ["RunJob", "AbortJob", "DeleteJob"]) {
        const method = `bytenite.customer.Customer/${rpc}`;
        const { status, retryAfter, problem } = errorToHttp(
          new RpcError({ code, outcome, method, reason: "no" }),
        );
        const row = `${codeName(code)} ${outcome} ${rpc}`;
        expect(status, row).toBeGreaterThanOrEqual(400);
        expect(status, row).not.toBe(401);
        expect(retryAfter !== undefined, row).toBe(status === 429 || status === 503);
        expect(/\bmay have been\b|\bmay be running\b/.test(problem.detail), row).toBe(outcome === "unknown");
        if (outcome === "unknown") expect([502, 504], row).toContain(status);
      }
    }
  }
});

test.each([
  ["a misspelt limit", { ...run, payload: { tasktimeout: 1 } }],
  ["a limit below zero", { ...run, payload: { taskTimeout: -1 } }],
  [
    "a body that is not an object",
    { ...run, payload: "[]", headers: { "content-type": "application/json" } },
  ],
  ["a body that is not JSON", { ...run, payload: "{", headers: { "content-type": "application/json" } }],
  ["a deadline that is not a number", { ...run, headers: { "x-request-timeout-ms": "soon" } }],
  ["a deadline of 0", { ...run, headers: { "x-request-timeout-ms": "0" } }],
  ["an empty idempotency key", { ...run, headers: { "idempotency-key": "" } }],
])("rejects %s with 400, and sends nothing", async (_what, request) => {
  const { app, api } = await service();
  expect((await app.inject(request)).statusCode).toBe(400);
  expect(api.requests).toHaveLength(0);
});

test("rejects an id that would change the path", async () => {
  const { app, api } = await service();
  await app.listen({ host: "127.0.0.1", port: 0 });
  // inject() and fetch() would resolve the dots themselves.
  const url = new URL(app.listeningOrigin);
  const request = httpRequest({
    method: "POST",
    host: url.hostname,
    port: url.port,
    path: "/jobs/%2e%2e/run",
  });
  const [response] = await once(request.end(), "response");
  response.resume();
  expect(response.statusCode).toBe(400);
  expect(api.requests).toHaveLength(0);
});

test("passes on the caller's deadline, up to its own limit", async () => {
  stopClock();
  const { app, api } = await service({ app: { maxCallMs: 20_000 } });
  await app.inject({ ...run, headers: { "x-request-timeout-ms": "5000" } });
  await app.inject({ ...run, headers: { "x-request-timeout-ms": "60000" } });
  await app.inject(run);
  const sent = api.requests.map(({ headers }) => headers["grpc-timeout"]);
  expect(sent).toEqual(["5000m", "20000m", "20000m"]);
});

test("passes on an idempotency key, and retries a lost run only if the API honours it", async () => {
  for (const apiHonoursIdempotencyKeys of [false, true]) {
    const { app, api } = await service({ app: { apiHonoursIdempotencyKeys } });
    api.fault({ kind: "reset" });
    const response = await app.inject({ ...run, headers: { "idempotency-key": "order-7" } });
    expect(response.statusCode).toBe(apiHonoursIdempotencyKeys ? 200 : 502);
    const keys = api.requests.map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toEqual(apiHonoursIdempotencyKeys ? ["order-7", "order-7"] : ["order-7"]);
  }
});

test("logs no token", async () => {
  const accessToken = "a-token-that-is-secret";
  const { app, api, log } = await service({ api: { accessToken }, client: { accessToken } });
  api.fault({ kind: "status", status: 403, message: `no rights: ${accessToken}` });
  const response = await app.inject(run);
  expect(log()).toContain("no rights");
  expect(log()).not.toContain(accessToken);
  expect(response.body).not.toContain(accessToken);
});

test.each([undefined, { isTestJob: true }])(
  "a caller that disconnects cancels the call of the API (body: %j)",
  async (config) => {
    let began = () => {};
    const begun = new Promise<void>((resolve) => {
      began = resolve;
    });
    let cancelled = () => {};
    const seenByApi = new Promise<void>((resolve) => {
      cancelled = resolve;
    });
    const { app, api, logged } = await service({
      api: {
        jobs: ["job-1"],
        async onRequest({ signal }) {
          began();
          await once(signal, "abort");
          cancelled();
        },
      },
    });
    await app.listen({ host: "127.0.0.1", port: 0 });
    const caller = httpRequest(`${app.listeningOrigin}${run.url}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-request-id": "caller-8" },
    });
    caller.on("error", () => undefined);
    if (config === undefined) caller.removeHeader("content-type");
    caller.end(config && JSON.stringify(config));
    await begun;
    caller.destroy();

    expect(await logged("the call failed")).toMatchObject({
      reqId: "caller-8",
      outcome: "unknown",
      rpc: { code: "Cancelled", reason: "cancelled by the caller" },
    });
    await seenByApi;
    expect(api.requests).toHaveLength(1);
  },
);

test("is alive during the shutdown and accepts calls, but is not ready", async () => {
  const { app } = await service();
  const status = async (url: string) => (await app.inject(url)).statusCode;
  expect([await status("/livez"), await status("/readyz")]).toEqual([200, 200]);
  app.lifecycle.beginShutdown();
  expect([await status("/livez"), await status("/readyz")]).toEqual([200, 503]);
  const response = await app.inject(run);
  expect(response.statusCode).toBe(200);
  expect(response.headers.connection).toBe("close");
  await shutDown(app, { noticeMs: 1, graceMs: 1_000 });
  await expect(app.inject("/livez")).rejects.toThrow();
});

test("cancels calls after the grace period, and responds with an error", async () => {
  const { app, api, logged } = await service();
  await app.listen({ host: "127.0.0.1", port: 0 });
  api.fault({ kind: "hang" });
  const call = fetch(`${app.listeningOrigin}${run.url}`, { method: "POST" });
  await api.received(1);
  await shutDown(app, { noticeMs: 0, graceMs: 20 });
  const response = await call;
  expect(await response.json()).toMatchObject({ status: 502, code: "Cancelled", outcome: "unknown" });
  expect(await logged("the call failed")).toMatchObject({ outcome: "unknown" });
});

test("closes connections with unfinished requests", async () => {
  const { app } = await service();
  await app.listen({ host: "127.0.0.1", port: 0 });
  const caller = httpRequest(`${app.listeningOrigin}${run.url}`, {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": "100" },
  });
  const lost = once(caller, "error");
  const seen = once(app.server, "request");
  caller.write("{");
  await seen;
  await shutDown(app, { noticeMs: 0, graceMs: 0 });
  await lost;
});
