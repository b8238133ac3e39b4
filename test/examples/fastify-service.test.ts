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
  /** Its HTTP status, and the code and the outcome in its body. */
  readonly gives: readonly [status: number, code: keyof typeof Code, outcome: Outcome];
  readonly retryAfter?: string;
  /** Whether the API did it before it failed. */
  readonly ran?: true;
}

const status = (status: number): Fault => ({ kind: "status", status });
const comeBack = (status: number): Fault => ({ kind: "status", status, retryAfter: 60 });
const retryAfter = "60";
const stateError: RefusalFault = { kind: "refusal", error: { code: 9, message: "it runs already" } };
const ran = true;

const rows: readonly Row[] = [
  { what: "a refused request", fault: status(400), gives: [400, "InvalidArgument", "rejected"] },
  { what: "a job that is not there", fault: status(404), gives: [404, "NotFound", "rejected"] },
  { what: "a conflict", fault: status(409), gives: [409, "Aborted", "rejected"] },
  { what: "a job in another state", fault: stateError, gives: [409, "FailedPrecondition", "rejected"] },
  { what: "our token refused", fault: status(401), gives: [502, "Unauthenticated", "rejected"] },
  { what: "too few rights of ours", fault: status(403), gives: [502, "PermissionDenied", "rejected"] },
  {
    what: "a proxy that wants credentials",
    fault: status(407),
    gives: [502, "FailedPrecondition", "rejected"],
  },
  {
    what: "too many calls",
    fault: comeBack(429),
    gives: [429, "ResourceExhausted", "rejected"],
    retryAfter,
  },
  // A grpc-gateway says so also when the response was too big.
  { what: "a bare 429", fault: status(429), gives: [502, "ResourceExhausted", "unknown"] },
  // When to come back is no proof that nothing was done.
  { what: "an API at rest", fault: comeBack(503), gives: [502, "Unavailable", "unknown"] },
  { what: "a bare 503", fault: status(503), gives: [502, "Unavailable", "unknown"] },
  { what: "an error of the API", fault: status(500), gives: [502, "Internal", "unknown"] },
  { what: "a method that is not there", fault: status(501), gives: [502, "Unimplemented", "rejected"] },
  { what: "a gateway's timeout", fault: status(504), gives: [504, "DeadlineExceeded", "unknown"] },
  { what: "a proxy's page", fault: { kind: "html" }, gives: [502, "Unavailable", "unknown"] },
  {
    what: "a lost connection",
    fault: { kind: "reset", execute: true },
    gives: [502, "Unavailable", "unknown"],
    ran,
  },
  { what: "a response that is none", fault: { kind: "garbage" }, gives: [502, "DataLoss", "unknown"], ran },
  {
    what: "an endless response",
    fault: { kind: "oversize", bytes: 5_000_000 },
    gives: [502, "ResourceExhausted", "unknown"],
    ran,
  },
];

test.each(rows)("responses $what with $gives", async ({ fault, gives, retryAfter, ran = false }) => {
  const [status, code, outcome] = gives;
  const { app, api, logged } = await service();
  api.fault(fault);
  const response = await app.inject(run);
  expect(response.statusCode).toBe(status);
  expect(response.headers["content-type"]).toMatch(/^application\/problem\+json/);
  expect(response.json()).toMatchObject({ status, code, outcome });
  expect(response.headers["retry-after"]).toBe(retryAfter);
  if (outcome === "unknown") {
    expect(response.json().detail).toBe("It may be running: look before you run it again.");
  }
  expect(await logged("the call failed")).toMatchObject({ outcome, status, rpc: { code } });
  expect(api.executions).toHaveLength(ran ? 1 : 0);
});

test("responses an API that cannot be reached with 503 and Retry-After", async () => {
  const { app } = await service({ client: { baseUrl: `http://127.0.0.1:${await closedPort()}` } });
  const response = await app.inject(run);
  expect(response.json()).toMatchObject({ status: 503, code: "Unavailable", outcome: "not_sent" });
  expect(response.headers["retry-after"]).toBe("1");
});

test("responses a deadline with 504, which says whether the call had left", async () => {
  const moveOn = stopClock();
  const { app, api } = await service();
  api.fault({ kind: "hang" });
  // Fastify begins when somebody waits for the response.
  const late = { ...run, headers: { "x-request-timeout-ms": "50" } };
  const sent = app.inject(late).then((response) => response);
  await api.received(1);
  await moveOn(50);
  expect((await sent).json()).toMatchObject({ status: 504, code: "DeadlineExceeded", outcome: "unknown" });

  let isAsked = false;
  const accessToken = () => {
    isAsked = true;
    return new Promise<string>(() => {});
  };
  const noToken = await service({ client: { accessToken } });
  const notSent = noToken.app.inject(late).then((response) => response);
  await until(() => isAsked);
  await moveOn(50);
  expect((await notSent).json()).toMatchObject({
    status: 504,
    outcome: "not_sent",
    detail: "It was not done.",
  });
  expect(noToken.api.requests).toHaveLength(0);
});

test("responses with 503 when its client is closed", async () => {
  const { app, jobs } = await service();
  await jobs.close();
  const response = await app.inject(run);
  expect(response.json()).toMatchObject({ status: 503, code: "FailedPrecondition", outcome: "not_sent" });
});

test("no code and no outcome becomes a 401, or an invitation to send again what may have happened", () => {
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
  ["a body that is no object", { ...run, payload: "[]", headers: { "content-type": "application/json" } }],
  ["a body that is no JSON", { ...run, payload: "{", headers: { "content-type": "application/json" } }],
  ["a deadline that is no number", { ...run, headers: { "x-request-timeout-ms": "soon" } }],
  ["a deadline of nothing", { ...run, headers: { "x-request-timeout-ms": "0" } }],
  ["an empty idempotency key", { ...run, headers: { "idempotency-key": "" } }],
])("refuses %s with 400, and sends nothing", async (_what, request) => {
  const { app, api } = await service();
  expect((await app.inject(request)).statusCode).toBe(400);
  expect(api.requests).toHaveLength(0);
});

test("refuses an id that would name something else", async () => {
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

test("hands the caller's deadline down, but no more than its own", async () => {
  stopClock();
  const { app, api } = await service({ app: { maxCallMs: 20_000 } });
  await app.inject({ ...run, headers: { "x-request-timeout-ms": "5000" } });
  await app.inject({ ...run, headers: { "x-request-timeout-ms": "60000" } });
  await app.inject(run);
  const sent = api.requests.map(({ headers }) => headers["grpc-timeout"]);
  expect(sent).toEqual(["5000m", "20000m", "20000m"]);
});

test("passes an idempotency key on, and makes a lost run again only where the API honours it", async () => {
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
  "a caller who hangs up ends the call over there too (body: %j)",
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

test("is ready until it shuts down, takes calls while load balancers find out, and is alive all the time", async () => {
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

test("cancels the calls that outlast the grace, and says so to their callers", async () => {
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

test("closes connections whose callers do not end their requests", async () => {
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
