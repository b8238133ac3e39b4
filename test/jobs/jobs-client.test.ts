import { create, toJsonString } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type GenericResponse, GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { JobConfigSchema } from "../../gen/bytenite/job/job_pb.js";
import { Code, type JobConfigInit, JobsClient, type JobsClientOptions, JobsError } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { binary, ok, okJson, type Scripted, scriptedServer } from "../support/scripted-server.ts";

const config = { taskTimeout: 3600, jobTimeout: 86400n, isTestJob: true };

describe("requests", () => {
  test("run sends the config in binary, and the id only in the path", async () => {
    const server = await scriptedServer(ok);
    const response = await jobsClient(server.baseUrl).run("job-1", config);
    expect(response).toEqual(create(GenericResponseSchema, { ok: true, requestId: "req-1" }));
    const [request] = server.seen;
    expect(request).toMatchObject({ method: "POST", path: "/v1/customer/jobs/job-1/run" });
    expect(request?.body.toString("hex")).toBe("120908901c1080a3051801");
    expect(request?.headers).toMatchObject({
      "content-type": "application/x-protobuf",
      accept: "application/x-protobuf",
      authorization: "token-1",
      "grpc-timeout": "30000m",
    });
  });

  test("run without a config sends an empty body with a content type", async () => {
    const server = await scriptedServer(ok);
    await jobsClient(server.baseUrl).run("job-1");
    expect(server.seen[0]?.body).toHaveLength(0);
    expect(server.seen[0]?.headers).toMatchObject({
      "content-type": "application/x-protobuf",
      "content-length": "0",
    });
  });

  test.each(["protobuf", "json"] as const)("abort and delete send no body in %s", async (encoding) => {
    const server = await scriptedServer(encoding === "json" ? okJson : ok);
    const client = jobsClient(server.baseUrl, { encoding });
    await client.abort("job-1");
    await client.delete("job-1");
    const [abort, remove] = server.seen;
    expect(abort).toMatchObject({ method: "POST", path: "/v1/customer/jobs/job-1/abort" });
    expect(abort?.headers).toMatchObject({ "content-length": "0" });
    expect(abort?.headers).not.toHaveProperty("content-type");
    expect(remove).toMatchObject({ method: "DELETE", path: "/v1/customer/jobs/job-1" });
    expect(remove?.headers).not.toHaveProperty("content-type");
  });

  test("run in JSON", async () => {
    const server = await scriptedServer(okJson);
    const client = jobsClient(server.baseUrl, { encoding: "json" });
    await client.run("job-1", config);
    await client.run("job-1");
    expect(server.seen.map(({ body }) => body.toString())).toEqual([
      '{"config":{"taskTimeout":3600,"jobTimeout":86400,"isTestJob":true}}',
      "{}",
    ]);
    expect(server.seen[0]?.headers).toMatchObject({
      "content-type": "application/json",
      accept: "application/json",
    });
  });

  test("the careful mode sends JSON and accepts binary", async () => {
    const server = await scriptedServer(ok);
    await jobsClient(server.baseUrl).run("job-1", config, {
      encoding: { request: "json", response: "protobuf" },
    });
    expect(server.seen[0]?.headers).toMatchObject({
      "content-type": "application/json",
      accept: "application/x-protobuf",
    });
  });

  test("an id is one path segment", async () => {
    const server = await scriptedServer(ok);
    await jobsClient(server.baseUrl).abort("a/b?c#d%2F é");
    expect(server.seen[0]?.path).toBe("/v1/customer/jobs/a%2Fb%3Fc%23d%252F%20%C3%A9/abort");
  });

  test("headers and metadata of a call", async () => {
    const server = await scriptedServer(ok);
    const client = jobsClient(server.baseUrl, {
      headers: { "X-All": "1", "x-over": "a", "x-fn": () => "f" },
    });
    await client.abort("job-1", {
      headers: { "X-Over": "b" },
      metadata: { trace: ["1", "2"], "raw-bin": Uint8Array.of(255) },
    });
    expect(server.seen[0]?.headers).toMatchObject({ "x-all": "1", "x-over": "b", "x-fn": "f" });
    const raw = server.seen[0]?.rawHeaders.join("\n").toLowerCase();
    expect(raw).toContain("grpc-metadata-trace\n1\ngrpc-metadata-trace\n2\ngrpc-metadata-raw-bin\n/w==");
  });

  test("onResponse is called with the response, even of an error", async () => {
    const headers = { "content-type": "application/x-protobuf", "grpc-metadata-x-a": "1" };
    const server = await scriptedServer({ ...ok, headers }, { status: 404, headers });
    const client = jobsClient(server.baseUrl);
    const calls: unknown[] = [];
    const onResponse = (response: { status: number; metadata: unknown }) => {
      calls.push([response.status, response.metadata]);
    };
    await client.abort("job-1", { onResponse });
    await caught(client.abort("job-1", { onResponse }));
    expect(calls).toEqual([
      [200, { "x-a": ["1"] }],
      [404, { "x-a": ["1"] }],
    ]);
  });
});

