import { execFile } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { promisify } from "node:util";
import { Agent, type Dispatcher, interceptors, request } from "undici";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { UndiciExchange } from "../../src/http/undici-exchange.ts";
import { probe } from "../../src/index.ts";
import {
  createMemoryJobsServer,
  createMemoryServer,
  type MemoryServer,
  startJobsServer,
} from "../../src/testing/index.ts";
import { createClient, createRestTransport } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { deferred } from "../support/deferred.ts";

const name = "shelves/1/books/2";

function library(title: () => string | Promise<string>): MemoryServer {
  return createMemoryServer(LibraryService, { getBook: async () => ({ title: await title() }) });
}

/** A server whose handler runs until its signal aborts. */
function endless() {
  const begun = deferred();
  const ended = deferred();
  const server = createMemoryServer(LibraryService, {
    getBook(_, { signal }) {
      signal.addEventListener("abort", () => ended.resolve());
      begun.resolve();
      return new Promise(() => undefined);
    },
  });
  return { server, begun: begun.promise, ended: ended.promise };
}

interface Sent {
  readonly log: unknown[];
  readonly ended: Promise<void>;
}

/** Sends one request, and logs the handler's callbacks. */
function send(
  { dispatcher }: Pick<MemoryServer, "dispatcher">,
  options: Partial<Dispatcher.DispatchOptions> = {},
  more: Partial<Dispatcher.DispatchHandler> = {},
): Sent {
  const log: unknown[] = [];
  const { promise, resolve } = deferred();
  const accepted = dispatcher.dispatch(
    { path: `/v1/${name}`, method: "GET", headers: { accept: "application/json" }, ...options },
    {
      onRequestStart(controller, context) {
        log.push("start");
        more.onRequestStart?.(controller, context);
      },
      onResponseStart(controller, status, headers, statusText) {
        log.push(`${status} ${statusText}`);
        more.onResponseStart?.(controller, status, headers, statusText);
      },
      onResponseData(controller, chunk) {
        log.push(chunk.length);
        more.onResponseData?.(controller, chunk);
      },
      onResponseEnd(controller, trailers) {
        log.push("end");
        resolve();
        more.onResponseEnd?.(controller, trailers);
      },
      onResponseError(_controller, error) {
        log.push(error.message);
        resolve();
      },
    },
  );
  log.push(accepted);
  return { log, ended: promise };
}

