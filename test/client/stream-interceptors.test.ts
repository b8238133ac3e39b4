import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Readable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CallEvent, Code } from "../../src/index.ts";
import {
  createClient,
  createRestTransport,
  type Interceptor,
  RpcError,
  type StreamResponse,
} from "../../src/transport.ts";
import { LogService } from "../gen/streams/v1/streams_pb.js";
import { caught } from "../support/caught.ts";
import { httpServer } from "../support/loopback.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { until } from "../support/until.ts";
import { streams } from "./support/streams.ts";

const line = (text: string) => `{"result":{"entry":{"text":"${text}"}}}\n`;
/** The events of the calls that end during a test. */
function callEvents(): CallEvent[] {
  const events: CallEvent[] = [];
  const listener = (event: unknown) => void events.push(event as CallEvent);
  subscribe("tracing:bytenite-jobs:call:asyncEnd", listener);
  onTestFinished(() => void unsubscribe("tracing:bytenite-jobs:call:asyncEnd", listener));
  return events;
}

const stream = { headers: { "content-type": "application/json" }, body: line("a") + line("b") };

test("a stream through interceptors that call next again is one call event, which ends with the stream", async () => {
  const events = callEvents();
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
  const events = callEvents();
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

describe("an interceptor's own form of the response keeps its properties", () => {
  class Wrapped implements StreamResponse {
    readonly stream = true;
    readonly #response: StreamResponse;
    constructor(response: StreamResponse) {
      this.#response = response;
    }
    get message() {
      return this.#response.message;
    }
    get status() {
      return this.#response.status;
    }
    get headers() {
      return this.#response.headers;
    }
    get metadata() {
      return this.#response.metadata;
    }
    get attempts() {
      return this.#response.attempts;
    }
    get history() {
      return this.#response.history;
    }
  }

  test.each<[string, (response: StreamResponse) => StreamResponse]>([
    ["an object that inherits from it", (response) => Object.create(response) as StreamResponse],
    ["a class with getters", (response) => new Wrapped(response)],
    ["a frozen copy with a property more", (response) => Object.freeze({ ...response, more: 1 })],
  ])("%s", async (_what, change) => {
    const events = callEvents();
    const server = await scriptedServer(stream);
    const changing: Interceptor = (next) => async (request) => {
      const response = await next(request);
      return response.stream ? change(response) : response;
    };
    const transport = createRestTransport({ baseUrl: server.origin, interceptors: [changing] });
    onTestFinished(() => transport.close());
    const response = await transport.stream(LogService.method.follow, [{ parent: "logs/a" }]);
    expect(response).toMatchObject({ stream: true, status: 200, attempts: 1, headers: stream.headers });
    let count = 0;
    for await (const _ of response.message) count++;
    expect(count).toBe(2);
    await until(() => events.length > 0);
    expect(events).toMatchObject([{ code: Code.OK, status: 200, attempts: 1, responseMessages: 2 }]);
  });

  test("without a call, its facts are those of the event", async () => {
    const events = callEvents();
    const message = { [Symbol.asyncIterator]: async function* () {} };
    const made = { stream: true, message, status: 203, headers: {}, attempts: 0, history: [] };
    const cached: Interceptor = () => async () => Object.create(made);
    const transport = createRestTransport({ baseUrl: "http://127.0.0.1:9", interceptors: [cached] });
    onTestFinished(() => transport.close());
    const response = await transport.stream(LogService.method.follow, [{ parent: "logs/a" }]);
    for await (const _ of response.message);
    await until(() => events.length > 0);
    expect(events).toMatchObject([{ code: Code.OK, status: 203, attempts: 0, responseMessages: 0 }]);
  });
});

test("an interceptor's iterator that fails as its reader leaves is an error in diagnostics", async () => {
  const events = callEvents();
  const server = await scriptedServer(stream);
  const failure = new RpcError({ code: Code.Internal, reason: "cleanup failed", outcome: "unknown" });
  const failing: Interceptor = (next) => async (request) => {
    const response = await next(request);
    if (!response.stream) return response;
    const messages = response.message[Symbol.asyncIterator]();
    const leave = () => Promise.reject(failure);
    const message = { [Symbol.asyncIterator]: () => ({ next: () => messages.next(), return: leave }) };
    return { ...response, message };
  };
  const transport = createRestTransport({ baseUrl: server.origin, interceptors: [failing] });
  onTestFinished(() => transport.close());
  const { message } = await transport.stream(LogService.method.follow, [{ parent: "logs/a" }]);
  const reading = (async () => {
    for await (const _ of message) break;
  })();
  expect(await caught(reading)).toMatchObject({ code: Code.Internal });
  await until(() => events.length > 0);
  expect(events).toMatchObject([{ code: Code.Internal }]);
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

test.each([{ timeoutMs: -1 }, { signal: {} as AbortSignal }])(
  "an invalid option, %j, leaves a generator of the requests unread",
  async (options) => {
    const server = await scriptedServer(stream);
    const transport = createRestTransport({ baseUrl: server.origin });
    onTestFinished(() => transport.close());
    const { follow } = LogService.method;
    const requests = (function* () {
      yield { parent: "logs/a" };
    })();
    const error = await caught(transport.stream(follow, requests, options));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(await transport.stream(follow, requests)).toMatchObject({ status: 200 });
    expect(server.seen).toHaveLength(1);
  },
);

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
