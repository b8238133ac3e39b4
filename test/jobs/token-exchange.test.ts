// What becomes of an API key, by what the token endpoint answers.
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
const given = (token: unknown, expiresIn?: unknown): Scripted => ({
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
const good = given("fresh", "3600");
const never = Number.POSITIVE_INFINITY;

/**
 * What the endpoint answers, what the call then sends or fails with, how many requests the endpoint got for it, and after
 * how long it gets the next one, in milliseconds.
 */
type Row = [what: string, answers: Scripted[], result: string | Code, exchanges: number, nextAfterMs: number];

const rows: Row[] = [
  // A token that can be used, and how long it is.
  ["a token for an hour", [given("abc", "3600")], "abc", 1, 3_540_000],
  ["a token for 100 seconds", [given("abc", "100")], "abc", 1, 90_000],
  ["a number of seconds", [given("abc", 100)], "abc", 1, 90_000],
  ["a Duration", [given("abc", "100s")], "abc", 1, 90_000],
  ["a part of a second", [given("abc", "0.5")], "abc", 1, 450],
  ["no expiresIn", [given("abc")], "abc", 1, never],
  ["expiresIn null", [given("abc", null)], "abc", 1, never],
  ["an empty expiresIn", [given("abc", "")], "abc", 1, never],
  ["an expiresIn that is no number", [given("abc", "soon")], "abc", 1, never],
  ["an expiresIn of another type", [given("abc", true)], "abc", 1, never],
  ["expiresIn 0", [given("abc", "0")], "abc", 1, 0],
  ["expiresIn 0 as a number", [given("abc", 0)], "abc", 1, 0],
  ["a negative expiresIn", [given("abc", "-1")], "abc", 1, 0],
  ["201", [{ ...(given("abc", "3600") as object), status: 201 }], "abc", 1, 3_540_000],
  ["a byte order mark", [body(`\ufeff{"token":"abc"}`)], "abc", 1, never],
  ["another content type", [body('{"token":"abc"}', { "content-type": "text/plain" })], "abc", 1, never],
  ["gzip", [body(gzipSync('{"token":"abc"}'), { ...json, "content-encoding": "gzip" })], "abc", 1, never],
  ["a token with blanks around it", [given(" abc\t")], "abc", 1, never],
  ["a token with a scheme", [given("Bearer abc")], "Bearer abc", 1, never],
  // A token that cannot be sent, or none.
  ["a token with a line feed", [given("abc\n")], Code.DataLoss, 1, 250],
  ["a token with CR LF", [given("abc\r\nx: y")], Code.DataLoss, 1, 250],
  ["a token with a NUL", [given("a\0c")], Code.DataLoss, 1, 250],
  ["a token outside of Latin-1", [given("abc\u20ac")], Code.DataLoss, 1, 250],
  ["a token that is not UTF-8", [body(Buffer.from('{"token":"ab\xffc"}', "latin1"))], Code.DataLoss, 1, 250],
  ["an empty token", [given("")], Code.DataLoss, 1, 250],
  ["a token of blanks", [given(" \t ")], Code.DataLoss, 1, 250],
  ["a scheme without a token", [given("Bearer ")], Code.DataLoss, 1, 250],
  ["a token that is a number", [given(7)], Code.DataLoss, 1, 250],
  ["a token that is null", [given(null)], Code.DataLoss, 1, 250],
  ["an object without a token", [body(`{"apiKey":"${KEY}"}`)], Code.DataLoss, 1, 250],
  ["a list", [body(`["${KEY}"]`)], Code.DataLoss, 1, 250],
  ["a text", [body(`"${KEY}"`)], Code.DataLoss, 1, 250],
  ["null", [body("null")], Code.DataLoss, 1, 250],
  ["nothing", [body("")], Code.DataLoss, 1, 250],
  ["204", [{ status: 204 }], Code.DataLoss, 1, 250],
  ["JSON that is cut", [body('{"token":"abc')], Code.DataLoss, 1, 250],
  ["a page", [body(`<p>${KEY}`, { "content-type": "text/html" })], Code.DataLoss, 1, 250],
  ["more than a token can be", [body(`{"token":"${"x".repeat(65_536)}"}`)], Code.ResourceExhausted, 1, 250],
  // A refusal that another try would only repeat.
  ["400", [status(400)], Code.Unauthenticated, 1, 250],
  ["401", [status(401)], Code.Unauthenticated, 1, 250],
  ["403", [status(403)], Code.PermissionDenied, 1, 250],
  ["404", [status(404)], Code.Unauthenticated, 1, 250],
  ["408", [status(408)], Code.DeadlineExceeded, 1, 250],
  ["500", [status(500)], Code.Internal, 1, 250],
  ["501", [status(501)], Code.Unimplemented, 1, 250],
  ["a redirect", [status(302, { location: "https://other.example/" })], Code.Unknown, 1, 250],
  ["401 with Retry-After", [status(401, { "retry-after": "7" })], Code.Unauthenticated, 1, 7_000],
  // What may be over in a moment.
  ["503, once", [status(503), given("abc", "3600")], "abc", 2, 3_540_000],
  ["502, once", [status(502), given("abc", "3600")], "abc", 2, 3_540_000],
  ["504, twice", [status(504), status(504), given("abc", "3600")], "abc", 3, 3_540_000],
  ["429 with Retry-After", [status(429, { "retry-after": "0" }), given("abc")], "abc", 2, never],
  ["503 with Retry-After", [status(503, { "retry-after": "0" }), given("abc")], "abc", 2, never],
  ["a lost connection, once", ["reset", given("abc", "3600")], "abc", 2, 3_540_000],
  ["503 again and again", Array(4).fill(status(503)), Code.Unavailable, 4, 250],
  ["429 again and again", Array(4).fill(status(429)), Code.ResourceExhausted, 4, 250],
  ["lost connections", Array(4).fill("reset"), Code.Unavailable, 4, 250],
  ["503, then 401", [status(503), status(401)], Code.Unauthenticated, 2, 250],
  ["503, then a bad token", [status(503), given("abc\n")], Code.DataLoss, 2, 250],
  [
    "503 with a wait beyond the deadline",
    [status(503, { "retry-after": "60" })],
    Code.Unavailable,
    1,
    60_000,
  ],
  ["429 with a wait beyond it", [status(429, { "retry-after": "60" })], Code.ResourceExhausted, 1, 60_000],
];

/** Stops the clock at a whole millisecond, so that sums are exact. A test moves it on with `laterMs`. */
function clock(): { laterMs: number } {
  const at = { laterMs: 0 };
  const now = Math.ceil(performance.now());
  vi.spyOn(performance, "now").mockImplementation(() => now + at.laterMs);
  return at;
}

describe("the token endpoint answers", () => {
  test.each(rows)("%s", async (_what, answers, result, exchanges, nextAfterMs) => {
    const endpoint = await scriptedServer(...answers, good);
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

    // Until then the token is used again, or its failure said again.
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

test("an endpoint that is not there is tried as often as the policy says, and nothing was sent", async () => {
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

test("calls that wait share the exchanges, also those that are made again", async () => {
  const endpoint = await scriptedServer(status(503), status(503), good);
  const server = await scriptedServer(ok);
  const client = jobsClient(server.baseUrl, { apiKey: KEY, tokenUrl: endpoint.origin });
  await Promise.all(Array.from({ length: 50 }, () => client.run("job-1")));
  expect(endpoint.seen).toHaveLength(3);
  expect(server.seen).toHaveLength(50);
});

test("an endpoint that fails again is left alone for longer", async () => {
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

test("a token that is still good is used at once where another one cannot be got", async () => {
  const endpoint = await scriptedServer(given("abc", "100"), status(503), good);
  const server = await scriptedServer(ok);
  const client = jobsClient(server.baseUrl, { apiKey: KEY, tokenUrl: endpoint.origin });
  const at = clock();
  for (at.laterMs of [0, 92_000, 92_249]) await client.run("job-1");
  expect(endpoint.seen).toHaveLength(2);
  at.laterMs = 92_250;
  await client.run("job-1");
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(["abc", "abc", "abc", "fresh"]);
});

describe("a wait that the endpoint asks for", () => {
  /** Timers of so many milliseconds fire when they are told to. */
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

  test("is waited out within the call's deadline", async () => {
    const { call, fire } = await waiting();
    fire();
    expect(await call).toMatchObject({ ok: true });
  });

  test("ends other calls at once that have less time than that", async () => {
    const { client, call, fire } = await waiting();
    const error = await caught(client.run("job-1", undefined, { timeoutMs: 4_000 }));
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "not_sent" });
    expect(error.reason).toContain("HTTP 503");
    fire();
    expect(await call).toMatchObject({ ok: true });
  });

  test("is joined by calls that have the time", async () => {
    const { client, call, fire } = await waiting();
    const other = client.run("job-1");
    fire();
    expect(await Promise.all([call, other])).toMatchObject([{ ok: true }, { ok: true }]);
  });

  test("ends with the client, in the error of the last exchange", async () => {
    const { client, call } = await waiting();
    await client.close();
    expect(await caught(call)).toMatchObject({ code: Code.Unavailable, outcome: "not_sent" });
  });
});

test("a function that gives tokens or headers is called without arguments", async () => {
  const server = await scriptedServer(ok);
  const seen: unknown[][] = [];
  const source = (...args: unknown[]) => {
    seen.push(args);
    return "abc";
  };
  await jobsClient(server.baseUrl, { accessToken: source, headers: { "x-more": source } }).run("job-1");
  expect(seen).toEqual([[], []]);
});

describe("a credential of nothing is refused before anything is sent", () => {
  test.each(["", " ", "\t "])("accessToken %j", (accessToken) => {
    expect(() => jobsClient("http://127.0.0.1:1", { accessToken })).toThrow("accessToken");
    expect(() => jobsClient("http://127.0.0.1:1", { apiKey: accessToken })).toThrow("apiKey");
  });

  test.each(["Bearer", "Bearer ", "basic\t"])("accessToken %j, which is a scheme alone", (accessToken) => {
    expect(() => jobsClient("http://127.0.0.1:1", { accessToken })).toThrow("accessToken");
  });

  test.each(["", " ", "Bearer "])("a function that gives %j", async (value) => {
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

  test("and blanks around one are not sent", async () => {
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
