import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  ErrorSchema,
  type GenericResponse,
  GenericResponseSchema,
} from "../../gen/bytenite/common/common_pb.js";
import { Code, type ProbeReport, probe } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { closedPort } from "../support/loopback.ts";
import { ok, okJson, type Scripted, scriptedServer } from "../support/scripted-server.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";
import { type FakeResponse, fakeGateway, malformed, noSuchJob, type RunningFake } from "./fake-gateway.ts";
import { verdictsOf, withVerdict } from "./verdicts.ts";

const probed = ({ baseUrl }: { readonly baseUrl: string }) => probe({ baseUrl, accessToken: "token-1" });

const status = (httpStatus: number, code: number): Scripted => ({
  status: httpStatus,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ code, message: "no" }),
});

const html = (httpStatus: number): Scripted => ({
  status: httpStatus,
  headers: { "content-type": "text/html" },
  body: "<html><head><title>Nothing here</title></head></html>",
});

describe("a server that accepts everything", () => {
  test.each([
    ["in JSON", okJson],
    ["in binary", ok],
    ["with ok and nothing else in binary", { ...ok, body: Uint8Array.of(0x08, 0x01) }],
  ] as const)("%s gets one request", async (_, response) => {
    const server = await scriptedServer(response);
    const report = await probed(server);
    expect(server.seen).toHaveLength(1);
    expect(report).toMatchObject({ requests: 1, stopped: expect.stringContaining("accepted") });
    expect(withVerdict(report, "refuted")).toEqual(["unknown-job"]);
    expect(withVerdict(report, "proven")).toEqual([]);
    expect(report.summary).toContain("Stopped");
  });

  test("that it can read gets no more requests", async () => {
    const server = await scriptedServer(status(400, 3), okJson);
    const report = await probed(server);
    expect(server.seen).toHaveLength(2);
    expect(verdictsOf(report)["unknown-job"]).toBe("refuted");
  });

  test("of kind abort gets no more requests", async () => {
    const server = await scriptedServer(status(400, 3), status(404, 5), okJson);
    const report = await probed(server);
    expect(server.seen).toHaveLength(3);
    expect(verdictsOf(report)["unknown-job"]).toBe("refuted");
    expect(report.findings.filter(({ id }) => id === "unknown-job")).toHaveLength(1);
  });
});

describe("a server that responds the same to everything", () => {
  test.each([
    ["400", status(400, 3)],
    ["400 of another kind", status(400, 9)],
    ["401", status(401, 16)],
    ["403", status(403, 7)],
    ["404", status(404, 5)],
    ["429", status(429, 8)],
    ["500", status(500, 13)],
    ["501", status(501, 12)],
    ["503", status(503, 14)],
  ] as const)("%s proves nothing about what it reads", async (_, response) => {
    const report = await probed(await scriptedServer(response));
    expect(withVerdict(report, "proven").filter((id) => id !== "unknown-job")).toEqual([]);
    expect(verdictsOf(report)).toMatchObject({ "binary-requests": "not shown", "config-field": "not shown" });
    expect(report.configField).toBeUndefined();
  });

  test("a proxy's 404 is not this API, and gets no more requests", async () => {
    const server = await scriptedServer(html(404));
    const report = await probed(server);
    expect(withVerdict(report, "refuted")).toEqual(["reachable"]);
    expect(withVerdict(report, "proven")).toEqual([]);
    expect(server.seen).toHaveLength(1);
  });

  test("a redirect is not followed", async () => {
    const server = await scriptedServer({ status: 307, headers: { location: "/elsewhere" } });
    const report = await probed(server);
    expect(withVerdict(report, "refuted")).toEqual(["reachable"]);
    expect(server.seen.map(({ path }) => path)).toEqual([`/v1/customer/jobs/${report.jobId}/run`]);
  });

  test("a proxy's 502 shows nothing", async () => {
    const report = await probed(await scriptedServer(html(502)));
    expect(withVerdict(report, "not shown")).toHaveLength(report.findings.length);
  });
});

