import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Readable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CallEvent, Code } from "../../src/index.ts";
import { createClient, createRestTransport, type Interceptor } from "../../src/transport.ts";
import { LogService } from "../gen/streams/v1/streams_pb.js";
import { caught } from "../support/caught.ts";
import { httpServer } from "../support/loopback.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { until } from "../support/until.ts";
import { streams } from "./support/streams.ts";

const line = (text: string) => `{"result":{"entry":{"text":"${text}"}}}\n`;
const stream = { headers: { "content-type": "application/json" }, body: line("a") + line("b") };

test("a stream through interceptors that call next again is one call event, which ends with the stream", async () => {
  const events: CallEvent[] = [];
  const listener = (event: unknown) => void events.push(event as CallEvent);
  subscribe("tracing:bytenite-jobs:call:asyncEnd", listener);
  onTestFinished(() => void unsubscribe("tracing:bytenite-jobs:call:asyncEnd", listener));
  const server = await scriptedServer({ status: 403 }, stream);
  const again: Interceptor = (next) => (request) => next({ ...request }).catch(() => next({ ...request }));
  const transport = createRestTransport({ baseUrl: server.origin, interceptors: [again] });
  onTestFinished(() => transport.close());
  const messages = createClient(LogService, transport).follow({ parent: "logs/a" })[Symbol.asyncIterator]();
  await messages.next();
  expect(events).toEqual([]);
  while ((await messages.next()).done !== true);
  await until(() => events.length > 0);
  const ok = { code: Code.OK, status: 200, attempts: 1, requestMessages: 1, responseMessages: 2 };
  expect(events).toMatchObject([ok]);
});

test("a reader that leaves while an interceptor's generator waits is no error in diagnostics", async () => {
  const events: CallEvent[] = [];
  const listener = (event: unknown) => void events.push(event as CallEvent);
  subscribe("tracing:bytenite-jobs:call:asyncEnd", listener);
  onTestFinished(() => void unsubscribe("tracing:bytenite-jobs:call:asyncEnd", listener));
  const server = await httpServer((_request, response) => {
    response.writeHead(200, stream.headers);
    response.write(line("a"));
  });
  const passing: Interceptor = (next) => async (request) => {
    const response = await next(request);
    if (!response.stream) return response;
    const passedOn = (async function* () {
      yield* response.message;
    })();
    return { ...response, message: passedOn };
  };
  const transport = createRestTransport({ baseUrl: server.origin, interceptors: [passing] });
  onTestFinished(() => transport.close());
  const { message } = await transport.stream(LogService.method.follow, [{ parent: "logs/a" }]);
  const messages = message[Symbol.asyncIterator]();
  await messages.next();
  const waiting = messages.next();
  await messages.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
  await until(() => events.length > 0);
  const ok = { code: Code.OK, status: 200, attempts: 1, requestMessages: 1, responseMessages: 1 };
  expect(events).toMatchObject([ok]);
});

test("a request that an interceptor makes no iterable of does not keep the transport open", async () => {
  const server = await scriptedServer(stream);
  const broken: Interceptor = (next) => (request) => next({ ...request, message: {} } as never);
  const transport = createRestTransport({ baseUrl: server.origin, interceptors: [broken] });
  const client = createClient(LogService, transport);
  for (const call of [() => client.append([]), () => transport.stream(LogService.method.exchange, [])]) {
    expect(await caught(call())).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
  }
  await transport.close();
});

test("the requests are told at once that the call is over, also while one of them is awaited", async () => {
  const server = await scriptedServer("hang");
  const transport = createRestTransport({ baseUrl: server.origin });
  onTestFinished(() => transport.close());
  const told: string[] = [];
  const source: AsyncIterator<object> = {
    next: () => {
      told.push("next");
      return new Promise(() => undefined);
    },
    return: async () => {
      told.push("return");
      return { done: true, value: undefined };
    },
  };
  const controller = new AbortController();
  const requests = { [Symbol.asyncIterator]: () => source };
  const call = caught(createClient(LogService, transport).append(requests, { signal: controller.signal }));
  await until(() => told.length === 1);
  controller.abort();
  expect(await call).toMatchObject({ code: Code.Cancelled });
  expect(told).toEqual(["next", "return"]);
});

describe("an interceptor that calls next again sends", () => {
  const books = [{ title: "a" }, { title: "b" }];
  const sync = function* () {
    yield* books;
  };
  const async = async function* () {
    yield* books;
  };
  const again: Interceptor = (next) => (request) => next({ ...request }).catch(() => next({ ...request }));
  const wrapped: Interceptor = (next) => (request) => {
    if (!request.stream) return next(request);
    const once = (async function* () {
      yield* request.message;
    })();
    return next({ ...request, message: once }).catch(() => next({ ...request, message: once }));
  };

  async function callTo(interceptor: Interceptor, requests: Iterable<object> | AsyncIterable<object>) {
    const rejection = { status: 403, headers: { "content-type": "application/json" }, body: "{}" };
    const server = await scriptedServer(rejection, { ...rejection, status: 200 });
    const { client } = streams(server.origin, { interceptors: [interceptor] });
    const response = client.collect(requests);
    const bodies = () => server.seen.map(({ body }) => body.toString());
    return { response, bodies };
  }

  test.each([
    ["an array", books],
    ["an iterable that is made anew", { [Symbol.iterator]: sync }],
    ["an async iterable that is made anew", { [Symbol.asyncIterator]: async }],
  ])("%s from its start", async (_what, requests) => {
    const { response, bodies } = await callTo(again, requests);
    await response;
    const lines = '{"title":"a"}\n{"title":"b"}\n';
    expect(bodies()).toEqual([lines, lines]);
  });

  test.each([
    ["a generator", sync, again],
    ["an async generator", async, again],
    ["an iterator that is given anew", () => ((made) => ({ [Symbol.iterator]: () => made }))(sync()), again],
    ["an async generator of its own", () => books, wrapped],
    ["a ReadableStream", () => ReadableStream.from(books), again],
    ["a Readable", () => Readable.from(books), again],
  ])("no part of %s", async (_what, requests, interceptor) => {
    const { response, bodies } = await callTo(interceptor, requests() as Iterable<object>);
    expect(await caught(response)).toMatchObject({
      code: Code.FailedPrecondition,
      outcome: "not_sent",
      reason: "the requests were already read, and cannot be read again",
    });
    expect(bodies()).toEqual(['{"title":"a"}\n{"title":"b"}\n']);
  });

  test("no whole request of a generator within one that is made anew", async () => {
    const whole: string[] = [];
    const server = await httpServer(async (request, response) => {
      request.on("error", () => undefined);
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        whole.push(body);
        response.writeHead(403).end();
      });
    });
    const within: Interceptor = (next) => async (request) => {
      if (!request.stream) return next(request);
      const copy = async function* () {
        yield* request.message;
      };
      return next({ ...request, message: copy() }).catch(() => next({ ...request, message: copy() }));
    };
    const { client } = streams(server.origin, { interceptors: [within] });
    // The client cannot see it before the headers are sent, so the server may have seen these.
    expect(await caught(client.collect(sync()))).toMatchObject({
      code: Code.FailedPrecondition,
      outcome: "unknown",
    });
    expect(whole).toEqual(['{"title":"a"}\n{"title":"b"}\n']);
  });
});