describe("a config that is rejected before a request is sent", () => {
  test.each([
    [{ tasktimeout: 5 }, 'config has no "tasktimeout"; it has taskTimeout, jobTimeout, isTestJob'],
    [{ taskTimeout: "3600" }, "config.taskTimeout must be a whole number of seconds"],
    [{ taskTimeout: -1 }, "config.taskTimeout must be a whole number of seconds"],
    [{ taskTimeout: 1.5 }, "config.taskTimeout must be a whole number of seconds"],
    [{ taskTimeout: 2 ** 53 }, "config.taskTimeout must be a whole number of seconds"],
    [{ jobTimeout: 2n ** 63n }, "config.jobTimeout must be a whole number of seconds"],
    [{ jobTimeout: -1n }, "config.jobTimeout must be a whole number of seconds"],
    [{ jobTimeout: null }, "config.jobTimeout must be a whole number of seconds"],
    [{ isTestJob: "yes" }, "config.isTestJob must be true or false"],
    [[], "config has to be an object, not an array"],
    [null, "config has to be an object, not null"],
    ["fast", "config has to be an object, not a string"],
    [create(EmptySchema), "config has to be a bytenite.job.JobConfig, not a google.protobuf.Empty"],
    // None of them has keys: the job would run without a limit.
    [Promise.resolve({ taskTimeout: 5 }), "config has to be an object, not a Promise"],
    [new Map([["taskTimeout", 5]]), "config has to be an object, not a Map"],
    [new Date(0), "config has to be an object, not a Date"],
    [new URLSearchParams("taskTimeout=5"), "config has to be an object, not a URLSearchParams"],
  ])("%o", async (bad, reason) => {
    const server = await scriptedServer(ok);
    const error = await caught(jobsClient(server.baseUrl).run("job-1", bad as unknown as JobConfigInit));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent", attempts: 0 });
    expect(error.message).toContain(`bytenite.customer.Customer/RunJob: InvalidArgument: ${reason}`);
    expect(server.seen).toHaveLength(0);
  });

  test("int64s at their limits and a message of protobuf-es are sent", async () => {
    const server = await scriptedServer(ok);
    const client = jobsClient(server.baseUrl, { encoding: { request: "json", response: "protobuf" } });
    await client.run("job-1", { taskTimeout: 2 ** 53 - 1, jobTimeout: 2n ** 63n - 1n });
    await client.run("job-1", create(JobConfigSchema, { taskTimeout: 5n }));
    expect(server.seen.map(({ body }) => body.toString())).toEqual([
      '{"config":{"taskTimeout":9007199254740991,"jobTimeout":9223372036854775807}}',
      '{"config":{"taskTimeout":5}}',
    ]);
  });
});

test.each(["", ".", "..", "\ud800", undefined, null, 7, {}])("the job id %o is rejected", async (id) => {
  const server = await scriptedServer(ok);
  const client = jobsClient(server.baseUrl);
  for (const call of [client.run, client.abort, client.delete]) {
    const error = await caught(call.call(client, id as string));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(error.message).toContain("job_id");
  }
  expect(server.seen).toHaveLength(0);
});

