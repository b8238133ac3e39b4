import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { closedPort } from "../support/loopback.ts";
import { ok, type Scripted, type SeenRequest, scriptedServer } from "../support/scripted-server.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const unauthorized: Scripted = { status: 401 };
const token = (value: string, expiresIn?: string): Scripted => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ token: value, expiresIn }),
});

const authorizations = (seen: readonly SeenRequest[]) => seen.map(({ headers }) => headers.authorization);

describe("a fixed token", () => {
  test("is sent without a scheme, and is not retried after a 401", async () => {
    const server = await scriptedServer(unauthorized);
    const error = await caught(jobsClient(server.baseUrl, { accessToken: "abc" }).run("job-1"));
    expect(error).toMatchObject({
      code: Code.Unauthenticated,
      status: 401,
      outcome: "rejected",
      attempts: 1,
    });
    expect(authorizations(server.seen)).toEqual(["abc"]);
  });
});

describe("a token function", () => {
  test("is called on every attempt", async () => {
    const server = await scriptedServer({ status: 429, headers: { "retry-after": "0" } }, ok);
    let count = 0;
    await jobsClient(server.baseUrl, { accessToken: async () => `t${++count}` }).run("job-1");
    expect(authorizations(server.seen)).toEqual(["t1", "t2"]);
  });

  test("that returns another token after a 401 gets one more attempt, even without retries", async () => {
    const server = await scriptedServer(unauthorized, ok);
    let count = 0;
    await jobsClient(server.baseUrl, { accessToken: () => `t${++count}`, retry: false }).run("job-1");
    expect(authorizations(server.seen)).toEqual(["t1", "t2"]);
  });

  test("gets one more attempt at most once", async () => {
    const server = await scriptedServer(unauthorized);
    let count = 0;
    const error = await caught(jobsClient(server.baseUrl, { accessToken: () => `t${++count}` }).run("job-1"));
    expect(error).toMatchObject({ code: Code.Unauthenticated, attempts: 2, outcome: "rejected" });
  });

  test("that returns the rejected token again gets none", async () => {
    const server = await scriptedServer(unauthorized);
    await caught(jobsClient(server.baseUrl, { accessToken: () => "same" }).run("job-1"));
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    ["throws", () => Promise.reject(new Error("vault is down")), Code.Unauthenticated],
    ["returns nothing", () => undefined as unknown as string, Code.InvalidArgument],
    ["returns an empty token", () => "", Code.InvalidArgument],
    ["returns an invalid header value", () => "a\r\nb", Code.InvalidArgument],
  ])("that %s ends the call before a request is sent", async (_name, accessToken, code) => {
    const server = await scriptedServer(ok);
    const error = await caught(jobsClient(server.baseUrl, { accessToken }).run("job-1"));
    expect(error).toMatchObject({ code, outcome: "not_sent", attempts: 0 });
    expect(error.message).toContain("accessToken");
    expect(server.seen).toHaveLength(0);
  });
});

