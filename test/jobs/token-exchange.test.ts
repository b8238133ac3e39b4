// The exchange of an API key, for each response of the token endpoint.
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Code, type JobsClient } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { closedPort } from "../support/loopback.ts";
import { ok, type Scripted, scriptedServer } from "../support/scripted-server.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const KEY = "the-secret-key";
const json = { "content-type": "application/json" };
const tokenResponse = (token: unknown, expiresIn?: unknown): Scripted => ({
  headers: json,
  body: JSON.stringify({ token, expiresIn }),
});
const body = (bytes: Uint8Array | string, headers: Record<string, string> = json): Scripted => ({
  headers,
  body: bytes,
});
const status = (code: number, headers: Record<string, string> = {}): Scripted => ({
  status: code,
  headers,
  body: `no, ${KEY}`,
});
const good = tokenResponse("fresh", "3600");
const never = Number.POSITIVE_INFINITY;

/**
 * The endpoint's responses, the token that the call sends or the code that it fails with, the number of exchanges, and the
 * time until the next exchange, in milliseconds.
 */
type Row = [
  what: string,
  responses: Scripted[],
  result: string | Code,
  exchanges: number,
  nextAfterMs: number,
];

const rows: Row[] = [
  // Valid tokens, and their lifetime.
  ["a token for an hour", [tokenResponse("abc", "3600")], "abc", 1, 3_540_000],
  ["a token for 100 seconds", [tokenResponse("abc", "100")], "abc", 1, 90_000],
  ["a number of seconds", [tokenResponse("abc", 100)], "abc", 1, 90_000],
  ["a Duration", [tokenResponse("abc", "100s")], "abc", 1, 90_000],
  ["a fraction of a second", [tokenResponse("abc", "0.5")], "abc", 1, 450],
  ["no expiresIn", [tokenResponse("abc")], "abc", 1, never],
  ["expiresIn null", [tokenResponse("abc", null)], "abc", 1, never],
  ["an empty expiresIn", [tokenResponse("abc", "")], "abc", 1, never],
  ["an expiresIn that is not a number", [tokenResponse("abc", "soon")], "abc", 1, never],
  ["an expiresIn of another type", [tokenResponse("abc", true)], "abc", 1, never],
  ["expiresIn 0", [tokenResponse("abc", "0")], "abc", 1, 0],
  ["expiresIn 0 as a number", [tokenResponse("abc", 0)], "abc", 1, 0],
  ["a negative expiresIn", [tokenResponse("abc", "-1")], "abc", 1, 0],
  ["201", [{ ...(tokenResponse("abc", "3600") as object), status: 201 }], "abc", 1, 3_540_000],
  ["a byte order mark", [body(`\ufeff{"token":"abc"}`)], "abc", 1, never],
  ["another content type", [body('{"token":"abc"}', { "content-type": "text/plain" })], "abc", 1, never],
  ["gzip", [body(gzipSync('{"token":"abc"}'), { ...json, "content-encoding": "gzip" })], "abc", 1, never],
  ["a token with whitespace around it", [tokenResponse(" abc\t")], "abc", 1, never],
  ["a token with a scheme", [tokenResponse("Bearer abc")], "Bearer abc", 1, never],
  // Invalid tokens, or none.
  ["a token with a line feed", [tokenResponse("abc\n")], Code.DataLoss, 1, 250],
  ["a token with CR LF", [tokenResponse("abc\r\nx: y")], Code.DataLoss, 1, 250],
  ["a token with a NUL", [tokenResponse("a\0c")], Code.DataLoss, 1, 250],
  ["a token outside of Latin-1", [tokenResponse("abc\u20ac")], Code.DataLoss, 1, 250],
  ["a token that is not UTF-8", [body(Buffer.from('{"token":"ab\xffc"}', "latin1"))], Code.DataLoss, 1, 250],
  ["an empty token", [tokenResponse("")], Code.DataLoss, 1, 250],
  ["a token of whitespace", [tokenResponse(" \t ")], Code.DataLoss, 1, 250],
  ["a scheme without a token", [tokenResponse("Bearer ")], Code.DataLoss, 1, 250],
  ["a token that is a number", [tokenResponse(7)], Code.DataLoss, 1, 250],
  ["a token that is null", [tokenResponse(null)], Code.DataLoss, 1, 250],
  ["an object without a token", [body(`{"apiKey":"${KEY}"}`)], Code.DataLoss, 1, 250],
  ["a list", [body(`["${KEY}"]`)], Code.DataLoss, 1, 250],
  ["a text", [body(`"${KEY}"`)], Code.DataLoss, 1, 250],
  ["null", [body("null")], Code.DataLoss, 1, 250],
  ["nothing", [body("")], Code.DataLoss, 1, 250],
  ["204", [{ status: 204 }], Code.DataLoss, 1, 250],
  ["truncated JSON", [body('{"token":"abc')], Code.DataLoss, 1, 250],
  ["HTML", [body(`<p>${KEY}`, { "content-type": "text/html" })], Code.DataLoss, 1, 250],
  ["a response over the limit", [body(`{"token":"${"x".repeat(65_536)}"}`)], Code.ResourceExhausted, 1, 250],
  // Errors that are not retried.
  ["400", [status(400)], Code.Unauthenticated, 1, 250],
  ["401", [status(401)], Code.Unauthenticated, 1, 250],
  ["403", [status(403)], Code.PermissionDenied, 1, 250],
  ["404", [status(404)], Code.Unauthenticated, 1, 250],
  ["408", [status(408)], Code.DeadlineExceeded, 1, 250],
  ["500", [status(500)], Code.Internal, 1, 250],
  ["501", [status(501)], Code.Unimplemented, 1, 250],
  ["a redirect", [status(302, { location: "https://other.example/" })], Code.Unknown, 1, 250],
  ["401 with Retry-After", [status(401, { "retry-after": "7" })], Code.Unauthenticated, 1, 7_000],
  // Transient errors.
  ["one 503", [status(503), tokenResponse("abc", "3600")], "abc", 2, 3_540_000],
  ["one 502", [status(502), tokenResponse("abc", "3600")], "abc", 2, 3_540_000],
  ["two 504s", [status(504), status(504), tokenResponse("abc", "3600")], "abc", 3, 3_540_000],
  ["429 with Retry-After", [status(429, { "retry-after": "0" }), tokenResponse("abc")], "abc", 2, never],
  ["503 with Retry-After", [status(503, { "retry-after": "0" }), tokenResponse("abc")], "abc", 2, never],
  ["one lost connection", ["reset", tokenResponse("abc", "3600")], "abc", 2, 3_540_000],
  ["503 on every attempt", Array(4).fill(status(503)), Code.Unavailable, 4, 250],
  ["429 on every attempt", Array(4).fill(status(429)), Code.ResourceExhausted, 4, 250],
  ["a lost connection on every attempt", Array(4).fill("reset"), Code.Unavailable, 4, 250],
  ["503, then 401", [status(503), status(401)], Code.Unauthenticated, 2, 250],
  ["503, then an invalid token", [status(503), tokenResponse("abc\n")], Code.DataLoss, 2, 250],
  [
    "503 with a Retry-After beyond the deadline",
    [status(503, { "retry-after": "60" })],
    Code.Unavailable,
    1,
    60_000,
  ],
  [
    "503 with a Retry-After of a year",
    [status(503, { "retry-after": "31536000" })],
    Code.Unavailable,
    1,
    300_000,
  ],
  [
    "400 with a Retry-After of a year",
    [status(400, { "retry-after": "31536000" })],
    Code.Unauthenticated,
    1,
    300_000,
  ],
  [
    "429 with a Retry-After beyond it",
    [status(429, { "retry-after": "60" })],
    Code.ResourceExhausted,
    1,
    60_000,
  ],
];