describe("a server that cannot be probed", () => {
  test("nothing listens on the port", async () => {
    const baseUrl = `http://127.0.0.1:${await closedPort()}`;
    const error = await caught(probed({ baseUrl }));
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "not_sent", attempts: 1 });
  });

  test("the first connection is lost", async () => {
    const server = await scriptedServer("reset");
    const error = await caught(probed(server));
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 1 });
    expect(server.seen).toHaveLength(1);
  });

  test("it never responds", async () => {
    const moveOn = stopClock();
    const { baseUrl, seen } = await scriptedServer("hang");
    const ended = caught(probe({ baseUrl, accessToken: "token-1", timeoutMs: 50 }));
    await until(() => seen.length === 1);
    await moveOn(50);
    const error = await ended;
    expect(error).toMatchObject({ code: Code.DeadlineExceeded, outcome: "unknown" });
  });

  test("it stops responding, and the caller aborts", async () => {
    const abort = new AbortController();
    const server = await fakeGateway({
      before({ index }) {
        if (index === 5) abort.abort();
        return undefined;
      },
    });
    const { baseUrl } = server;
    const error = await caught(probe({ baseUrl, accessToken: "token-1", signal: abort.signal }));
    expect(error.code).toBe(Code.Cancelled);
    expect(server.seen).toHaveLength(6);
  });

  test("its response is longer than the limit", async () => {
    const { baseUrl } = await scriptedServer({ status: 404, body: "x".repeat(2_000) });
    const error = await caught(probe({ baseUrl, accessToken: "token-1", maxResponseBytes: 1_000 }));
    expect(error.code).toBe(Code.ResourceExhausted);
  });

  test("there is no token", async () => {
    const server = await scriptedServer(status(404, 5));
    const { baseUrl } = server;
    const accessToken = () => Promise.reject(new Error("no token today"));
    const error = await caught(probe({ baseUrl, accessToken }));
    expect(error).toMatchObject({ code: Code.Unauthenticated, outcome: "not_sent", attempts: 0 });
    expect(server.seen).toEqual([]);
  });

  test("connections that fail for binary bodies do not affect the other checks", async () => {
    const lost = new Set<number>();
    const server: RunningFake = await fakeGateway({
      before({ isBinary, index }) {
        if (isBinary) {
          lost.add(index);
          for (const socket of server.sockets) socket.destroy();
        }
        return undefined;
      },
    });
    const report = await probed(server);
    expect(lost.size).toBe(2);
    expect(verdictsOf(report)).toMatchObject({
      reachable: "proven",
      "binary-answers": "proven",
      "binary-requests": "not shown",
      "careful-mode": "proven",
      "config-field": "not shown",
    });
    const { evidence } = report.findings.find(({ id }) => id === "binary-requests") ?? {};
    expect(evidence?.map(({ answered }) => answered.split(":")[0])).toEqual(["no response", "no response"]);
  });
});

describe("the fields of the run request", () => {
  const verdicts = async (options: Parameters<typeof fakeGateway>[0]): Promise<[ProbeReport, string]> => {
    const report = await probed(await fakeGateway(options));
    expect(verdictsOf(report)["binary-requests"]).toBe("proven");
    return [report, verdictsOf(report)["config-field"]];
  };

  test("as this library has them", async () => {
    const [report, config] = await verdicts({});
    expect([config, report.configField]).toEqual(["proven", 2]);
    expect(verdictsOf(report)).toMatchObject({ "job-id-field": "proven", "config-values": "not shown" });
  });

  test.each([1, 3, 5, 15])("config is field %i", async (field) => {
    const [report, config] = await verdicts({ fields: { [field]: {} } });
    expect([config, report.configField]).toEqual(["refuted", field]);
    expect(report.summary).toContain(`config is field ${field} and not 2`);
    expect(verdictsOf(report)["job-id-field"]).toBe(field === 1 ? "refuted" : "not shown");
  });

  test("a list of numbers in field 2 is not taken for a message", async () => {
    const [report, config] = await verdicts({ fields: { 2: "fixed64 list", 5: {} } });
    expect([config, report.configField]).toEqual(["refuted", 5]);
  });

  test("two messages: either may be config", async () => {
    const [report, config] = await verdicts({ fields: { 2: {}, 3: {} } });
    expect([config, report.configField]).toEqual(["not shown", undefined]);
  });

  test("two messages that are not field 2", async () => {
    const [report, config] = await verdicts({ fields: { 3: {}, 4: {} } });
    expect([config, report.configField]).toEqual(["refuted", undefined]);
  });

  test("no message at all: the server may not decode messages", async () => {
    const [report, config] = await verdicts({ fields: {} });
    expect([config, report.configField]).toEqual(["not shown", undefined]);
  });

  test("a string that the service rejects is not taken for a message", async () => {
    const isInvalid = (body: Buffer) => body[0] === 0x12 && !/^[a-z ]+$/.test(body.toString("latin1", 2));
    const [report, config] = await verdicts({
      fields: { 2: "string", 5: {} },
      respond: ({ body, isBinary }) => (isBinary && isInvalid(body) ? malformed : noSuchJob),
    });
    expect([config, report.configField]).toEqual(["refuted", 5]);
  });

  test("a transient error leaves the field unclear", async () => {
    const [report, config] = await verdicts({
      before: ({ body }) =>
        body.toString("hex") === "120108" ? { status: 429, code: 8, message: "slow down" } : undefined,
    });
    expect([config, report.configField]).toEqual(["not shown", undefined]);
  });

  test("a config whose first field is a string", async () => {
    const [report] = await verdicts({ fields: { 2: { 1: "string" } } });
    expect(verdictsOf(report)["config-values"]).toBe("refuted");
    const { meaning } = report.findings.find(({ id }) => id === "config-values") ?? {};
    expect(meaning).toContain("1 (task_timeout)");
  });
});

