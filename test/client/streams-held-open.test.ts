import { describe, expect, onTestFinished, test } from "vitest";
import { BookSchema } from "../../examples/gen/library/v1/library_pb.js";
import { Code, createRestTransport, type Interceptor } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { deferred } from "../support/deferred.ts";
import { httpServer } from "../support/loopback.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { httpRule, methodWith } from "../transcoding/support/rule-method.ts";
import { Streams } from "./support/stream-service.ts";
import { streams } from "./support/streams.ts";

const collect = methodWith(httpRule("POST /v1 body:*"), BookSchema, BookSchema, { clientStreaming: true });
const list = methodWith(httpRule("GET /v1"), BookSchema, BookSchema, { serverStreaming: true });

/** Requests that never end. They are no generator, whose return() would wait for its next message. */
function endless(onReturn = () => {}): AsyncIterable<{ title: string }> {
  let isFirst = true;
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        if (!isFirst) return new Promise(() => undefined);
        isFirst = false;
        return Promise.resolve({ done: false, value: { title: "first" } });
      },
      return: async () => {
        onReturn();
        return { done: true, value: undefined };
      },
    }),
  };
}

test("the deadline, the signal and close() apply while the only request is still to come", async () => {
  const transport = createRestTransport({ baseUrl: "http://127.0.0.1:1" });
  onTestFinished(() => transport.close());
  let returned = 0;
  const open = (options: { timeoutMs?: number; signal?: AbortSignal }) => {
    const requests = endless(() => returned++);
    return caught(transport.stream(list as never, requests, options));
  };
  expect(await open({ timeoutMs: 20 })).toMatchObject({ code: Code.DeadlineExceeded, outcome: "not_sent" });
  const signal = AbortSignal.timeout(20);
  expect(await open({ signal })).toMatchObject({ code: Code.DeadlineExceeded, cause: signal.reason });
  const open3 = open({});
  await transport.close();
  expect(await open3).toMatchObject({ code: Code.Cancelled, reason: "the transport was closed" });
  expect(returned).toBe(3);
});

test.each(["a header", "an interceptor"])("close() ends a call that still waits for %s", async (what) => {
  const { origin } = await scriptedServer("hang");
  const isAsked = deferred<void>();
  const answer = deferred<void>();
  const wait = async () => {
    isAsked.resolve();
    await answer.promise;
    return "value";
  };
  const waiting: Interceptor = (next) => async (request) => {
    await wait();
    return next(request);
  };
  const transport = createRestTransport({
    baseUrl: origin,
    ...(what === "a header" ? { headers: { "x-value": wait } } : { interceptors: [waiting] }),
  });
  const calls = [transport.stream(collect as never, endless()), transport.stream(list as never, [{}])].map(
    (call) => caught(call),
  );
  await isAsked.promise;
  const closed = transport.close();
  if (what === "an interceptor") answer.resolve();
  await closed;
  for (const call of calls) expect(await call).toMatchObject({ code: Code.Cancelled, outcome: "not_sent" });
});

describe.each(["a client", "a transport"])("return() of the responses of %s", (what) => {
  test.each(["waits", "was not begun"])("ends a stream whose interceptor's generator %s", async (state) => {
    const isFreed = deferred<void>();
    const isOpen = deferred<void>();
    const { origin } = await httpServer((_req, res) => {
      res.on("close", () => isFreed.resolve());
      res.writeHead(200, { "content-type": "application/json" });
      res.write('{"result":{"title":"first"}}\n');
    });
    async function* passedOn<T>(messages: AsyncIterable<T>) {
      yield* messages;
    }
    const passing: Interceptor = (next) => async (request) => {
      const response = await next(request);
      if (!response.stream) return response;
      isOpen.resolve();
      return { ...response, message: passedOn(response.message) };
    };
    const { client, transport } = streams(origin, { interceptors: [passing] });
    const responses =
      what === "a client" ? client.watch({}) : (await transport.stream(Streams.method.watch, [{}])).message;
    const books = responses[Symbol.asyncIterator]();
    let waiting: Promise<unknown> | undefined;
    if (state === "waits") {
      await books.next();
      waiting = books.next();
    }
    await isOpen.promise;
    await new Promise(setImmediate);
    await books.return?.();
    await isFreed.promise;
    const done = { done: true, value: undefined };
    if (waiting !== undefined) expect(await waiting).toEqual(done);
    expect(await books.next()).toEqual(done);
  });
});
