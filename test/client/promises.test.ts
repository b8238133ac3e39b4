// Bugs that a review found, grouped by the promise that they broke.
import { inspect } from "node:util";
import type { Dispatcher } from "undici";
import { Pool } from "undici";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Code, type Interceptor, type JobsClientOptions } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { ok, okJson, type Scripted, scriptedServer } from "../support/scripted-server.ts";

type Dispatch = Dispatcher["dispatch"];

describe("a call that is cancelled in the same tick", () => {
  test("is not sent", async () => {
    const server = await scriptedServer("hang");
    const controller = new AbortController();
    const call = caught(jobsClient(server.baseUrl).run("job-1", undefined, { signal: controller.signal }));
    controller.abort("no");
    expect(await call).toMatchObject({ code: Code.Cancelled, outcome: "not_sent", cause: "no" });
    expect(server.seen).toHaveLength(0);
  });

  test("by its token function is not sent", async () => {
    const server = await scriptedServer(ok);
    const controller = new AbortController();
    const accessToken = () => {
      controller.abort();
      return "token-1";
    };
    const client = jobsClient(server.baseUrl, { accessToken });
    const error = await caught(client.run("job-1", undefined, { signal: controller.signal }));
    expect(error).toMatchObject({ code: Code.Cancelled, outcome: "not_sent", attempts: 0 });
    expect(server.seen).toHaveLength(0);
  });
});

describe("a dispatcher that violates undici's contract", () => {
  function wrapped(origin: string, dispatch: (pool: Pool) => Dispatch): Dispatcher {
    const pool = new Pool(origin);
    onTestFinished(() => pool.destroy());
    return new Proxy(pool, {
      get: (target, key) => (key === "dispatch" ? dispatch(target) : Reflect.get(target, key)),
    });
  }

  test("and throws after it has queued the request, does not run a job twice", async () => {
    const server = await scriptedServer(ok);
    const dispatcher = wrapped(server.origin, (pool) => (options, handler) => {
      pool.dispatch(options, handler);
      throw new Error("queued anyway");
    });
    await caught(jobsClient(server.baseUrl, { dispatcher, retry: false }).run("job-1"));
    await new Promise(setImmediate);
    expect(server.seen).toHaveLength(0);
  });

  test("and throws a value that cannot be converted to a string, ends the call", async () => {
    const server = await scriptedServer(ok);
    const thrown = Object.create(null);
    const dispatcher = wrapped(server.origin, () => () => {
      throw thrown;
    });
    const error = await caught(jobsClient(server.baseUrl, { dispatcher, retry: false }).run("job-1"));
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "not_sent" });
    expect(error.reason).toContain("[Object: null prototype] {}");
  });

  test("and reports an error but continues, does not run a job twice", async () => {
    const server = await scriptedServer(ok);
    const dispatcher = wrapped(server.origin, (pool) => (options, handler) => {
      handler.onResponseError?.(undefined as never, new Error("not yet"));
      return pool.dispatch(options, handler);
    });
    await caught(jobsClient(server.baseUrl, { dispatcher, retry: false }).run("job-1"));
    await new Promise(setImmediate);
    expect(server.seen).toHaveLength(0);
  });

  test("and does not report the start of a request, has the outcome unknown", async () => {
    const response = { headers: { "content-length": "5" }, body: "x".repeat(5) };
    const server = await scriptedServer(response);
    const dispatcher = wrapped(server.origin, (pool) => (options, handler) => {
      const { onResponseStart, onResponseError } = handler;
      return pool.dispatch(options, {
        onRequestStart: () => undefined,
        onResponseStart: (controller, ...rest) => {
          onResponseStart?.call(handler, controller, ...rest);
          onResponseError?.call(handler, null as never, new Error("lost"));
        },
        onResponseData: () => undefined,
        onResponseEnd: () => undefined,
        onResponseError: () => undefined,
      });
    });
    const error = await caught(jobsClient(server.baseUrl, { dispatcher }).run("job-1"));
    expect(error).toMatchObject({ outcome: "unknown", status: 200, attempts: 1 });
    expect(server.seen).toHaveLength(1);
  });
});