/** Stops the clock at a whole millisecond, so that sums are exact. A test moves it on with `laterMs`. */
function clock(): { laterMs: number } {
  const at = { laterMs: 0 };
  const now = Math.ceil(performance.now());
  vi.spyOn(performance, "now").mockImplementation(() => now + at.laterMs);
  return at;
}

describe("the token endpoint responds with", () => {
  test.each(rows)("%s", async (_what, responses, result, exchanges, nextAfterMs) => {
    const endpoint = await scriptedServer(...responses, good);
    const server = await scriptedServer(ok);
    const client = jobsClient(server.baseUrl, { apiKey: KEY, tokenUrl: endpoint.origin });
    const at = clock();
    const sent = () => server.seen.at(-1)?.headers.authorization;

    const call = client.run("job-1");
    if (typeof result === "string") {
      await call;
      expect(sent()).toBe(result);
    } else {
      const error = await caught(call);
      expect(error).toMatchObject({ code: result, outcome: "not_sent", attempts: 0, history: [] });
      expect(error.message).toContain("no access token for the API key: ");
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(KEY);
      expect(server.seen).toHaveLength(0);
    }
    expect(endpoint.seen).toHaveLength(exchanges);

    // Until then, calls use the same token or fail with the same error.
    at.laterMs = nextAfterMs === never ? 1e12 : nextAfterMs - 1;
    if (nextAfterMs > 0) {
      const again = client.run("job-1");
      if (typeof result === "string") await again;
      else expect(await caught(again)).toMatchObject({ code: result, outcome: "not_sent" });
      expect(endpoint.seen).toHaveLength(exchanges);
    }
    if (nextAfterMs === never) return;
    at.laterMs = nextAfterMs;
    await client.run("job-1");
    expect(sent()).toBe("fresh");
    expect(endpoint.seen).toHaveLength(exchanges + 1);
  });
});

