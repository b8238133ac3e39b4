import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { KV } from "../../examples/gen/etcdserverpb/kv_pb.js";
import { Code, JobConfigSchema } from "../../src/index.ts";
import { startServer } from "../../src/testing/index.ts";
import { createClient, createRestTransport } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { ok, okJson, type Scripted, type SeenRequest, scriptedServer } from "../support/scripted-server.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const json = { "content-type": "application/json" };
const notUnderstood: Scripted = {
  status: 400,
  headers: json,
  body: '{"code":3,"message":"invalid character","details":[]}',
};
const jsonNotFound: Scripted = {
  status: 404,
  headers: json,
  body: '{"code":5,"message":"no such job","details":[]}',
};
const config = { taskTimeout: 5 };

const accepts = (seen: readonly SeenRequest[]) => seen.map(({ headers }) => headers.accept);
const binary = "application/x-protobuf";

describe("a server that accepts only JSON", () => {
  test.each([
    ["400 to a body", notUnderstood],
    ["415", { status: 415, headers: { "content-type": "text/plain" } }],
    ["406 with no body", { status: 406 }],
  ])("and responds with %s gets the call again in JSON, and is remembered", async (_name, rejection) => {
    const server = await scriptedServer(rejection, okJson);
    const client = jobsClient(server.baseUrl, { retry: false });
    for (let i = 0; i < 4; i++) expect(await client.run("job-1", config)).toMatchObject({ ok: true });
    expect(accepts(server.seen)).toEqual([binary, ...Array(4).fill("application/json")]);
    expect(server.seen[1]?.body.toString()).toBe('{"config":{"taskTimeout":5}}');
  });

  test("is remembered also if the call in JSON fails for another reason", async () => {
    const server = await scriptedServer(notUnderstood, jsonNotFound);
    const client = jobsClient(server.baseUrl);
    expect(await caught(client.run("job-1", config))).toMatchObject({ code: Code.NotFound, attempts: 2 });
    expect(await caught(client.run("job-1", config))).toMatchObject({ code: Code.NotFound, attempts: 1 });
  });

  test("gets binary again after five minutes", async () => {
    const server = await scriptedServer(notUnderstood, okJson, ok);
    const client = jobsClient(server.baseUrl);
    await client.run("job-1", config);
    const now = performance.now.bind(performance);
    const later = vi.spyOn(performance, "now").mockImplementation(() => now() + 5 * 60_000);
    await client.run("job-1", config);
    later.mockRestore();
    expect(accepts(server.seen)).toEqual([binary, "application/json", binary]);
  });

  test("gets no JSON if jsonFallback is false", async () => {
    const server = await scriptedServer(notUnderstood);
    const client = jobsClient(server.baseUrl, { jsonFallback: false });
    expect(await caught(client.run("job-1", config))).toMatchObject({
      code: Code.InvalidArgument,
      attempts: 1,
    });
  });
});

describe("nothing is remembered", () => {
  test.each([
    ["400", notUnderstood],
    ["406", { status: 406 }],
    ["415", { status: 415 }],
    ["500", { status: 500, headers: json, body: '{"code":13,"message":"x"}' }],
    ["404 from a proxy", { status: 404, headers: { "content-type": "text/html" }, body: "<h1>no</h1>" }],
  ])("if the response in JSON is %s", async (_name, second) => {
    const server = await scriptedServer(notUnderstood, second, ok);
    const client = jobsClient(server.baseUrl);
    const error = await caught(client.run("job-1", config));
    expect(error).toMatchObject({ status: second.status, attempts: 2 });
    await client.run("job-1", config);
    expect(accepts(server.seen)).toEqual([binary, "application/json", binary]);
  });

  test("if the connection is lost in JSON", async () => {
    const server = await scriptedServer(notUnderstood, "reset", ok);
    const client = jobsClient(server.baseUrl);
    expect(await caught(client.run("job-1", config))).toMatchObject({ outcome: "unknown", attempts: 2 });
    await client.run("job-1", config);
    expect(accepts(server.seen)).toEqual([binary, "application/json", binary]);
  });
});

describe("a call is not repeated", () => {
  test.each([
    ["after a 400 in binary", { status: 400, headers: { "content-type": binary } }, "run"],
    [
      "after a 400 with a stock gateway's content type of binary",
      { status: 400, headers: { "content-type": "application/octet-stream" } },
      "run",
    ],
    ["after a 400 to a call without a body", notUnderstood, "abort"],
    ["after a 404", jsonNotFound, "run"],
  ] as const)("%s", async (_name, response, method) => {
    const server = await scriptedServer(response);
    const client = jobsClient(server.baseUrl);
    await caught(method === "run" ? client.run("job-1", config) : client.abort("job-1"));
    expect(server.seen).toHaveLength(1);
  });

  test("after a 400 to a JSON body with accept: binary", async () => {
    const server = await scriptedServer(notUnderstood);
    const client = jobsClient(server.baseUrl, { encoding: { request: "json", response: "protobuf" } });
    await caught(client.run("job-1", config));
    expect(server.seen).toHaveLength(1);
  });
});

test("a JSON response to a binary request is decoded, and does not change the next call", async () => {
  const server = await scriptedServer(okJson);
  const client = jobsClient(server.baseUrl);
  for (let i = 0; i < 2; i++) expect(await client.run("job-1", config)).toMatchObject({ requestId: "req-1" });
  expect(accepts(server.seen)).toEqual([binary, binary]);
});

test("the fallback does not count as a retry", async () => {
  const server = await scriptedServer({ status: 415 }, { status: 503 }, { status: 503 }, okJson);
  const client = jobsClient(server.baseUrl, { retry: { maxAttempts: 3, initialBackoffMs: 1 } });
  expect(await client.abort("job-1")).toMatchObject({ ok: true });
  expect(server.seen).toHaveLength(4);
});

test("the fallback sends the original request, even if the caller has changed the message since", async () => {
  const server = await scriptedServer(notUnderstood, okJson);
  const client = jobsClient(server.baseUrl);
  const message = create(JobConfigSchema, { taskTimeout: 5n });
  const headers = { "x-trace": "one" };
  const metadata = { team: ["a", "b"] };
  const called = client.run("job-1", message, { headers, metadata });
  message.taskTimeout = 6n;
  headers["x-trace"] = "two";
  metadata.team = ["c"];
  await called;
  expect(server.seen.map(({ headers }) => [headers["x-trace"], headers["grpc-metadata-team"]])).toEqual(
    Array(2).fill(["one", "a, b"]),
  );
  expect(server.seen[1]?.body.toString()).toBe('{"config":{"taskTimeout":5}}');
});

test("a server that accepts only JSON never takes a binary body for JSON", async () => {
  const ranges: string[] = [];
  const server = await startServer(
    KV,
    {
      put: () => ({}),
      range: ({ key, rangeEnd }) => {
        ranges.push(Buffer.from(key).toString(), Buffer.from(rangeEnd).toString());
        return {};
      },
      txn: () => ({}),
    },
    { encodings: "json" },
  );
  onTestFinished(() => server.close());
  const transport = createRestTransport({ baseUrl: server.baseUrl });
  onTestFinished(() => transport.close());
  // In binary it follows a tag and a length that are whitespace in JSON.
  const key = '{"key":"AA==","rangeEnd":"AA=="}';
  expect(key).toHaveLength(32);
  await createClient(KV, transport).range({ key: Buffer.from(key) });
  expect(ranges).toEqual([key, ""]);
});