describe("a response with status 200 that is not ok", () => {
  test.each([
    [{ requestId: "r", message: "busy" }, Code.Unknown, "busy"],
    [{ ok: true, error: { code: 9n, message: "is running" } }, Code.FailedPrecondition, "is running"],
    [
      { error: { code: 404n, message: "no job", description: "look again" } },
      Code.NotFound,
      "no job: look again",
    ],
    [{ message: "m", error: { code: 7_000n } }, Code.Unknown, "m"],
  ])("%o", async (init, code, reason) => {
    const message = create(GenericResponseSchema, init);
    const server = await scriptedServer(binary(message));
    const error = await caught(jobsClient(server.baseUrl).run("job-1"));
    expect(error).toBeInstanceOf(JobsError);
    expect(error).toMatchObject({
      code,
      reason,
      outcome: "rejected",
      status: 200,
      attempts: 1,
      response: message,
    });
    expect(error.history).toMatchObject([{ code, status: 200, outcome: "rejected" }]);
  });

  const json = { "content-type": "application/json" };
  const inJson = (message: GenericResponse): Scripted => ({
    headers: json,
    body: toJsonString(GenericResponseSchema, message),
  });

  test.each<[string, Scripted]>([
    ["204", { status: 204 }],
    ["200 without a body", { status: 200 }],
    ["no bytes of binary", { headers: { "content-type": "application/x-protobuf" } }],
    ["ok: false in binary", binaryBytes(0x08, 0x00)],
    ["{}", { headers: json, body: "{}" }],
    ["ok: false in JSON", { headers: json, body: '{"ok":false}' }],
    [
      "every field at its default, as a gateway writes them",
      { headers: json, body: '{"ok":false,"requestId":"","message":"","error":null}' },
    ],
    ["an unknown field", { headers: json, body: '{"status":"queued"}' }],
  ])("and has nothing else is unknown: %s", async (_, response) => {
    const server = await scriptedServer(response);
    expect(await caught(jobsClient(server.baseUrl).run("job-1"))).toMatchObject({
      name: "JobsError",
      code: Code.Unknown,
      outcome: "unknown",
    });
  });

  test("has the same outcome in binary and in JSON", async () => {
    const text = fc.constantFrom("", "r-1");
    const shape = {
      requestId: text,
      message: text,
      error: fc.option(fc.record({ code: fc.constantFrom(0n, 9n), message: text }), { nil: undefined }),
    };
    await fc.assert(
      fc.asyncProperty(fc.record(shape), async (init) => {
        const message = create(GenericResponseSchema, init);
        const outcomes: unknown[] = [];
        for (const response of [binary(message), inJson(message)]) {
          const { baseUrl } = await scriptedServer(response);
          outcomes.push((await caught(jobsClient(baseUrl).run("job-1"))).outcome);
        }
        const hasContent = init.requestId !== "" || init.message !== "" || init.error !== undefined;
        expect(outcomes).toEqual(hasContent ? ["rejected", "rejected"] : ["unknown", "unknown"]);
      }),
      { numRuns: 20 },
    );
  }, 30_000);
});

function binaryBytes(...bytes: readonly number[]): Scripted {
  return { headers: { "content-type": "application/x-protobuf" }, body: Uint8Array.from(bytes) };
}