describe("an API key", () => {
  test("is exchanged once for all waiting calls, and the token is kept", async () => {
    const endpoint = await scriptedServer(token("t1", "3600"));
    const server = await scriptedServer(ok);
    const client = jobsClient(server.baseUrl, {
      apiKey: "key-1",
      tokenUrl: `${endpoint.origin}/v1/auth/access_token`,
    });
    await Promise.all(Array.from({ length: 50 }, () => client.abort("job-1")));
    await client.abort("job-1");
    expect(endpoint.seen).toHaveLength(1);
    expect(endpoint.seen[0]).toMatchObject({ method: "POST", path: "/v1/auth/access_token" });
    expect(endpoint.seen[0]?.headers).toMatchObject({ "content-type": "application/json" });
    expect(JSON.parse(String(endpoint.seen[0]?.body))).toEqual({ apiKey: "key-1" });
    expect(new Set(authorizations(server.seen))).toEqual(new Set(["t1"]));
  });

  test("is sent only to ../auth/access_token, relative to the base URL", async () => {
    const server = await scriptedServer(token("t1"), ok);
    await jobsClient(server.baseUrl, { apiKey: "key-1" }).abort("job-1");
    expect(server.seen.map(({ path }) => path)).toEqual([
      "/v1/auth/access_token",
      "/v1/customer/jobs/job-1/abort",
    ]);
    expect(inspect(server.seen[1])).not.toContain("key-1");
  });

  test("is exchanged again shortly before the token expires", async () => {
    const endpoint = await scriptedServer(token("t1", "100"), token("t2", "100"));
    const server = await scriptedServer(ok);
    const client = jobsClient(server.baseUrl, { apiKey: "k", tokenUrl: endpoint.origin });
    const startedAt = performance.now();
    let later = 0;
    vi.spyOn(performance, "now").mockImplementation(() => startedAt + later);
    for (later of [0, 80_000, 92_000]) await client.abort("job-1");
    expect(authorizations(server.seen)).toEqual(["t1", "t1", "t2"]);
  });

  test("is exchanged again once after a 401, even without retries", async () => {
    const endpoint = await scriptedServer(token("t1", "3600"), token("t2", "3600"));
    const server = await scriptedServer(unauthorized, ok, ok);
    const client = jobsClient(server.baseUrl, { apiKey: "k", tokenUrl: endpoint.origin, retry: false });
    await client.run("job-1");
    await client.run("job-1");
    expect(authorizations(server.seen)).toEqual(["t1", "t2", "t2"]);
    expect(endpoint.seen).toHaveLength(2);
  });

  test.each([
    ["401", unauthorized, Code.Unauthenticated],
    ["403", { status: 403 }, Code.PermissionDenied],
    ["500", { status: 500, body: "key-1" }, Code.Internal],
    [
      "no token",
      { headers: { "content-type": "application/json" }, body: '{"apiKey":"key-1"}' },
      Code.DataLoss,
    ],
    ["HTML", { headers: { "content-type": "text/html" }, body: "<p>key-1" }, Code.DataLoss],
    ["a lost connection", "reset", Code.Unavailable],
  ] as [string, Scripted, Code][])(
    "whose exchange ends in %s ends the call before a request is sent",
    async (_name, response, code) => {
      const endpoint = await scriptedServer(response);
      const server = await scriptedServer(ok);
      const client = jobsClient(server.baseUrl, { apiKey: "key-1", tokenUrl: endpoint.origin });
      const error = await caught(client.run("job-1"));
      expect(error).toMatchObject({ code, outcome: "not_sent", attempts: 0 });
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("key-1");
      expect(server.seen).toHaveLength(0);
    },
  );

  test("is not exchanged again at once after a failure", async () => {
    const endpoint = await scriptedServer({ status: 500 });
    const client = jobsClient(`http://127.0.0.1:${await closedPort()}`, {
      apiKey: "k",
      tokenUrl: endpoint.origin,
    });
    vi.spyOn(performance, "now").mockReturnValue(performance.now());
    for (let i = 0; i < 20; i++) await caught(client.abort("job-1"));
    expect(endpoint.seen).toHaveLength(1);
  });

  test("whose token cannot be renewed uses it until it expires", async () => {
    const endpoint = await scriptedServer(token("t1", "100"), { status: 500 });
    const server = await scriptedServer(ok);
    const client = jobsClient(server.baseUrl, { apiKey: "k", tokenUrl: endpoint.origin });
    const startedAt = performance.now();
    let later = 0;
    vi.spyOn(performance, "now").mockImplementation(() => startedAt + later);
    for (later of [0, 92_000, 92_001]) await client.abort("job-1");
    later = 101_000;
    expect(await caught(client.abort("job-1"))).toMatchObject({ code: Code.Internal, outcome: "not_sent" });
    expect(authorizations(server.seen)).toEqual(["t1", "t1", "t1"]);
  });

  test("is not exchanged for every call while the server rejects every token", async () => {
    const endpoint = await scriptedServer(...Array.from({ length: 99 }, (_, i) => token(`t${i}`, "3600")));
    const server = await scriptedServer(unauthorized);
    const client = jobsClient(server.baseUrl, { apiKey: "k", tokenUrl: endpoint.origin });
    vi.spyOn(performance, "now").mockReturnValue(performance.now());
    for (let i = 0; i < 20; i++) await caught(client.abort("job-1"));
    expect(endpoint.seen.length).toBeLessThanOrEqual(3);
    await Promise.all(Array.from({ length: 50 }, () => caught(client.abort("job-1"))));
    expect(endpoint.seen.length).toBeLessThanOrEqual(4);
  });

  test("is exchanged within the deadline of each call", async () => {
    const endpoint = await scriptedServer("hang");
    const client = jobsClient("http://127.0.0.1:1", { apiKey: "k", tokenUrl: endpoint.origin });
    const error = await caught(client.abort("job-1", { timeoutMs: 30 }));
    expect(error).toMatchObject({ code: Code.DeadlineExceeded, outcome: "not_sent", attempts: 0 });
    await client.close();
    await expect.poll(() => endpoint.sockets.size).toBe(0);
  });
});

describe("no secret is shown", () => {
  const hidden = { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true };

  test("in the client", () => {
    const secret = "s3cret";
    for (const credential of [{ accessToken: secret }, { accessToken: () => secret }, { apiKey: secret }]) {
      const client = jobsClient("http://127.0.0.1:1/", { ...credential, headers: { "x-secret": secret } });
      expect(inspect(client, hidden)).not.toContain(secret);
      expect(JSON.stringify(client)).toBe("{}");
    }
  });

  test.each([
    ["a rejected call", unauthorized],
    ["a lost connection", "reset"],
    ["a response that is too long", { headers: { "content-length": "999" }, body: "x".repeat(999) }],
  ] as [string, Scripted][])("in the error of %s", async (_name, response) => {
    const server = await scriptedServer(response);
    const client = jobsClient(server.baseUrl, { accessToken: "s3cret", maxResponseBytes: 100 });
    const error = await caught(client.run("job-1"));
    expect(inspect(error, hidden)).not.toContain("s3cret");
  });
});