test.each([408, 499])(
  "%d may be sent after the server has begun, so it is unknown and run is not retried",
  async (status) => {
    const server = await scriptedServer({ status });
    expect(await caught(jobsClient(server.baseUrl).run("job-1"))).toMatchObject({
      outcome: "unknown",
      attempts: 1,
    });
  },
);

describe("ambiguous responses", () => {
  const json = (body: string): Scripted => ({ headers: { "content-type": "application/json" }, body });

  test("a number beyond 2^53 is not rounded", async () => {
    const server = await scriptedServer(json('{"error":{"code":9007199254740993}}'));
    const error = await caught(jobsClient(server.baseUrl).run("job-1"));
    expect(error).toMatchObject({ response: { error: { code: 9007199254740993n } } });
  });

  test("a repeated key in JSON is an error", async () => {
    const server = await scriptedServer(json('{"ok":false,"ok":true,"requestId":"12345678901234567"}'));
    expect(await caught(jobsClient(server.baseUrl).run("job-1"))).toMatchObject({ code: Code.DataLoss });
  });

  test("an error with the status OK is not a google.rpc.Status", async () => {
    const server = await scriptedServer({
      ...(json('{"error":{"status":"OK","code":500}}') as object),
      status: 500,
    });
    expect(await caught(jobsClient(server.baseUrl).run("job-1"))).toMatchObject({ code: Code.Internal });
  });

  test("a byte order mark is ignored, in an error too", async () => {
    const server = await scriptedServer({
      ...(json('\ufeff{"code":9,"message":"m"}') as object),
      status: 400,
    });
    expect(await caught(jobsClient(server.baseUrl).abort("job-1"))).toMatchObject({
      code: Code.FailedPrecondition,
    });
  });

  test("only ok: false is unknown, because the same message is no bytes in binary", async () => {
    const server = await scriptedServer(json('{"ok":false}'));
    expect(await caught(jobsClient(server.baseUrl).run("job-1"))).toMatchObject({ outcome: "unknown" });
  });

  test("a partial response is an error", async () => {
    const server = await scriptedServer({ ...(okJson as object), status: 206 });
    expect(await caught(jobsClient(server.baseUrl).run("job-1"))).toMatchObject({ code: Code.DataLoss });
  });
});