/** Lets all pending work run that does not wait for anything. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the handler of a request", () => {
  test("gets its callbacks in order, and none before dispatch() returns", async () => {
    const { log, ended } = send(library(() => "Emma"));
    expect(log).toEqual([true]);
    await ended;
    expect(log).toEqual([true, "start", "200 OK", expect.any(Number), "end"]);
  });

  test("gets a long body in chunks, as from a socket", async () => {
    const { log, ended } = send(library(() => "t".repeat(150_000)));
    await ended;
    const chunks = log.filter((each) => typeof each === "number");
    expect(chunks.slice(0, 2)).toEqual([65_536, 65_536]);
    expect(chunks).toHaveLength(3);
  });

  test("gets nothing while it is paused", async () => {
    let controller: Dispatcher.DispatchController | undefined;
    const pause = (each: Dispatcher.DispatchController) => {
      controller = each;
      each.pause();
    };
    const { log, ended } = send(
      library(() => "t".repeat(100_000)),
      {},
      { onResponseStart: pause, onResponseData: pause },
    );
    const seen = () => log.slice(2);
    await turn();
    await turn();
    expect(seen()).toEqual(["200 OK"]);
    controller?.resume();
    await turn();
    expect(seen()).toEqual(["200 OK", 65_536]);
    expect(controller?.paused).toBe(true);
    controller?.resume();
    await turn();
    expect(seen()).toHaveLength(3);
    controller?.resume();
    await ended;
    expect(seen().at(-1)).toBe("end");
  });

  test.each(["onRequestStart", "onResponseStart", "onResponseData"] as const)(
    "gets the error that it throws in %s, and nothing after it",
    async (callback) => {
      const server = library(() => "Emma");
      const throws = () => {
        throw new Error("a bug in the handler");
      };
      const { log, ended } = send(server, {}, { [callback]: throws });
      await ended;
      await turn();
      expect(log.at(-1)).toBe("a bug in the handler");
      expect(server.requests).toHaveLength(callback === "onRequestStart" ? 0 : 1);
    },
  );

  test("gets its own abort, which also aborts the signal of the rpc's handler", async () => {
    const { server, begun, ended: isDisconnected } = endless();
    let controller: Dispatcher.DispatchController | undefined;
    const { log, ended } = send(
      server,
      {},
      {
        onRequestStart: (each) => {
          controller = each;
        },
      },
    );
    await begun;
    controller?.abort(new Error("enough"));
    controller?.abort(new Error("more than enough"));
    await ended;
    await isDisconnected;
    expect(log).toEqual([true, "start", "enough"]);
    expect(controller).toMatchObject({ aborted: true, reason: new Error("enough") });
  });

  test("gets no more of a body after an abort", async () => {
    const { log, ended } = send(
      library(() => "t".repeat(200_000)),
      {},
      {
        onResponseData: (controller) => controller.abort(new Error("enough")),
      },
    );
    await ended;
    await turn();
    expect(log.slice(2)).toEqual(["200 OK", 65_536, "enough"]);
  });
});

describe("a request fails", () => {
  test.each<[Partial<Dispatcher.DispatchOptions>, string]>([
    [{ path: "v1/x" }, "invalid request path"],
    [{ path: "/with space" }, "invalid request path"],
    [
      { origin: "https://library.example.com" },
      "the memory server is at https://memory.invalid, not at https://library.example.com",
    ],
    [
      { origin: "https://10.0.0.1", headers: { host: "library.example.com" } },
      "the memory server is at https://memory.invalid, not at https://10.0.0.1",
    ],
    [
      { origin: "http://10.0.0.1", headers: ["Host", "memory.invalid"] },
      "the memory server is at https://memory.invalid, not at http://10.0.0.1",
    ],
    [{ query: { a: 1 } }, "a memory server needs the query in the path"],
    [{ upgrade: "websocket" }, "a memory server has no sockets"],
    [
      { method: "POST", body: new FormData() as never },
      "the body for a memory server must be a string, a Uint8Array, or an iterable of these",
    ],
    [{ headersTimeout: -1 }, "invalid headersTimeout"],
    [{ bodyTimeout: Number.POSITIVE_INFINITY }, "invalid bodyTimeout"],
    [{ headers: ["one"] }, "headers array must be even"],
    [{ headers: { "x y": "1" } }, "invalid x y header"],
    [{ headers: { x: "1\n2" } }, "invalid x header"],
    [{ headers: { "Transfer-Encoding": "chunked" } }, "invalid Transfer-Encoding header"],
  ])("%o", async (options, message) => {
    const server = library(() => "Emma");
    const { log, ended } = send(server, options);
    await ended;
    expect(log).toEqual([message, false]);
    expect(server.requests).toEqual([]);
  });

  test("without onResponseError", () => {
    const { dispatcher } = library(() => "Emma");
    const dispatch = () =>
      dispatcher.dispatch({ path: "/", method: "GET" }, {} as Dispatcher.DispatchHandler);
    expect(dispatch).toThrow("invalid onResponseError method");
  });
});

test.each<[string, Dispatcher.DispatchOptions["headers"]]>([
  ["an array", ["X-A", "1", "x-b", "2", "x-b", "3"]],
  ["a record", { "X-A": "1", "x-b": ["2", "3"], "x-c": undefined }],
  [
    "pairs",
    new Map<string, string | string[]>([
      ["X-A", " 1\t"],
      ["x-b", ["2", "3"]],
    ]),
  ],
])("headers may be %s", async (_name, headers) => {
  const server = library(() => "Emma");
  await send(server, { headers: headers ?? null }).ended;
  expect(server.requests[0]?.rawHeaders).toEqual([
    ...["host", "memory.invalid", "connection", "keep-alive"],
    ...["X-A", "1", "x-b", "2", "x-b", "3"],
  ]);
});

test("the sender may reuse the bytes of a body after dispatch", async () => {
  const server = createMemoryServer(LibraryService, {
    checkOutBook: ({ reader }) => ({ title: `for ${reader}` }),
  });
  const body = Buffer.from('{"reader":"Ann"}');
  const headers = { "content-type": "application/json" };
  const { ended } = send(server, { method: "POST", path: `/v1/${name}:checkOut`, headers, body });
  body.fill(0);
  await ended;
  expect(Buffer.from(server.requests[0]?.responseBytes ?? []).toString()).toContain("for Ann");
});

test("undici's functions and interceptors accept the dispatcher", async () => {
  const server = library(() => "Emma");
  server.fault({ kind: "status", status: 503, retryAfter: 0 });
  const dispatcher = server.dispatcher.compose(interceptors.retry({ minTimeout: 1 }));
  const { statusCode, body } = await request(`${server.baseUrl}/v1/${name}`, { dispatcher });
  expect(statusCode).toBe(200);
  expect(await body.json()).toMatchObject({ title: "Emma" });
  expect(server.requests.map(({ status }) => status)).toEqual([503, 200]);
});

test.each([
  { address: "10.0.0.1", family: 4 },
  { address: "fd00::1", family: 6 },
] as const)("undici's DNS interceptor may replace the server's name by $address", async (record) => {
  const server = library(() => "Emma");
  const found: string[] = [];
  const dns = interceptors.dns({
    lookup(origin, _options, done) {
      found.push(origin.hostname);
      done(null, [{ ...record, ttl: 60_000 }]);
    },
  });
  const dispatcher = server.dispatcher.compose(dns);
  const { statusCode, body } = await request(`${server.baseUrl}/v1/${name}`, { dispatcher });
  await body.dump();
  expect(statusCode).toBe(200);
  expect(found).toEqual(["memory.invalid"]);
  expect(server.requests[0]?.headers.host).toBe("memory.invalid");
});

describe("headersTimeout and bodyTimeout end a request, as in undici:", () => {
  const peers = {
    "a memory server": async () => createMemoryJobsServer({ jobs: ["job-1"] }),
    "a server with a socket": async () => {
      const server = await startJobsServer({ jobs: ["job-1"] });
      const dispatcher = new Agent();
      onTestFinished(async () => {
        await dispatcher.destroy();
        await server.close();
      });
      return { ...server, dispatcher };
    },
  };

  test.each(Object.entries(peers))("%s", async (_name, open) => {
    const server = await open();
    const { baseUrl, accessToken, dispatcher } = server;
    const send = (options: object) =>
      request(`${baseUrl}/jobs/job-1/run`, {
        ...{ method: "POST", body: "{}", dispatcher, headersTimeout: 20, bodyTimeout: 20 },
        headers: { authorization: accessToken, "content-type": "application/json" },
        ...options,
      });
    server.fault({ kind: "hang" });
    await expect(send({})).rejects.toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" });
    server.fault({ kind: "hang", where: "in-answer", execute: false });
    const { body } = await send({ headersTimeout: 0 });
    await expect(body.text()).rejects.toMatchObject({ code: "UND_ERR_BODY_TIMEOUT" });
    server.fault({ kind: "delay", ms: 60 });
    const late = await send({ headersTimeout: 0 });
    expect([late.statusCode, typeof (await late.body.text())]).toEqual([200, "string"]);
  });

  test("but not while the reader is paused", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const server = library(() => "Emma");
    let controller: Dispatcher.DispatchController | undefined;
    const pause = (each: Dispatcher.DispatchController) => {
      controller = each;
      each.pause();
    };
    server.fault({ kind: "hang", where: "in-answer" });
    const { log, ended } = send(server, { bodyTimeout: 1_000 }, { onResponseStart: pause });
    await turn();
    await turn();
    expect(log).toEqual([true, "start", "200 OK"]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(log).toHaveLength(3);
    controller?.resume();
    await vi.advanceTimersByTimeAsync(999);
    expect(log).toHaveLength(4);
    await vi.advanceTimersByTimeAsync(1);
    await ended;
    expect(log.at(-1)).toBe("Body Timeout Error");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("after five minutes by default", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const server = library(() => "Emma");
    server.fault({ kind: "hang" });
    const { log, ended } = send(server);
    await turn();
    await vi.advanceTimersByTimeAsync(299_999);
    expect(log).toEqual([true, "start"]);
    await vi.advanceTimersByTimeAsync(1);
    await ended;
    expect(log.at(-1)).toBe("Headers Timeout Error");
  });
});

test("a server may have the origin of the real service", async () => {
  const server = createMemoryJobsServer({ jobs: ["job-1"], origin: "https://api.bytenite.com" });
  const { dispatcher, accessToken } = server;
  expect(server.baseUrl).toBe("https://api.bytenite.com/v1/customer");
  expect(server.tokenUrl).toBe("https://api.bytenite.com/v1/auth/access_token");
  const client = jobsClient("https://api.bytenite.com/v1/customer", { dispatcher, accessToken });
  expect(await client.run("job-1")).toMatchObject({ ok: true });
});

test.each([
  "memory.invalid",
  "ftp://memory.invalid",
  "https://memory.invalid/v1",
  "https://me@memory.invalid",
  "",
])("%j is not an origin", (origin) => {
  expect(() => createMemoryJobsServer({ origin })).toThrow(/^origin must be a scheme and a host/);
});

test.each(["port", "host", "http2"])("%s is an option of servers that listen", (option) => {
  expect(() => createMemoryJobsServer({ [option]: 1 } as object)).toThrow(`there is no option "${option}"`);
});

describe("a closed server", () => {
  test("ends the connections of the calls in flight, and refuses new ones", async () => {
    const server = createMemoryJobsServer({ jobs: ["job-1"] });
    const { dispatcher, accessToken } = server;
    const client = jobsClient(server.baseUrl, { dispatcher, accessToken, retry: false });
    server.fault({ kind: "hang" });
    const lost = caught(client.run("job-1"));
    await server.received(1);
    const unsent = caught(client.run("job-1"));
    await server.close();
    expect((await lost).cause).toMatchObject({ code: "UND_ERR_SOCKET", message: "other side closed" });
    expect(await lost).toMatchObject({ outcome: "unknown" });
    expect((await unsent).cause).toMatchObject({ code: "ECONNREFUSED" });
    expect(await caught(client.run("job-1"))).toMatchObject({ outcome: "not_sent" });
    await server.close();
  });

  test("aborts its handlers", async () => {
    const { server, begun, ended: isDisconnected } = endless();
    send(server);
    await begun;
    await server[Symbol.asyncDispose]();
    await isDisconnected;
  });
});

describe("a dispatcher", () => {
  test("that is closed lets its requests finish, and accepts no more", async () => {
    const server = library(() => "Emma");
    const first = send(server);
    const closed = server.dispatcher.close();
    expect(send(server).log).toEqual(["The client is closed", false]);
    await closed;
    expect(first.log.at(-1)).toBe("end");
    expect(send(server).log).toEqual(["The client is destroyed", false]);
  });

  test("that is destroyed fails its requests", async () => {
    const server = library(() => "Emma");
    server.fault({ kind: "hang" });
    const hanging = send(server);
    await server.received(1);
    const waiting = send(server);
    await server.dispatcher.destroy(new Error("enough"));
    expect(hanging.log.at(-1)).toBe("enough");
    expect(waiting.log).toEqual([true, "enough"]);
    expect(send(server).log).toEqual(["The client is destroyed", false]);
    await new Promise<void>((resolve) => server.dispatcher.destroy(resolve));
    expect(server.requests).toHaveLength(1);
  });
});

describe("a dispatcher closes and is destroyed like undici's:", () => {
  type Callback = (error: Error | null, data: unknown) => void;

  /** A dispatcher with the members that its types omit. */
  interface Closable {
    readonly closed: boolean;
    readonly destroyed: boolean;
    close(callback?: Callback | number): Promise<void>;
    destroy(error?: Error | null | Callback, callback?: Callback | number): Promise<void>;
  }

  const called = (act: (callback: Callback) => unknown) =>
    new Promise((resolve) => act((...args) => resolve(args)));
  const isDestroyed = [expect.objectContaining({ code: "UND_ERR_DESTROYED" }), null];

  test.each<[string, () => Dispatcher]>([
    ["a memory dispatcher", () => library(() => "Emma").dispatcher],
    ["an agent", () => new Agent()],
  ])("%s", async (_name, make) => {
    const closed = make() as unknown as Closable;
    expect([closed.closed, closed.destroyed]).toEqual([false, false]);
    expect(() => closed.close(5)).toThrow(expect.objectContaining({ message: "invalid callback" }));
    const both = [called((callback) => closed.close(callback)), called((callback) => closed.close(callback))];
    expect(closed.closed).toBe(true);
    expect(await Promise.all(both)).toEqual([
      [null, null],
      [null, null],
    ]);
    expect([closed.closed, closed.destroyed]).toEqual([true, true]);
    await expect(closed.close()).rejects.toMatchObject({ code: "UND_ERR_DESTROYED" });

    const destroyed = make() as unknown as Closable;
    expect(() => destroyed.destroy(null, 5)).toThrow("invalid callback");
    expect(await called((callback) => destroyed.destroy(callback))).toEqual([null, null]);
    expect([destroyed.closed, destroyed.destroyed]).toEqual([false, true]);
    expect(await called((callback) => destroyed.destroy(null, callback))).toEqual([null, null]);
    expect(await called((callback) => destroyed.close(callback))).toEqual(isDestroyed);
    await destroyed.destroy();
  });
});

