// Requests of the client and responses of the embedded servers, compared with ByteNite's description of its API.
import { create, type DescField, type DescMessage, getOption, ScalarType } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ErrorSchema, GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { Customer } from "../../gen/bytenite/customer/customer_pb.js";
import { JobConfigSchema } from "../../gen/bytenite/job/job_pb.js";
import { http } from "../../gen/google/api/annotations_pb.js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code, type JobConfigInit, type JobsClientOptions, type JobsError } from "../../src/index.ts";
import { BYTENITE_BASE_URL } from "../../src/jobs/jobs-client.ts";
import { type GatewayOptions, type RecordedRequest, StatusError } from "../../src/testing/index.ts";
import { caught } from "../support/caught.ts";
import { calls, jobsClient } from "../support/clients.ts";
import { clientOptions, openJobs, sides } from "../testing/sides.ts";
import { apiDescription, problemsOf } from "./api-description.ts";

const configs: Readonly<Record<string, JobConfigInit | undefined>> = {
  none: undefined,
  empty: {},
  "a task timeout": { taskTimeout: 60 },
  "a job timeout": { jobTimeout: 60n },
  "a test job": { isTestJob: true },
  zeros: { taskTimeout: 0, jobTimeout: 0n, isTestJob: false },
  "all of it": { taskTimeout: 3_600, jobTimeout: 86_400, isTestJob: true },
  "the largest": { taskTimeout: Number.MAX_SAFE_INTEGER, jobTimeout: 2n ** 63n - 1n },
  "beyond a double": { taskTimeout: 9_007_199_254_740_993n },
  "a message": create(JobConfigSchema, { taskTimeout: 1n, jobTimeout: 2n, isTestJob: true }),
};

type ClientOptions = Pick<JobsClientOptions, "encoding" | "jsonInt64" | "retry">;

const ways: Readonly<Record<string, ClientOptions>> = {
  JSON: { encoding: "json" },
  "JSON, answered in binary": { encoding: { request: "json", response: "protobuf" } },
  "binary, answered in JSON": { encoding: { request: "protobuf", response: "json" } },
  binary: {},
};

function problemsWith(requests: readonly RecordedRequest[]): string[] {
  return requests.flatMap(problemsOf);
}

describe.each(sides)("with a server of jobs (%s)", (side) => {
  async function setUp(options: Omit<GatewayOptions, "registry"> = {}, client: ClientOptions = {}) {
    const server = await openJobs(side, { jobs: ["job-1", "job/2"], ...options });
    const { accessToken } = server;
    return {
      server,
      client: jobsClient(server.baseUrl, { ...clientOptions(server), accessToken, ...client }),
    };
  }

  describe.each(Object.keys(ways))("in %s", (way) => {
    test.each(Object.keys(configs))("run with %s is as the description has it", async (config) => {
      const { server, client } = await setUp({}, ways[way]);
      await client.run("job-1", configs[config]);
      expect(problemsWith(server.requests)).toEqual([]);
      const { taskTimeout, jobTimeout, isTestJob } = create(JobConfigSchema, configs[config] as never);
      const [execution] = server.executions;
      expect(execution?.config ?? create(JobConfigSchema)).toMatchObject({
        taskTimeout: BigInt(taskTimeout),
        jobTimeout: BigInt(jobTimeout),
        isTestJob,
      });
    });

    test("abort and delete are, too", async () => {
      const { server, client } = await setUp({}, ways[way]);
      await client.run("job/2");
      await client.abort("job/2");
      await client.delete("job/2");
      expect(problemsWith(server.requests)).toEqual([]);
      expect(server.requests.map(({ status }) => status)).toEqual([200, 200, 200]);
    });

    test("and so are errors of every kind", async () => {
      let code: Code = Code.OK;
      const onRequest = () => {
        if (code === Code.OK) return;
        const details = [create(ErrorInfoSchema, { reason: "R", metadata: { a: "b" } })];
        throw new StatusError(code, "no", { details });
      };
      const { server, client } = await setUp({ onRequest }, { retry: false, ...ways[way] });
      for (code of Object.values(Code)) {
        if (code === Code.OK) continue;
        for (const call of Object.values(calls)) await caught(call(client));
      }
      code = Code.OK;
      await caught(client.run("nowhere", { taskTimeout: 1 }));
      await caught(client.abort("nowhere"));
      await caught(
        jobsClient(server.baseUrl, { ...clientOptions(server), accessToken: "bad", ...ways[way] }).run(
          "job-1",
        ),
      );
      const statuses = new Set(server.requests.map(({ status }) => status));
      expect([...statuses].sort()).toEqual([400, 401, 403, 404, 409, 429, 499, 500, 501, 503, 504]);
      expect(server.requests.length).toBeGreaterThan(48);
      expect(problemsWith(server.requests)).toEqual([]);
    });

    test("and a refusal, with a number for its code", async () => {
      const { server, client } = await setUp({}, ways[way]);
      server.fault({
        kind: "refusal",
        message: "no",
        error: { code: 9_007_199_254_740_993n, message: "why" },
      });
      const error = (await caught(client.run("job-1"))) as JobsError;
      expect(error.response.error?.code).toBe(9_007_199_254_740_993n);
      server.fault({ kind: "refusal" });
      await caught(client.abort("job-1"));
      expect(problemsWith(server.requests)).toEqual([]);
    });
  });

  test.each(Object.keys(configs))("a run with %s after a fallback from binary", async (config) => {
    const { server, client } = await setUp({ encodings: "json" });
    await client.run("job-1", configs[config]);
    await client.abort("job-1");
    await client.delete("job-1");
    expect(problemsWith(server.requests)).toEqual([]);
    expect(server.executions).toHaveLength(3);
    const types = server.requests.map(({ headers }) => headers["content-type"]);
    const isEmpty = configs[config] === undefined;
    expect(types.includes("application/json")).toBe(!isEmpty);
  });

  test("requests in the canonical form are taken, too", async () => {
    const { server, client } = await setUp({}, { encoding: "json", jsonInt64: "string" });
    await client.run("job-1", { taskTimeout: 9_007_199_254_740_993n });
    expect(server.executions).toMatchObject([{ config: { taskTimeout: 9_007_199_254_740_993n } }]);
    expect(problemsWith(server.requests)).toEqual([
      "/paths/~1jobs~1%7BjobId%7D~1run/post/requestBody/config/taskTimeout: must be integer",
    ]);
  });
});