describe("a callback with a bug", () => {
  test.each([
    [
      "throws",
      () => {
        throw new Error("a bug in onResponse");
      },
    ],
    ["rejects", () => Promise.reject(new Error("a bug in onResponse"))],
    [
      "throws a value that cannot be converted to a string",
      () => {
        throw Object.create(null);
      },
    ],
  ])("does not change the result of a call: it %s", async (_name, onResponse) => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => warned.mockRestore());
    const server = await scriptedServer({ status: 404 }, ok);
    const client = jobsClient(server.baseUrl);
    expect(await caught(client.abort("job-1", { onResponse }))).toMatchObject({
      code: Code.NotFound,
      attempts: 1,
    });
    expect(await client.abort("job-1", { onResponse })).toMatchObject({ ok: true });
    await expect.poll(() => warned.mock.calls.length).toBe(2);
  });

  test("in a header function leaves no rejection unhandled if the token function fails too", async () => {
    const server = await scriptedServer(ok);
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    onTestFinished(() => void process.off("unhandledRejection", unhandled));
    const client = jobsClient(server.baseUrl, {
      accessToken: async () => {
        throw new Error("no token");
      },
      headers: {
        "x-a": () => {
          throw new Error("no header");
        },
      },
    });
    expect(await caught(client.abort("job-1"))).toMatchObject({ outcome: "not_sent" });
    await new Promise(setImmediate);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe("a secret", () => {
  test.each([
    ["JSON", "application/json"],
    ["text", "text/plain"],
  ])("that the server repeats in %s is not shown by the error", async (_name, contentType) => {
    const secret = "s3cret-access-token";
    const server = await scriptedServer({
      status: 401,
      headers: { "content-type": contentType, "x-echo": `bad ${secret}` },
      body: JSON.stringify({
        code: 16,
        message: `invalid token ${secret}`,
        details: [{ "@type": "a/b.C", t: secret }],
      }),
    });
    for (const accessToken of [secret, () => secret]) {
      const error = await caught(jobsClient(server.baseUrl, { accessToken }).run("job-1"));
      expect(error.message).toContain("invalid token ****");
      expect(inspect(error, { depth: 9 })).not.toContain(secret);
      expect(Buffer.from(error.body ?? []).includes(secret)).toBe(false);
    }
  });

  test.each([
    [{ metadata: { authorization: "a" } }],
    [{ headers: { "grpc-metadata-authorization": "a" } }],
    [{ headers: { "X-Auth-Token": "a" } }],
    [{ headers: { "api-key": "a" } }],
  ])("in another header is not sent over http either: %o", async (options) => {
    const { createRestTransport } = await import("../../src/transport.ts");
    const { Customer } = await import("../../src/index.ts");
    const transport = createRestTransport({ baseUrl: "http://203.0.113.1/" });
    onTestFinished(() => transport.close());
    const error = await caught(transport.unary(Customer.method.abortJob, { jobId: "job-1" }, options));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(error.message).toContain("a credential would go over http:");
  });
});

test("RpcError and JobsError can be logged as JSON", async () => {
  const body = '{"error":{"code":"404","message":"no job"}}';
  const server = await scriptedServer({ headers: { "content-type": "application/json" }, body });
  const error = await caught(jobsClient(server.baseUrl).run("job-1"));
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({
    name: "JobsError",
    code: "NotFound",
    outcome: "rejected",
    status: 200,
    attempts: 1,
    history: [{ outcome: "rejected" }],
  });
});

test("the history has only waits that took place", async () => {
  const server = await scriptedServer({ status: 429, headers: { "retry-after": "20" } });
  const controller = new AbortController();
  const retry = { onRetry: () => queueMicrotask(() => controller.abort()) };
  const error = await caught(
    jobsClient(server.baseUrl).run("job-1", undefined, { signal: controller.signal, retry }),
  );
  expect(error).toMatchObject({ code: Code.Cancelled, outcome: "rejected" });
  expect(error.history).toMatchObject([{ status: 429 }]);
  expect(error.history[0]).not.toHaveProperty("waitedMs");
});

test("close() in onRetry ends the call", async () => {
  const server = await scriptedServer({ status: 429, headers: { "retry-after": "20" } }, ok);
  const client = jobsClient(server.baseUrl);
  const retry = { onRetry: () => void client.close() };
  expect(await caught(client.run("job-1", undefined, { retry }))).toMatchObject({ status: 429, attempts: 1 });
  expect(server.seen).toHaveLength(1);
});

describe("options that would fail later", () => {
  test.each([
    [{ protobufMediaType: "application/json" }, "protobufMediaType must be a media type"],
    [{ headers: { "Grpc-Timeout": "5S" } }, "headers: Grpc-Timeout is set by timeoutMs"],
  ])("%o are rejected", (options, reason) => {
    expect(() => jobsClient("http://127.0.0.1:1", options as Partial<JobsClientOptions>)).toThrow(reason);
  });

  test("the case of a media type does not matter", async () => {
    const server = await scriptedServer({
      ...(ok as object),
      headers: { "content-type": "application/x-foo" },
    });
    const client = jobsClient(server.baseUrl, { protobufMediaType: "application/X-Foo" });
    expect(await client.abort("job-1")).toMatchObject({ ok: true });
  });

  test.each([[{ idempotencyKey: "" }], [{ signal: {} as AbortSignal }]])(
    "%o from an interceptor are rejected",
    async (change) => {
      const server = await scriptedServer("reset", ok);
      const meddling: Interceptor = (next) => (request) => next({ ...request, ...change });
      const error = await caught(jobsClient(server.baseUrl, { interceptors: [meddling] }).run("job-1"));
      expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
      expect(server.seen).toHaveLength(0);
    },
  );
});