describe("a memory connection", () => {
  test("opens no socket", async () => {
    const opened: unknown[] = [];
    const channels = ["net.client.socket", "net.server.socket", "tracing:net.server.listen:asyncStart"];
    const note = (_: unknown, channel: string | symbol) => void opened.push(channel);
    for (const channel of channels) subscribe(channel, note);
    onTestFinished(() => {
      for (const channel of channels) unsubscribe(channel, note);
    });
    const before = process.getActiveResourcesInfo().filter((each) => /TCP|Pipe|TLS/.test(each));
    const server = createMemoryJobsServer({ jobs: ["job-1"] });
    const client = jobsClient(server.baseUrl, { dispatcher: server.dispatcher, apiKey: server.apiKey });
    server.fault({ kind: "reset" });
    await client.abort("job-1");
    expect(process.getActiveResourcesInfo().filter((each) => /TCP|Pipe|TLS/.test(each))).toEqual(before);
    expect(opened).toEqual([]);
    // A real socket is noticed:
    await using listening = await startJobsServer({ jobs: ["job-1"] });
    await jobsClient(listening.baseUrl, { accessToken: listening.accessToken }).run("job-1");
    expect(new Set(opened)).toEqual(new Set(channels));
  });

  test("keeps no process alive, closed or not", async () => {
    const script = `
      import { createMemoryJobsServer } from "./src/testing/index.ts";
      import { JobsClient } from "./src/index.ts";
      const { baseUrl, accessToken, dispatcher, fault } = createMemoryJobsServer({ jobs: ["job-1"] });
      const jobs = new JobsClient({ baseUrl, accessToken, dispatcher });
      console.log((await jobs.run("job-1")).message);
      fault({ kind: "hang" });
      jobs.run("job-1", undefined, { timeoutMs: 0 });
    `;
    const root = new URL("../..", import.meta.url);
    const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      cwd: root,
      // A little less than vitest's own limit, so that the process does not outlive the test.
      timeout: 240_000,
    });
    expect({ stdout, stderr }).toEqual({ stdout: "job job-1 is running\n", stderr: "" });
  });

  test("carries a thousand calls at once, each with its own response", async () => {
    const ids = Array.from({ length: 1_000 }, (_, i) => `job-${i}`);
    const server = createMemoryJobsServer({ jobs: ids });
    const { dispatcher, accessToken } = server;
    const client = jobsClient(server.baseUrl, { dispatcher, accessToken });
    const responses = await Promise.all(ids.map((id) => client.run(id)));
    expect(responses.map(({ message }) => message)).toEqual(ids.map((id) => `job ${id} is running`));
    expect(new Set(server.executions.map(({ jobId }) => jobId)).size).toBe(1_000);
  });

  test("does not block timers with consecutive calls", async () => {
    const server = library(() => "Emma");
    await using transport = createRestTransport({ baseUrl: server.baseUrl, dispatcher: server.dispatcher });
    const client = createClient(LibraryService, transport);
    let hasFired = false;
    setTimeout(() => {
      hasFired = true;
    }, 1);
    while (!hasFired) await client.getBook({ name });
  });
});