test("an endpoint that does not listen is tried maxAttempts times, and the outcome is not_sent", async () => {
  const onDispatch = vi.fn();
  const origin = `http://127.0.0.1:${await closedPort()}`;
  const { Agent } = await import("undici");
  const dispatcher = new Agent().compose((dispatch) => (options, handler) => {
    onDispatch(options.path);
    return dispatch(options, handler);
  });
  const client = jobsClient(origin, { apiKey: KEY, dispatcher });
  expect(await caught(client.run("job-1"))).toMatchObject({
    code: Code.Unavailable,
    outcome: "not_sent",
    attempts: 0,
  });
  await dispatcher.close();
  expect(onDispatch.mock.calls).toEqual(Array(4).fill(["/auth/access_token"]));
});

test("retry: false makes one exchange", async () => {
  const endpoint = await scriptedServer(status(503), good);
  const client = jobsClient("http://127.0.0.1:1", { apiKey: KEY, tokenUrl: endpoint.origin, retry: false });
  expect(await caught(client.run("job-1"))).toMatchObject({ code: Code.Unavailable, outcome: "not_sent" });
  expect(endpoint.seen).toHaveLength(1);
});

test("waiting calls share exchanges and their retries", async () => {
  const endpoint = await scriptedServer(status(503), status(503), good);
  const server = await scriptedServer(ok);
  const client = jobsClient(server.baseUrl, { apiKey: KEY, tokenUrl: endpoint.origin });
  await Promise.all(Array.from({ length: 50 }, () => client.run("job-1")));
  expect(endpoint.seen).toHaveLength(3);
  expect(server.seen).toHaveLength(50);
});

test("the pause after a failure grows with each failure", async () => {
  const endpoint = await scriptedServer(status(500));
  const client = jobsClient("http://127.0.0.1:1", { apiKey: KEY, tokenUrl: endpoint.origin });
  const at = clock();
  await caught(client.run("job-1"));
  for (const [i, pauseMs] of [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000].entries()) {
    at.laterMs += pauseMs - 1;
    await caught(client.run("job-1"));
    expect(endpoint.seen).toHaveLength(i + 1);
    at.laterMs += 1;
    await caught(client.run("job-1"));
    expect(endpoint.seen).toHaveLength(i + 2);
  }
});

test("calls use an unexpired token at once if it cannot be renewed", async () => {
  const endpoint = await scriptedServer(tokenResponse("abc", "100"), status(503), good);
  const server = await scriptedServer(ok);
  const client = jobsClient(server.baseUrl, { apiKey: KEY, tokenUrl: endpoint.origin });
  const at = clock();
  for (at.laterMs of [0, 92_000, 92_249]) await client.run("job-1");
  expect(endpoint.seen).toHaveLength(2);
  at.laterMs = 92_250;
  await client.run("job-1");
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(["abc", "abc", "abc", "fresh"]);
});

