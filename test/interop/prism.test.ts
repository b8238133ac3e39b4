// The client against Stoplight Prism, which holds requests against ByteNite's description of its API and knows nothing of
// protobuf: first where Prism makes the responses up, then in front of the embedded server, whose responses it checks too.
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
  // The largest that Prism takes for an int64.
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

/** Each status of the description, and three that it has under `default`: a Status, to which Prism gives no known code. */
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

/** Prism's own word on a request or a response that is not as the description has it. */
const violations = (error: RpcError) => error.headers["sl-violations"];

describe("Prism makes the responses up", () => {
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
      // It fills in all fields, and so a response that is ok has an error too.
      expect(error).toBeInstanceOf(JobsError);
      expect(error).toMatchObject({ status: 200, outcome: "rejected" });
      expect((error as JobsError).response).toMatchObject({ ok: true, error: { code: -(2n ** 53n) + 1n } });
      expect(violations(error)).toBeUndefined();
    });
  });

  test("a run in binary, which it does not understand, is accepted in JSON", async () => {
    const client = jobsClient(prism.origin);
    const options = { headers: { prefer: "code=200" } };
    const error = await caught(client.run("job-1", configs.everything, options));
    expect(error).toBeInstanceOf(JobsError);
    expect(error).toMatchObject({ status: 200, attempts: 2, history: [{ status: 400 }, { status: 200 }] });
    expect(violations(error)).toBeUndefined();
    // It speaks JSON only: what has no body is asked in JSON at once, too.
    expect(await caught(client.abort("job-1", options))).toMatchObject({ status: 200, attempts: 1 });
  });

  test("it does look: 64-bit integers as text are refused", async () => {
    const client = jobsClient(prism.origin, { encoding: "json", jsonInt64: "string" });
    const error = await caught(
      client.run("job-1", configs["a task timeout"], { headers: { prefer: "code=200" } }),
    );
    expect(error).toMatchObject({ status: 400, code: Code.InvalidArgument });
    expect(violations(error)).toContain("config.taskTimeout must be integer");
  });

  // JSON.parse cannot tell a larger one from its neighbours; the client sends all digits.
  test("it takes no number beyond 2^53 for an int64, and that is its own affair", async () => {
    const client = jobsClient(prism.origin, { encoding: "json" });
    const error = await caught(client.run("job-1", { taskTimeout: 2n ** 53n }));
    expect(violations(error)).toContain("config.taskTimeout must be <= 9007199254740991");
  });

  test.each([
    [{}, 401],
    [{ authorization: "token-1" }, 400],
    [{ authorization: "token-1", "content-type": "application/json" }, 400],
  ])("it does look: %o without a body is %i", async (headers, status) => {
    expect(await httpCall(`${prism.origin}/jobs/job-1/run`, { headers })).toMatchObject({ status });
  });
});

describe("Prism stands in front of the embedded server", () => {
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
    "%s: request and response are as the description has them",
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
  ])("an error with %i is, too", async (status, call) => {
    const error = await caught(call(client()));
    expect(error).toMatchObject({ status, outcome: "rejected" });
    expect(violations(error)).toBeUndefined();
  });

  test("a refusal with a number for its code is, too", async () => {
    server.fault({ kind: "refusal", error: { code: 9, message: "not today" } });
    const error = await caught(client().run("job-1"));
    expect(error).toMatchObject({ status: 200, code: Code.FailedPrecondition, reason: "not today" });
    expect(violations(error)).toBeUndefined();
  });
});