test("a probe finds the same as on a listening server", async () => {
  const { baseUrl, accessToken, dispatcher, executions } = createMemoryJobsServer({ jobs: ["job-1"] });
  const { findings, configField } = await probe({ baseUrl, accessToken, dispatcher });
  expect(configField).toBe(2);
  expect(findings.filter(({ verdict }) => verdict === "refuted")).toEqual([]);
  expect(executions).toEqual([]);
});

test("an exchange that is cancelled before it begins sends nothing", async () => {
  const server = library(() => "Emma");
  const result = await new Promise((resolve) => {
    const target = {
      origin: "https://memory.invalid",
      verb: "GET",
      target: `/v1/${name}`,
      headers: [],
      body: null,
    };
    const exchange = new UndiciExchange(
      { ...target, idempotent: false, maxResponseBytes: 100 },
      { onResponse: resolve, onFailure: resolve },
    );
    exchange.begin(server.dispatcher);
    exchange.cancel(new Error("no"));
  });
  await turn();
  expect(result).toMatchObject({ kind: "cancelled", sent: false });
  expect(server.requests).toEqual([]);
});

describe("with fake timers", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  function setup() {
    vi.useFakeTimers();
    const server = createMemoryJobsServer({ jobs: ["job-1"] });
    const { baseUrl, dispatcher, accessToken } = server;
    const client = jobsClient(baseUrl, {
      dispatcher,
      accessToken,
      retry: { initialBackoffMs: 60_000, jitter: 0, maxBackoffMs: 60_000 },
      timeoutMs: 3_600_000,
    });
    return { server, client };
  }

  test("a call needs no timer", async () => {
    const { client } = setup();
    expect(await client.run("job-1")).toMatchObject({ ok: true });
  });

  test("a deadline passes when the clock is moved", async () => {
    const { server, client } = setup();
    server.fault({ kind: "hang" });
    const failed = caught(client.run("job-1", {}, { timeoutMs: 30_000 }));
    await server.received(1);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(await failed).toMatchObject({ outcome: "unknown", attempts: 1 });
    expect((await failed).history[0]?.durationMs).toBe(30_000);
  });

  test("a backoff passes when the clock is moved", async () => {
    const { server, client } = setup();
    server.fault({ kind: "status", status: 503 });
    const done = client.abort("job-1");
    await server.received(1);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(server.requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await done).toMatchObject({ ok: true });
    expect(server.requests).toHaveLength(2);
  });

  test("a delayed response arrives when the clock is moved", async () => {
    const { server, client } = setup();
    server.fault({ kind: "delay", ms: 5_000 });
    const done = client.run("job-1");
    await server.received(1);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(server.executions).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await done).toMatchObject({ ok: true });
  });

  test("a token expires when the clock is moved", async () => {
    const server = createMemoryJobsServer({ jobs: ["a", "b"] });
    vi.useFakeTimers();
    const { baseUrl, dispatcher, apiKey } = server;
    const client = jobsClient(baseUrl, { dispatcher, apiKey });
    await client.run("a");
    await vi.advanceTimersByTimeAsync(3_600_000);
    await client.run("b");
    expect(server.tokenExchanges).toBe(2);
  });
});