describe("options that are rejected", () => {
  const secret = "s3cret";
  test.each([
    [{ accessToken: "" }, "accessToken must be a non-empty string"],
    [{ accessToken: `${secret}\n` }, "accessToken: the value of authorization has characters"],
    [{ accessToken: 5 }, "accessToken must be"],
    [{}, "give either accessToken or apiKey"],
    [{ accessToken: secret, apiKey: secret }, "give either accessToken or apiKey"],
    [{ accessToken: secret, tokenUrl: "https://a" }, "tokenUrl goes with apiKey"],
    [{ apiKey: secret, tokenUrl: "/x" }, "tokenUrl must be absolute"],
    [
      { accessToken: secret, baseUrl: `https://u:${secret}@h/` },
      "baseUrl must not hold a user name or password",
    ],
    [{ accessToken: secret, baseUrl: `https://h/?key=${secret}` }, "baseUrl must not hold a query"],
    [{ accessToken: secret, baseUrl: secret }, "baseUrl must be absolute"],
    [{ accessToken: secret, baseUrl: "ftp://h/" }, "baseUrl must begin with https: or http:"],
    [
      { accessToken: secret, baseUrl: "http://example.com/" },
      "accessToken: a credential would go over http:",
    ],
    [{ apiKey: secret, baseUrl: "http://example.com/" }, "a credential would go over http:"],
    [{ apiKey: secret, tokenUrl: "http://example.com/" }, "apiKey: a credential would go over http:"],
    [{ accessToken: secret, timeoutMS: 5 }, 'there is no option "timeoutMS"'],
    [{ accessToken: secret, timeoutMs: -1 }, "timeoutMs must be a number of milliseconds"],
    [{ accessToken: secret, timeoutMs: Number.NaN }, "timeoutMs must be a number of milliseconds"],
    [{ accessToken: secret, encoding: "xml" }, "encoding must be"],
    [{ accessToken: secret, maxResponseBytes: 0 }, "maxResponseBytes must be a whole number"],
    [{ accessToken: secret, retry: { maxAttempts: 0 } }, "retry.maxAttempts must be"],
    [{ accessToken: secret, jsonFallback: 1 }, "jsonFallback must be true or false"],
    [
      { accessToken: secret, headers: { Authorization: secret } },
      "headers: the Authorization header is set by accessToken",
    ],
    [
      { accessToken: secret, headers: { "content-type": "a" } },
      "headers: content-type is set by the transport",
    ],
    [{ accessToken: secret, headers: { "a b": "a" } }, 'headers: "a b" is not a header name'],
    [
      { accessToken: secret, headers: { "x-key": `${secret}\r\n` } },
      "headers: the value of x-key has characters",
    ],
    [{ accessToken: secret, protobufMediaType: "x" }, "protobufMediaType must be a media type"],
    [{ accessToken: secret, timeoutHeader: true }, "timeoutHeader must be the name of a header"],
    [{ accessToken: secret, dispatcher: {} }, "dispatcher must be a Dispatcher"],
    [{ accessToken: secret, interceptors: [1] }, "interceptors must be an array of functions"],
  ])("%o", (options, reason) => {
    let error: unknown;
    try {
      new JobsClient(options as unknown as JobsClientOptions);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: "RpcError", code: Code.InvalidArgument, outcome: "not_sent" });
    expect(String(error)).toContain(reason);
    expect(String(error)).not.toContain(secret);
  });

  test.each([
    ["http://127.0.0.1:1/"],
    ["http://localhost:1"],
    ["http://[::1]:1/"],
    [new URL("https://example.com/a/")],
  ])("unless the host is this machine: %s", async (baseUrl) => {
    await new JobsClient({ accessToken: secret, baseUrl }).close();
  });

  test.each([
    [{ timeoutMS: 1 }, 'there is no option "timeoutMS"'],
    [{ timeoutMs: "1" }, "timeoutMs must be a number"],
    [{ signal: {} }, "signal must be an AbortSignal"],
    [{ onResponse: 1 }, "onResponse must be a function"],
    [{ idempotencyKey: "" }, "idempotencyKey must be a non-empty string"],
    [{ headers: { "grpc-timeout": "1m" } }, "headers: grpc-timeout is set by timeoutMs"],
    [{ metadata: { "a b": "x" } }, 'metadata: "a b" is not a key'],
    [{ metadata: { a: "é" } }, "metadata: the value of a has characters other than printable ASCII"],
    [{ metadata: { "a-bin": "x" } }, "metadata: the value of a-bin must be bytes"],
    [5, "options must be an object"],
  ])("of a call: %o", async (options, reason) => {
    const server = await scriptedServer(ok);
    const error = await caught(jobsClient(server.baseUrl).abort("job-1", options as object));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(error.message).toContain(reason);
    expect(server.seen).toHaveLength(0);
  });
});