describe("a pause that the endpoint asks for", () => {
  /** Holds timers of `ms` milliseconds until a test fires them. */
  function heldTimers(ms: number): { readonly fire: (() => void)[] } {
    const fire: (() => void)[] = [];
    const { setTimeout: real } = globalThis;
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((callback: () => void, after: number) => {
      if (after !== ms) return real(callback, after);
      fire.push(callback);
      return real(() => undefined, 0);
    }) as never);
    return { fire };
  }

  async function waiting(): Promise<{ client: JobsClient; call: Promise<unknown>; fire: () => void }> {
    const endpoint = await scriptedServer(status(503, { "retry-after": "5" }), good);
    const server = await scriptedServer(ok);
    const client = jobsClient(server.baseUrl, { apiKey: KEY, tokenUrl: endpoint.origin });
    const timers = heldTimers(5_000);
    const call = client.run("job-1");
    call.catch(() => undefined);
    await vi.waitUntil(() => timers.fire.length === 1);
    expect(endpoint.seen).toHaveLength(1);
    return { client, call, fire: () => timers.fire[0]?.() };
  }

  test("ends within the call's deadline", async () => {
    const { call, fire } = await waiting();
    fire();
    expect(await call).toMatchObject({ ok: true });
  });

  test("ends calls with an earlier deadline at once", async () => {
    const { client, call, fire } = await waiting();
    const error = await caught(client.run("job-1", undefined, { timeoutMs: 4_000 }));
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "not_sent" });
    expect(error.reason).toContain("HTTP 503");
    fire();
    expect(await call).toMatchObject({ ok: true });
  });

  test("is shared by calls with a later deadline", async () => {
    const { client, call, fire } = await waiting();
    const other = client.run("job-1");
    fire();
    expect(await Promise.all([call, other])).toMatchObject([{ ok: true }, { ok: true }]);
  });

  test("ends when the client closes, with the error of the last exchange", async () => {
    const { client, call } = await waiting();
    await client.close();
    expect(await caught(call)).toMatchObject({ code: Code.Unavailable, outcome: "not_sent" });
  });
});

test("a server that rejects every token causes no exchange for every call, however short the tokens live", async () => {
  for (const expiresIn of ["3600", "0"]) {
    const endpoint = await scriptedServer(tokenResponse("abc", expiresIn));
    const server = await scriptedServer({ status: 401 });
    const client = jobsClient(server.baseUrl, { apiKey: KEY, tokenUrl: endpoint.origin });
    clock();
    for (let i = 0; i < 6; i++) {
      expect(await caught(client.run("job-1"))).toMatchObject({
        code: Code.Unauthenticated,
        outcome: "rejected",
      });
    }
    expect(endpoint.seen).toHaveLength(2);
    vi.restoreAllMocks();
  }
});

test("a function for a token or header is called without arguments", async () => {
  const server = await scriptedServer(ok);
  const seen: unknown[][] = [];
  const source = (...args: unknown[]) => {
    seen.push(args);
    return "abc";
  };
  await jobsClient(server.baseUrl, { accessToken: source, headers: { "x-more": source } }).run("job-1");
  expect(seen).toEqual([[], []]);
});

describe("an empty credential is rejected before a request is sent", () => {
  test.each(["", " ", "\t "])("accessToken %j", (accessToken) => {
    expect(() => jobsClient("http://127.0.0.1:1", { accessToken })).toThrow("accessToken");
    expect(() => jobsClient("http://127.0.0.1:1", { apiKey: accessToken })).toThrow("apiKey");
  });

  test.each(["Bearer", "Bearer ", "basic\t"])("accessToken %j, which is only a scheme", (accessToken) => {
    expect(() => jobsClient("http://127.0.0.1:1", { accessToken })).toThrow("accessToken");
  });

  test.each(["", " ", "Bearer "])("a function that returns %j", async (value) => {
    const server = await scriptedServer(ok);
    const error = await caught(jobsClient(server.baseUrl, { accessToken: () => value }).run("job-1"));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(error.message).toContain("accessToken");
    expect(server.seen).toHaveLength(0);
  });

  test.each(["", " ", "Bearer "])("Authorization %j of a call", async (authorization) => {
    const server = await scriptedServer(ok);
    const call = jobsClient(server.baseUrl).run("job-1", undefined, { headers: { authorization } });
    expect(await caught(call)).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(server.seen).toHaveLength(0);
  });

  test("whitespace around a credential is not sent", async () => {
    const server = await scriptedServer(ok);
    const headers = { "x-one": " 1 2 ", cookie: "" };
    const client = jobsClient(server.baseUrl, { accessToken: "\tabc ", headers });
    await client.run("job-1", undefined, { metadata: { two: " 3 4\t".replace("\t", " ") } });
    const raw = server.seen[0]?.rawHeaders ?? [];
    expect(raw.filter((_, i) => /authorization|x-one|two|cookie/i.test(raw[i - 1] ?? ""))).toEqual(
      expect.arrayContaining(["abc", "1 2", "3 4", ""]),
    );
  });
});
