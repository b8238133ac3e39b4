import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code, type JobsServer, startJobsServer } from "../../src/testing/index.ts";
import { type HttpCall, httpCall, jsonOf } from "./http-call.ts";

const PB = "application/x-protobuf";
const JSON_TYPE = "application/json";

function call(server: JobsServer, method: string, path: string, init: HttpCall = {}) {
  const { headers, ...rest } = init;
  return httpCall(server.baseUrl + path, {
    method,
    headers: { authorization: server.accessToken, ...(headers as Record<string, string>) },
    ...rest,
  });
}

const binary = { "content-type": PB, accept: PB };
const json = { "content-type": JSON_TYPE, accept: JSON_TYPE };

describe.each([
  { name: "binary", headers: binary },
  { name: "JSON", headers: json },
])("in $name", ({ name, headers }) => {
  const config = { taskTimeout: 3600n, jobTimeout: 86_400n, isTestJob: true };
  const runBody =
    name === "binary"
      ? toBinary(RunJobRequestSchema, create(RunJobRequestSchema, { config }))
      : '{"config":{"taskTimeout":"3600","job_timeout":86400,"isTestJob":true}}';

  test("a job is run, aborted and deleted", async () => {
    await using server = await startJobsServer({ jobs: ["a b/c"] });
    const run = await call(server, "POST", "/jobs/a%20b%2Fc/run", { headers, body: runBody });
    expect(run.status).toBe(200);
    expect(run.headers["content-type"]).toBe(headers.accept);
    if (name === "binary") {
      expect(fromBinary(GenericResponseSchema, run.body)).toMatchObject({ ok: true, requestId: "request-1" });
    } else {
      expect(jsonOf(run)).toEqual({
        ok: true,
        requestId: "request-1",
        message: "job a b/c is running",
      });
    }
    expect(server.job("a b/c")).toMatchObject({ state: "running", config, runs: 1 });

    await expect(call(server, "POST", "/jobs/a%20b%2Fc/abort", { headers })).resolves.toMatchObject({
      status: 200,
    });
    expect(server.job("a b/c")?.state).toBe("aborted");
    await expect(call(server, "DELETE", "/jobs/a%20b%2Fc", { headers })).resolves.toMatchObject({
      status: 200,
    });
    expect(server.job("a b/c")?.state).toBe("deleted");
    expect(server.executions).toMatchObject([
      { rpc: "RunJob", jobId: "a b/c", config },
      { rpc: "AbortJob", jobId: "a b/c" },
      { rpc: "DeleteJob", jobId: "a b/c" },
    ]);
  });

  test.each([
    ["an unknown job", "POST", "/jobs/b/abort", {}, 404, Code.NotFound, 'there is no job "b"'],
    [
      "a job that is already running",
      "POST",
      "/jobs/running/run",
      {},
      400,
      Code.FailedPrecondition,
      'job "running" is running',
    ],
    [
      "a wrong token",
      "DELETE",
      "/jobs/a",
      { authorization: "no" },
      401,
      Code.Unauthenticated,
      "the access token is not valid",
    ],
    [
      "a token with Bearer",
      "DELETE",
      "/jobs/a",
      { authorization: "Bearer test-access-token" },
      401,
      Code.Unauthenticated,
      "the access token is not valid",
    ],
    ["another path", "POST", "/jobs/a/walk", {}, 404, Code.NotFound, "Not Found"],
    ["a slash too many", "POST", "/jobs/a/run/", {}, 404, Code.NotFound, "Not Found"],
    ["a path in another letter case", "POST", "/Jobs/a/run", {}, 404, Code.NotFound, "Not Found"],
    ["another method", "PUT", "/jobs/a/run", {}, 501, Code.Unimplemented, "Method Not Allowed"],
  ])("%s is a Status", async (_, method, path, more, status, code, message) => {
    await using server = await startJobsServer({ jobs: ["a", "running"] });
    await call(server, "POST", "/jobs/running/run");
    const response = await call(server, method, path, { headers: { ...headers, ...more } });
    expect(response.status).toBe(status);
    expect(response.headers["content-type"]).toBe(headers.accept);
    if (name === "binary") expect(fromBinary(StatusSchema, response.body)).toMatchObject({ code, message });
    else expect(jsonOf(response)).toEqual({ code, message, details: [] });
    expect(server.executions).toHaveLength(1);
  });
});

test("a record has the request bytes as sent", async () => {
  await using server = await startJobsServer({ jobs: ["job-1"] });
  const body = new Uint8Array(Buffer.from("12090890 1c1080a305 1801".replaceAll(" ", ""), "hex"));
  await call(server, "POST", "/jobs/job-1/run?x=%20", { headers: { ...binary, "X-Odd": "1" }, body });
  const [request] = server.requests;
  expect(request).toMatchObject({
    rpc: "bytenite.customer.Customer/RunJob",
    method: "POST",
    path: "/v1/customer/jobs/job-1/run?x=%20",
    status: 200,
    thrown: undefined,
  });
  expect(request?.requestBytes).toEqual(body);
  expect(request?.rawHeaders).toContain("X-Odd");
  expect(request?.headers["x-odd"]).toBe("1");
  expect(request?.responseHeaders["content-type"]).toBe(PB);
  expect(fromBinary(GenericResponseSchema, request?.responseBytes ?? body).ok).toBe(true);
  expect(server.job("job-1")?.config).toMatchObject({
    taskTimeout: 3600n,
    jobTimeout: 86_400n,
    isTestJob: true,
  });
});