describe("what is not as the description has it is found", () => {
  const good: RecordedRequest = {
    rpc: undefined,
    method: "POST",
    path: "/v1/customer/jobs/job-1/run",
    headers: { "content-type": "application/json" },
    rawHeaders: [],
    requestBytes: Buffer.from('{"config":{"taskTimeout":60,"isTestJob":true}}'),
    status: 200,
    responseHeaders: { "content-type": "application/json" },
    responseBytes: Buffer.from('{"ok":true,"error":{"code":5}}'),
    requestMessages: undefined,
    responseMessages: undefined,
    thrown: undefined,
  };
  const request = (text: string) => ({ requestBytes: Buffer.from(text) });
  const response = (text: string, status = 200) => ({ responseBytes: Buffer.from(text), status });

  test("and what is, is not", () => {
    expect(problemsOf(good)).toEqual([]);
    expect(problemsOf({ ...good, ...response('{"code":5,"message":"","details":[]}', 412) })).toEqual([]);
  });

  test.each<readonly [what: string, change: Partial<RecordedRequest>, problem: RegExp]>([
    [
      "a number as text",
      request('{"config":{"jobTimeout":"60"}}'),
      /requestBody\/config\/jobTimeout: must be integer/,
    ],
    ["a fraction", request('{"config":{"jobTimeout":0.5}}'), /jobTimeout: must be integer/],
    ["more than 64 bits", request('{"config":{"jobTimeout":1e30}}'), /jobTimeout: must match format "int64"/],
    ["a flag as text", request('{"config":{"isTestJob":"true"}}'), /isTestJob: must be boolean/],
    ["no object", request("[]"), /requestBody: must be object/],
    ["no body", { headers: {} }, /requestBody: the content type is undefined/],
    [
      "a body where there is none",
      { path: "/v1/customer/jobs/job-1/abort" },
      /abort\/post\/requestBody: there is no body/,
    ],
    ["another path", { path: "/v1/jobs/job-1/run" }, /there is no POST/],
    ["another verb", { method: "PUT" }, /there is no PUT/],
    ["a null", response('{"ok":true,"error":null}'), /responses\/200\/error: must be object/],
    ["a code as text", response('{"error":{"code":"5"}}'), /error\/code: must be integer/],
    [
      "a status with a wide code",
      response('{"code":2147483648}', 412),
      /responses\/default\/code: must match format "int32"/,
    ],
    [
      "another content type",
      { responseHeaders: { "content-type": "text/plain" } },
      /200: the content type is text\/plain/,
    ],
  ])("%s", (_what, change, problem) => {
    expect(problemsOf({ ...good, ...change }).join("\n")).toMatch(problem);
  });
});

describe("our protos are as the description has them", () => {
  const messages: readonly DescMessage[] = [
    GenericResponseSchema,
    ErrorSchema,
    JobConfigSchema,
    StatusSchema,
  ];

  test.each(messages.map((desc) => [desc] as const))("%s, in the order of its properties", (desc) => {
    const { type, properties } = apiDescription.components.schemas[schemaName(desc)];
    expect(type).toBe("object");
    const described = Object.entries<Record<string, unknown>>(properties).map(
      ([name, { description, title, ...schema }]) => [name, schema],
    );
    expect(desc.fields.map((field) => [field.jsonName, schemaOfField(field)])).toEqual(described);
  });

  test("the rpcs, by their routes", () => {
    const described = Object.entries<Record<string, Record<string, unknown>>>(apiDescription.paths).flatMap(
      ([path, verbs]) => Object.entries(verbs).map(([verb, { operationId }]) => [operationId, verb, path]),
    );
    const ours = Customer.methods.map((method) => {
      const { pattern } = getOption(method, http);
      return [`Customer_${method.name}`, pattern.case, String(pattern.value).replace("{job_id}", "{jobId}")];
    });
    expect(described.sort()).toEqual(ours.sort());
  });

  /** `bytenite.job.JobConfig` is called `jobJobConfig`, as the generator calls it. */
  function schemaName({ typeName }: DescMessage): string {
    return typeName.split(".").slice(-2).join("");
  }

  function schemaOfField(field: DescField): Record<string, unknown> {
    if (field.message !== undefined) {
      const reference = { $ref: `#/components/schemas/${schemaName(field.message)}` };
      return field.fieldKind === "list" ? { type: "array", items: reference } : reference;
    }
    switch (field.scalar) {
      case ScalarType.BOOL:
        return { type: "boolean" };
      case ScalarType.STRING:
        return { type: "string" };
      default:
        return { type: "integer", format: ScalarType[field.scalar ?? 0]?.toLowerCase() };
    }
  }
});

test("the client goes where the description says, with the header that it says", async () => {
  expect(apiDescription.servers).toEqual([{ url: BYTENITE_BASE_URL }]);
  expect(apiDescription.components.securitySchemes).toEqual({
    ApiKeyAuth: expect.objectContaining({ type: "apiKey", in: "header", name: "Authorization" }),
  });
});
