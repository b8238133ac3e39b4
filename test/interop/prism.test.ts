// The client against Stoplight Prism, which validates requests by ByteNite's API description and has no protobuf: first with
// mock responses of Prism, then in front of the embedded server, whose responses it validates too.
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JobConfigSchema } from "../../gen/bytenite/job/job_pb.js";
import {
  type CallOptions,
  Code,
  type JobConfigInit,
  type JobsClient,
  JobsError,
  RpcError,
} from "../../src/index.ts";
import { startJobsServer } from "../../src/testing/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { httpCall } from "../testing/http-call.ts";
import { type Prism, startPrism } from "./prism/start-prism.ts";

const configs: Readonly<Record<string, JobConfigInit | undefined>> = {
  "no config": undefined,
  "an empty config": {},
  "a task timeout": { taskTimeout: 60 },
  // The largest int64 that Prism accepts.
  "a job timeout": { jobTimeout: BigInt(Number.MAX_SAFE_INTEGER) },
  "a test job": { isTestJob: true },
  everything: { taskTimeout: 3_600, jobTimeout: 86_400n, isTestJob: true },
  "a message": create(JobConfigSchema, { taskTimeout: 1n }),
};

type Call = (client: JobsClient, jobId: string, options?: CallOptions) => Promise<unknown>;

const requests: Readonly<Record<string, Call>> = {
  ...Object.fromEntries(
    Object.entries(configs).map(([what, config]): [string, Call] => [
      `run with ${what}`,
      (client, jobId, options) => client.run(jobId, config, options),
    ]),
  ),
  abort: (client, jobId, options) => client.abort(jobId, options),
  delete: (client, jobId, options) => client.delete(jobId, options),
};

/** Each status of the description, and three of its `default`: a Status, for which Prism uses an unknown code. */
const statuses: readonly (readonly [status: number, code: Code])[] = [
  [400, Code.InvalidArgument],
  [401, Code.Unauthenticated],
  [403, Code.PermissionDenied],
  [404, Code.NotFound],
  [500, Code.Internal],
  [503, Code.Unavailable],
  [409, Code.Unknown],
  [429, Code.Unknown],
  [504, Code.Unknown],
];

/** Prism's own error for a request or a response that does not match the description. */
const violations = (error: RpcError) => error.headers["sl-violations"];

describe("Prism with mock responses", () => {
  let prism: Prism;
  beforeAll(async () => {
    prism = await startPrism();
  });
  afterAll(() => prism?.close());

  describe.each(Object.entries(requests))("%s", (_what, call) => {
    test.each(statuses)("%i", async (status, code) => {
      const client = jobsClient(prism.origin, { encoding: "json", retry: false });
      const error = await caught(call(client, "job 1/2", { headers: { prefer: `code=${status}` } }));
      expect(error).toBeInstanceOf(RpcError);
      expect(error).toMatchObject({ status, code, attempts: 1 });
      expect(violations(error)).toBeUndefined();
    });

    test("200", async () => {
      const client = jobsClient(prism.origin, { encoding: "json" });
      const error = await caught(call(client, "job 1/2", { headers: { prefer: "code=200" } }));
      // Prism sets all fields, so a response that is ok has an error too.
      expect(error).toBeInstanceOf(JobsError);
      expect(error).toMatchObject({ status: 200, outcome: "rejected" });
      expect((error as JobsError).response).toMatchObject({ ok: true, error: { code: -(2n ** 53n) + 1n } });
      expect(violations(error)).toBeUndefined();
    });
  });

  test("a run in binary, which Prism does not support, is accepted in JSON", async () => {
    const client = jobsClient(prism.origin);
    const options = { headers: { prefer: "code=200" } };
    const error = await caught(client.run("job-1", configs.everything, options));
    expect(error).toBeInstanceOf(JobsError);
    expect(error).toMatchObject({ status: 200, attempts: 2, history: [{ status: 400 }, { status: 200 }] });
    expect(violations(error)).toBeUndefined();
    // The client knows that it is JSON-only, so a call without a body uses JSON at once.
    expect(await caught(client.abort("job-1", options))).toMatchObject({ status: 200, attempts: 1 });
  });

  test("Prism validates: 64-bit integers as strings are rejected", async () => {
    const client = jobsClient(prism.origin, { encoding: "json", jsonInt64: "string" });
    const error = await caught(
      client.run("job-1", configs["a task timeout"], { headers: { prefer: "code=200" } }),
    );
    expect(error).toMatchObject({ status: 400, code: Code.InvalidArgument });
    expect(violations(error)).toContain("config.taskTimeout must be integer");
  });

  // JSON.parse rounds larger numbers; the client sends all digits.
  test("Prism rejects an int64 beyond 2^53, which is its own limit", async () => {
    const client = jobsClient(prism.origin, { encoding: "json" });
    const error = await caught(client.run("job-1", { taskTimeout: 2n ** 53n }));
    expect(violations(error)).toContain("config.taskTimeout must be <= 9007199254740991");
  });

  test.each([
    [{}, 401],
    [{ authorization: "token-1" }, 400],
    [{ authorization: "token-1", "content-type": "application/json" }, 400],
  ])("Prism validates: %o without a body is %i", async (headers, status) => {
    expect(await httpCall(`${prism.origin}/jobs/job-1/run`, { headers })).toMatchObject({ status });
  });
});

describe("Prism in front of the embedded server", () => {
  let prism: Prism;
  let server: Awaited<ReturnType<typeof startJobsServer>>;
  beforeAll(async () => {
    server = await startJobsServer({ jobs: ["job-1"] });
    prism = await startPrism(server.baseUrl);
  });
  afterAll(async () => {
    await prism?.close();
    await server?.close();
  });
  const client = () => jobsClient(prism.origin, { encoding: "json", accessToken: server.accessToken });

  test.each(Object.entries(requests))(
    "%s: request and response match the description",
    async (what, call) => {
      server.addJob(`job/${what}`);
      await expect(call(client(), `job/${what}`)).resolves.toMatchObject({ ok: true });
    },
  );

  test.each([
    [404, (jobs: JobsClient) => jobs.run("nowhere")],
    [400, (jobs: JobsClient) => jobs.run("job-1").then(() => jobs.run("job-1"))],
    [
      401,
      (_: JobsClient) => jobsClient(prism.origin, { encoding: "json", accessToken: "bad" }).abort("job-1"),
    ],
  ])("an error with %i matches too", async (status, call) => {
    const error = await caught(call(client()));
    expect(error).toMatchObject({ status, outcome: "rejected" });
    expect(violations(error)).toBeUndefined();
  });

  test("a refusal with a number as its code matches too", async () => {
    server.fault({ kind: "refusal", error: { code: 9, message: "not today" } });
    const error = await caught(client().run("job-1"));
    expect(error).toMatchObject({ status: 200, code: Code.FailedPrecondition, reason: "not today" });
    expect(violations(error)).toBeUndefined();
  });
});