describe("servers with their own behaviour", () => {
  test("an id that the server finds malformed is replaced", async () => {
    const server = await fakeGateway({
      respond: ({ path }) => (path.includes("bytenite-jobs-probe") ? malformed : noSuchJob),
    });
    const report = await probed(server);
    expect(report.jobId).toMatch(/^[0-9a-f-]{36}$/);
    expect(verdictsOf(report)).toMatchObject({ reachable: "proven", "config-field": "proven" });
  });

  test("unknown fields are rejected: binary is neither proven nor refuted", async () => {
    const server = await fakeGateway({
      before: ({ isBinary, body }) => (isBinary && body[0] !== 0x0a ? malformed : undefined),
      write: ({ code, message }) => JSON.stringify({ code, message }),
    });
    expect(verdictsOf(await probed(server))).toMatchObject({ "binary-requests": "not shown" });
  });

  test("the token is checked before the body", async () => {
    const server = await fakeGateway({ before: () => ({ status: 401, code: 16, message: "who?" }) });
    const report = await probed(server);
    expect(withVerdict(report, "refuted")).toEqual(["token"]);
    expect(verdictsOf(report)).toMatchObject({ reachable: "not shown", "config-field": "not shown" });
  });

  test("a token that the server does not require is not proven", async () => {
    expect(verdictsOf(await probed(await fakeGateway())).token).toBe("not shown");
  });

  const unauthenticated = { status: 401, code: 16, message: "who?" };

  test.each([
    ["is validated", (token: string | undefined) => token === "token-1", "proven"],
    ["only has to be present", (token: string | undefined) => token !== undefined, "not shown"],
  ] as const)("a token that %s", async (_, isValid, verdict) => {
    const server = await fakeGateway({
      respond: ({ headers }) => (isValid(headers.authorization) ? noSuchJob : unauthenticated),
    });
    const report = await probed(server);
    expect(verdictsOf(report)).toMatchObject({ reachable: "proven", token: verdict });
    const tokens = server.seen.map(({ headers }) => headers.authorization);
    expect(tokens.filter((token) => token !== "token-1")).toEqual([undefined, "bytenite-jobs-probe"]);
  });

  test.each([
    ["for the caller", unauthenticated],
    ["for the caller, with 403", { status: 403, code: 7, message: "not yours" }],
    ["for something else", { status: 500, code: 13, message: "sorry" }],
  ])("a run that is rejected %s says nothing about the job", async (_, response) => {
    const report = await probed(await fakeGateway({ respond: () => response }));
    expect(verdictsOf(report)).toMatchObject({
      reachable: "proven",
      "unknown-job": "not shown",
      "config-field": "proven",
    });
  });

  test("an outage that begins at the short deadline is not taken for the deadline", async () => {
    let isOut = false;
    const server = await fakeGateway({
      before({ headers }) {
        isOut ||= headers["grpc-timeout"] === "1n";
        return isOut ? { status: 504, code: 4, message: "too late" } : undefined;
      },
    });
    expect(verdictsOf(await probed(server))).toMatchObject({
      reachable: "proven",
      "deadline-kept": "not shown",
    });
  });

  test("a server without deadlines", async () => {
    const server = await fakeGateway({
      before: ({ headers }) => (headers["grpc-timeout"] === undefined ? undefined : noSuchJob),
    });
    expect(verdictsOf(await probed(server))).toMatchObject({
      "deadline-read": "refuted",
      "deadline-kept": "not shown",
    });
  });

  test("a header that an intermediary rejects is not a deadline that the API reads", async () => {
    const server = await fakeGateway({
      before: ({ headers }) => (headers["grpc-timeout"] === undefined ? undefined : malformed),
    });
    expect(verdictsOf(await probed(server))).toMatchObject({
      "deadline-read": "not shown",
      "deadline-kept": "not shown",
    });
  });

  test("the report has no secrets, even if the server repeats them", async () => {
    const server = await fakeGateway({
      respond: ({ headers }) => ({
        ...noSuchJob,
        message: `${headers.authorization} ${headers["x-api-key"]}`,
      }),
    });
    const { baseUrl } = server;
    const report = await probe({ baseUrl, accessToken: "token-1", headers: { "x-api-key": "key-12345" } });
    expect(server.seen[0]?.headers).toMatchObject({ authorization: "token-1", "x-api-key": "key-12345" });
    expect(JSON.stringify(report)).toContain("******* *********");
    expect(JSON.stringify(report)).not.toMatch(/token-1|key-12345/);
  });

  test("the report has no control characters", async () => {
    const server = await fakeGateway({
      respond: () => ({ ...noSuchJob, message: "\u001b[2Jgone\r\n\u202e" }),
    });
    expect(JSON.stringify(await probed(server))).not.toMatch(/\\u001b|\\r|\\n|\u202e/);
  });
});