test("nothing is executed without a token", async () => {
  await using server = await startJobsServer({ jobs: ["a"] });
  const response = await httpCall(`${server.baseUrl}/jobs/a`, { method: "DELETE" });
  expect(response.status).toBe(401);
  expect(response.headers["www-authenticate"]).toBe("no access token was given");
  expect(server.job("a")?.state).toBe("draft");
});

test("an aborted draft is deleted, and then not found", async () => {
  await using server = await startJobsServer({ jobs: ["a"] });
  expect((await call(server, "POST", "/jobs/a/abort")).status).toBe(200);
  expect(server.job("a")?.state).toBe("deleted");
  expect((await call(server, "POST", "/jobs/a/abort")).status).toBe(404);
});

test("a job can be aborted twice", async () => {
  await using server = await startJobsServer({ jobs: ["a"] });
  await call(server, "POST", "/jobs/a/run");
  expect((await call(server, "POST", "/jobs/a/abort")).status).toBe(200);
  expect((await call(server, "POST", "/jobs/a/abort")).status).toBe(200);
  expect(server.executions.map(({ rpc }) => rpc)).toEqual(["RunJob", "AbortJob", "AbortJob"]);
});

test("a negative timeout is rejected", async () => {
  await using server = await startJobsServer({ jobs: ["a"] });
  const response = await call(server, "POST", "/jobs/a/run", {
    headers: json,
    body: '{"config":{"jobTimeout":-1}}',
  });
  expect(response.status).toBe(400);
  expect(jsonOf(response)).toEqual({ code: 3, message: "a timeout must not be negative", details: [] });
});

test("a job can be added while the server runs", async () => {
  await using server = await startJobsServer();
  server.addJob("late");
  expect((await call(server, "POST", "/jobs/late/run")).status).toBe(200);
});

test("the token URL is relative to a custom base path", async () => {
  await using server = await startJobsServer({ basePath: "/v1/computing/", jobs: ["a"] });
  expect(server.baseUrl).toBe(`http://127.0.0.1:${server.port}/v1/computing`);
  expect(server.tokenUrl).toBe(`http://127.0.0.1:${server.port}/v1/auth/access_token`);
  expect((await call(server, "POST", "/jobs/a/run")).status).toBe(200);
});

test("keeps no more records than its limit", async () => {
  await using server = await startJobsServer({ jobs: ["a", "b"], recordLimit: 1 });
  await call(server, "POST", "/jobs/a/run");
  await call(server, "POST", "/jobs/b/run");
  expect(server.requests).toHaveLength(1);
  expect(server.executions).toMatchObject([{ jobId: "b" }]);
});

describe("the exchange of an API key", () => {
  const exchange = (server: JobsServer, body: string, method = "POST") =>
    httpCall(server.tokenUrl, { method, headers: { "content-type": JSON_TYPE }, body });
  const key = '{"apiKey":"test-api-key"}';

  test("issues a token that is valid until it expires", async () => {
    let now = 0;
    await using server = await startJobsServer({ jobs: ["a"], tokenLifetimeSeconds: 60, now: () => now });
    const response = await exchange(server, key);
    expect(response.status).toBe(200);
    const { token, expiresIn } = jsonOf(response) as { token: string; expiresIn: string };
    expect(expiresIn).toBe("60");
    const headers = { authorization: token };
    now = 59_999;
    expect((await call(server, "POST", "/jobs/a/run", { headers })).status).toBe(200);
    now = 60_000;
    expect((await call(server, "POST", "/jobs/a/abort", { headers })).status).toBe(401);
    expect(server.tokenExchanges).toBe(1);
    expect(server.requests.map(({ rpc }) => rpc)).toEqual([
      "AccessToken",
      "bytenite.customer.Customer/RunJob",
      "bytenite.customer.Customer/AbortJob",
    ]);
  });

  test("issues tokens that can be revoked; the fixed one stays valid", async () => {
    await using server = await startJobsServer({ jobs: ["a"] });
    const { token } = jsonOf(await exchange(server, key)) as { token: string };
    const issued = server.issueToken();
    server.revokeTokens();
    for (const authorization of [token, issued]) {
      expect((await call(server, "POST", "/jobs/a/run", { headers: { authorization } })).status).toBe(401);
    }
    expect((await call(server, "POST", "/jobs/a/run")).status).toBe(200);
  });

  test.each([
    ["a wrong key", '{"apiKey":"no"}', 401, Code.Unauthenticated],
    ["no key", "{}", 401, Code.Unauthenticated],
    ["no JSON", "apiKey", 400, Code.InvalidArgument],
    ["null", "null", 400, Code.InvalidArgument],
  ])("fails for %s", async (_, body, status, code) => {
    await using server = await startJobsServer();
    const response = await exchange(server, body);
    expect(response.status).toBe(status);
    expect(jsonOf(response)).toMatchObject({ code });
    expect(server.tokenExchanges).toBe(0);
  });

  test("accepts only POST", async () => {
    await using server = await startJobsServer();
    expect((await exchange(server, key, "PUT")).status).toBe(501);
  });

  test("has faults of its own", async () => {
    await using server = await startJobsServer({ jobs: ["a"] });
    server.fault({ kind: "status", status: 503 });
    expect((await exchange(server, key)).status).toBe(200);
    server.fault({ kind: "status", status: 500 }, { rpc: "AccessToken" });
    expect((await exchange(server, key)).status).toBe(500);
    expect((await call(server, "POST", "/jobs/a/run")).status).toBe(503);
    expect(server.tokenExchanges).toBe(1);
  });
});
