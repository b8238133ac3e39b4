// What this library's streams have beside Connect's own: outcomes, diagnostics, deadlines, trailers, close().
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createContextValues, type Interceptor } from "@connectrpc/connect";
import { describe, expect, onTestFinished, test } from "vitest";
import { createRestTransport, restCallOptions, rpcErrorOf } from "../../src/connect/index.ts";
import type { CallEvent } from "../../src/index.ts";
import { AppendRequestSchema, AppendResponseSchema, LogService } from "../gen/streams/v1/streams_pb.js";
import { deferred } from "../support/deferred.ts";
import { type Scripted, scriptedServer } from "../support/scripted-server.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";
import { methodWith } from "../transcoding/support/rule-method.ts";
import { ours } from "./support/log-servers.ts";
import { type Logs, textOf } from "./support/log-service.ts";

const parent = "logs/a";

/** Logs whose streams send a message and then wait, so that they have no end of their own. */
function endless(): Logs & { readonly headers: Headers[] } {
  const headers: Headers[] = [];
  return {
    headers,
    async *follow(_request, { requestHeader, signal }) {
      headers.push(requestHeader);
      yield { entry: { text: "a" } };
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
    async append(requests) {
      let text = "";
      for await (const request of requests) text += textOf(request);
      return { text };
    },
    async *exchange(requests) {
      for await (const request of requests) yield { entry: { text: textOf(request) } };
    },
  };
}

async function client(logs: Logs, interceptors: Interceptor[] = []) {
  const transport = await ours(logs, interceptors, { timeoutMs: 20_000 });
  return { transport, logs: createClient(LogService, transport) };
}

async function scripted(...script: Scripted[]) {
  const server = await scriptedServer(...script);
  const transport = createRestTransport({ baseUrl: server.origin, retry: { initialBackoffMs: 1 } });
  onTestFinished(() => transport.close());
  return { server, logs: createClient(LogService, transport) };
}

async function failed(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => new Error("the call did not fail"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConnectError);
  return error as ConnectError;
}

async function texts(messages: AsyncIterable<Parameters<typeof textOf>[0]>): Promise<string[]> {
  const read: string[] = [];
  for await (const message of messages) read.push(textOf(message));
  return read;
}

const json = { "content-type": "application/json" };
const line = (text: string) => `{"result":{"entry":{"text":"${text}"}}}\n`;

describe("the error of a stream", () => {
  test.each<[string, Scripted[], object]>([
    [
      "that does not begin",
      [{ status: 403 }],
      { code: Code.PermissionDenied, outcome: "rejected", attempts: 1 },
    ],
    [
      "that is cut",
      [{ headers: json, body: line("a").slice(0, -5) }],
      { code: Code.DataLoss, outcome: "unknown" },
    ],
    ["after attempts", [{ status: 429 }, { status: 403 }], { code: Code.PermissionDenied, attempts: 2 }],
  ])("%s has its outcome", async (_what, script, expected) => {
    const { logs } = await scripted(...script);
    expect(rpcErrorOf(await failed(texts(logs.follow({ parent }))))).toMatchObject(expected);
  });

  test("of a signal that fires within the loop has an outcome, as that of one that fires while the reader waits", async () => {
    for (const isWaiting of [false, true]) {
      const { logs } = await client(endless());
      const controller = new AbortController();
      const stream = logs.follow({ parent }, { signal: controller.signal })[Symbol.asyncIterator]();
      await stream.next();
      if (!isWaiting) controller.abort("enough");
      const error = failed(stream.next());
      controller.abort("enough");
      expect(await error).toMatchObject({ code: Code.Canceled, rawMessage: "enough" });
      expect(rpcErrorOf(await error)).toMatchObject({
        code: Code.Canceled,
        outcome: "unknown",
        status: 200,
      });
    }
  });

  test("of a request that is invalid is InvalidArgument", async () => {
    const { logs } = await client(endless());
    const followed = await failed(texts(logs.follow({ parent, nothing: 1 } as never)));
    expect(followed).toMatchObject({ code: Code.InvalidArgument });
    expect(rpcErrorOf(followed)?.outcome).toBe("not_sent");
    const invalid = (async function* () {
      yield { nothing: 1 } as never;
    })();
    expect(await failed(logs.append(invalid))).toMatchObject({ code: Code.InvalidArgument });
  });

  test("of a method whose rule cannot carry its stream is Unimplemented", async () => {
    const { transport } = await client(endless());
    for (const rule of [undefined, { pattern: { case: "get", value: "/v1/{entry}" } } as never]) {
      const method = methodWith(rule, AppendRequestSchema, AppendResponseSchema, { clientStreaming: true });
      const error = await failed(
        transport.stream(
          method as DescMethodStreaming,
          undefined,
          undefined,
          undefined,
          (async function* () {})(),
        ),
      );
      expect(error.code).toBe(Code.Unimplemented);
      expect(rpcErrorOf(error)).toMatchObject({ outcome: "not_sent", method: "example.Service/Call" });
    }
  });
});

test.each(["a deadline", "a signal", "close()"])(
  "%s ends a call whose only request does not come, with an outcome",
  async (end) => {
    const { transport } = await client(endless());
    const controller = new AbortController();
    const taken = deferred();
    const requests = (async function* () {
      taken.resolve();
      await new Promise(() => undefined);
    })();
    const { follow } = LogService.method;
    const timeoutMs = end === "a deadline" ? 100 : undefined;
    const call = failed(
      transport.stream(follow, controller.signal, timeoutMs, undefined, requests, undefined),
    );
    await taken.promise;
    if (end === "a signal") controller.abort(new Error("enough"));
    if (end === "close()") await transport.close();
    const code = end === "a deadline" ? Code.DeadlineExceeded : Code.Canceled;
    const rawMessage = { "a deadline": "no response within 100 ms", "a signal": "enough" }[end];
    const error = await call;
    expect(error).toMatchObject({ code, rawMessage: rawMessage ?? "the transport was closed" });
    expect(rpcErrorOf(error)).toMatchObject({ code, outcome: "not_sent" });
  },
);

test("an interceptor that calls next again sends no part of requests that were read", async () => {
  const server = await scriptedServer({ status: 403 }, { headers: json, body: "{}" });
  const again: Interceptor = (next) => (request) => next(request).catch(() => next(request));
  const transport = createRestTransport({ baseUrl: server.origin, interceptors: [again] });
  onTestFinished(() => transport.close());
  const requests = (async function* () {
    yield { entry: { text: "a" } };
  })();
  const error = await failed(createClient(LogService, transport).append(requests));
  expect(error.code).toBe(Code.FailedPrecondition);
  expect(rpcErrorOf(error)?.outcome).toBe("not_sent");
  expect(server.seen.map(({ body }) => body.toString())).toEqual(['{"entry":{"text":"a"}}\n']);
});

test("a stream has no deadline but that of its call", async () => {
  const moveOn = stopClock();
  const handlers = endless();
  const { logs } = await client(handlers);
  const controller = new AbortController();
  const unlimited = logs.follow({ parent }, { signal: controller.signal })[Symbol.asyncIterator]();
  await unlimited.next();
  const waiting = failed(unlimited.next());
  const limited = logs.follow({ parent }, { timeoutMs: 60_000 })[Symbol.asyncIterator]();
  await limited.next();
  const ended = failed(limited.next());
  await moveOn(60_000);
  const error = await ended;
  expect(error.code).toBe(Code.DeadlineExceeded);
  expect(rpcErrorOf(error)).toMatchObject({ code: Code.DeadlineExceeded, outcome: "unknown" });
  controller.abort();
  expect(await waiting).toMatchObject({ code: Code.Canceled });
  expect(handlers.headers.map((header) => header.get("grpc-timeout"))).toEqual([null, "60000m"]);
});

test("restCallOptions and headers are sent with a stream", async () => {
  const handlers = endless();
  const { logs } = await client(handlers);
  const contextValues = createContextValues().set(restCallOptions, { metadata: { "x-tenant": "blue" } });
  for await (const _ of logs.follow({ parent }, { contextValues, headers: { "x-reader": "Ada" } })) break;
  expect(handlers.headers[0]?.get("grpc-metadata-x-tenant")).toBe("blue");
  expect(handlers.headers[0]?.get("x-reader")).toBe("Ada");
});

test("interceptors see the URL of a stream: that of its request, or its route", async () => {
  const seen: string[] = [];
  const seeing: Interceptor = (next) => (request) => {
    seen.push(`${request.requestMethod} ${new URL(request.url).pathname}${new URL(request.url).search}`);
    return next(request);
  };
  const { logs } = await client(endless(), [seeing]);
  for await (const _ of logs.follow({ parent, words: ["x"] })) break;
  await logs.append((async function* () {})());
  expect(seen).toEqual(["GET /v1/logs/a/entries?words=x", "POST /v1/entries:append"]);
});

test("an interceptor that leaves the loop ends the stream", async () => {
  const left = deferred();
  const first: Interceptor = (next) => async (request) => {
    const response = await next(request);
    if (!response.stream) return response;
    const one = async function* () {
      for await (const message of response.message) {
        yield message;
        return;
      }
    };
    return { ...response, message: one() };
  };
  const { logs } = await client(
    {
      ...endless(),
      async *follow(_request, { signal }) {
        yield { entry: { text: "a" } };
        signal.addEventListener("abort", () => left.resolve());
        await left.promise;
      },
    },
    [first],
  );
  expect(await texts(logs.follow({ parent }))).toEqual(["a"]);
  await left.promise;
});

describe("a stream is one call", () => {
  function observedCalls(): CallEvent[] {
    const events: CallEvent[] = [];
    const listener = (event: unknown) => void events.push(event as CallEvent);
    subscribe("tracing:bytenite-jobs:call:asyncEnd", listener);
    onTestFinished(() => void unsubscribe("tracing:bytenite-jobs:call:asyncEnd", listener));
    return events;
  }

  const twice: Interceptor = (next) => async (request) => {
    try {
      return await next(request);
    } catch {
      return next(request);
    }
  };

  test("in diagnostics, however often an interceptor calls next; it ends with its stream", async () => {
    const events = observedCalls();
    const server = await scriptedServer({ status: 403 }, { headers: json, body: line("a") + line("b") });
    const transport = createRestTransport({ baseUrl: server.origin, interceptors: [twice] });
    onTestFinished(() => transport.close());
    const stream = createClient(LogService, transport).follow({ parent })[Symbol.asyncIterator]();
    await stream.next();
    expect(events).toEqual([]);
    while ((await stream.next()).done !== true);
    await until(() => events.length > 0);
    expect(server.seen).toHaveLength(2);
    expect(events).toMatchObject([
      {
        method: "streams.v1.LogService/Follow",
        code: 0,
        status: 200,
        requestMessages: 1,
        responseMessages: 2,
      },
    ]);
    expect(events[0]?.attempts).toBe(1);
  });

  test("in diagnostics, if it fails", async () => {
    const events = observedCalls();
    const { logs } = await scripted({
      headers: json,
      body: `${line("a")}{"error":{"code":8,"message":"the log is full"}}\n`,
    });
    await failed(texts(logs.follow({ parent })));
    await until(() => events.length > 0);
    expect(events).toMatchObject([{ code: Code.ResourceExhausted, outcome: "unknown", responseMessages: 1 }]);
    expect(rpcErrorOf(events[0]?.error)?.reason).toBe("the log is full");
  });

  test("for close(), which ends it", async () => {
    const { logs, transport } = await client(endless());
    const stream = logs.follow({ parent })[Symbol.asyncIterator]();
    await stream.next();
    const ended = failed(stream.next());
    await transport.close();
    expect(await ended).toMatchObject({ code: Code.Canceled, rawMessage: "the transport was closed" });
    expect(await failed(texts(logs.follow({ parent })))).toMatchObject({ code: Code.FailedPrecondition });
  });

  test("for close(), which does not wait for a reader that has left", async () => {
    const { logs, transport } = await client(endless());
    for await (const _ of logs.follow({ parent })) break;
    await transport.close();
  });
});