describe("a server whose errors are its own message", () => {
  const messageOf = ({ status, message }: FakeResponse): GenericResponse =>
    create(GenericResponseSchema, {
      requestId: "request-1",
      message,
      error: create(ErrorSchema, { code: BigInt(status), message: "no such job", description: "look it up" }),
    });
  const inJson = (response: FakeResponse) => toJsonString(GenericResponseSchema, messageOf(response));

  test("proves the numbers that match", async () => {
    const server = await fakeGateway({
      write: (response, isBinary) =>
        isBinary ? toBinary(GenericResponseSchema, messageOf(response)) : inJson(response),
    });
    const report = await probed(server);
    expect(verdictsOf(report)).toMatchObject({ "answer-fields": "proven", "config-field": "proven" });
    const { meaning } = report.findings.find(({ id }) => id === "answer-fields") ?? {};
    expect(meaning).toContain("message, error.code, error.message, error.description");
  });

  test("proves nothing with other numbers", async () => {
    const swapped = (response: FakeResponse) => {
      const { requestId, message, ...rest } = messageOf(response);
      return toBinary(
        GenericResponseSchema,
        create(GenericResponseSchema, { ...rest, requestId: message, message: requestId }),
      );
    };
    const server = await fakeGateway({
      write: (response, isBinary) => (isBinary ? swapped(response) : inJson(response)),
    });
    expect(verdictsOf(await probed(server))["answer-fields"]).toBe("not shown");
  });

  test("and whose status is 200, is not taken for one that accepts", async () => {
    const server = await fakeGateway({
      respond: () => ({ ...noSuchJob, status: 200 }),
      write: (response, isBinary) => {
        const real = response.status === 200 ? { ...response, status: 404 } : response;
        return isBinary ? toBinary(GenericResponseSchema, messageOf(real)) : inJson(real);
      },
    });
    const report = await probed(server);
    expect(report.stopped).toBeUndefined();
    expect(verdictsOf(report)).toMatchObject({ "unknown-job": "proven", "config-field": "proven" });
  });
});

describe("options", () => {
  test.each([
    ["no credential", {}, "give either accessToken or apiKey"],
    ["two credentials", { accessToken: "a", apiKey: "b" }, "give either accessToken or apiKey"],
    [
      "a token over http",
      { baseUrl: "http://example.com", accessToken: "a" },
      "accessToken: a credential would go",
    ],
    ["a secret over http", { baseUrl: "http://example.com", apiKey: "a" }, "apiKey: a credential would go"],
    ["one that a probe does not have", { accessToken: "a", retry: false }, "a probe has no option retry"],
    ["an unknown one", { accessToken: "a", timeoutMS: 1 }, 'there is no option "timeoutMS"'],
    ["a bad signal", { accessToken: "a", signal: {} }, "signal must be an AbortSignal"],
    [
      "the header of the token",
      { accessToken: "a", headers: { Authorization: "b" } },
      "headers: the Authorization header",
    ],
    [
      "tokenUrl without a key",
      { accessToken: "a", tokenUrl: "https://a.example" },
      "tokenUrl goes with apiKey",
    ],
  ])("%s", async (_, options, reason) => {
    const error = await caught(probe(options as unknown as Parameters<typeof probe>[0]));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(error.reason).toContain(reason);
  });
});
