// What interceptors, onResponse and diagnostics see of streams.
import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import { create } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { BookSchema } from "../../examples/gen/library/v1/library_pb.js";
import type { AttemptEvent, CallEvent } from "../../src/index.ts";
import { Code, type Interceptor, type StreamRequest, type StreamResponse } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { httpServer } from "../support/loopback.ts";
import {
  chunkedHead,
  chunkedResponse,
  chunks,
  rawServer,
  response,
  send,
  streams,
  titles,
} from "./support/streams.ts";

type Books = StreamResponse<typeof BookSchema>["message"];

/** Changes the titles of a stream of books. */
async function* changed(books: Books, change: (title: string) => string) {
  for await (const book of books) yield { ...book, title: change(book.title) };
}

const upperCase: Interceptor = (next) => async (request) => {
  if (request.stream !== true) return next(request);
  const message = changed(request.message as Books, (title) => `${title}?`);
  const response = (await next({ ...request, message } as StreamRequest)) as StreamResponse;
  return {
    ...response,
    message: changed(response.message as Books, (title) => title.toUpperCase()),
  } as StreamResponse;
};

/** Sends each line of the request back. */
function echo() {
  return httpServer(async (request, res) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    res.setHeader("content-type", "application/json");
    res.end(request.url === "/collect" ? JSON.stringify({ title: body }) : body);
  });
}

describe("interceptors", () => {
  test("see and change the messages of every kind of stream", async () => {
    const server = await echo();
    const { client } = streams(server.origin, { interceptors: [upperCase] });
    expect(await titles(client.echo([{ title: "a" }, { title: "b" }]))).toMatchObject({
      titles: ["A?", "B?"],
    });
    expect(await titles(client.start({ title: "c" }))).toMatchObject({ titles: ["C?"] });
    expect((await client.collect([{ title: "d" }])).title).toBe('{"TITLE":"D?"}\n');
  });

  test("free the connection, whoever leaves", async () => {
    const server = await rawServer(send(chunkedHead() + chunks('{"title":"a"}\n')));
    const { client } = streams(server.origin, { interceptors: [upperCase, upperCase] });
    for await (const _ of client.watch({})) break;
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test("that make no response, or no iterable request, have an error that says so", async () => {
    const wrong: Interceptor[] = [
      () => async () => undefined as never,
      (next) => async (request) => ({ ...(await next(request)), message: create(BookSchema) }) as never,
      (next) => (request) => next({ ...request, message: {} } as never),
    ];
    const server = await echo();
    for (const interceptor of wrong) {
      const { client, transport } = streams(server.origin, { interceptors: [interceptor] });
      expect((await titles(client.echo([{ title: "a" }]))).error?.code).toBeOneOf([
        Code.Internal,
        Code.InvalidArgument,
      ]);
      await caught(client.collect([]));
      await transport.close();
    }
  });
});

test("an interceptor may give the requests in any form, and they are validated", async () => {
  const server = await echo();
  const withRequests =
    (message: unknown): Interceptor =>
    (next) =>
    (request) =>
      next({ ...request, message } as never);
  const good = streams(server.origin, { interceptors: [withRequests([{ title: "a" }])] }).client;
  expect(await titles(good.echo([]))).toMatchObject({ titles: ["a"] });
  const bad = streams(server.origin, { interceptors: [withRequests([{ titel: "a" }])] }).client;
  expect((await titles(bad.echo([]))).error).toMatchObject({
    code: Code.InvalidArgument,
    outcome: "unknown",
  });
});

test("onResponse is called when the response begins, and for an error", async () => {
  const server = await rawServer(
    send(
      `HTTP/1.1 200 OK\r\ngrpc-metadata-a: 1\r\n${chunkedResponse('{"title":"a"}').toString().split("\r\n").slice(1).join("\r\n")}`,
    ),
    send(response(404, "")),
  );
  const { client } = streams(server.origin);
  const seen: unknown[] = [];
  const onResponse = ({ status, metadata }: { status: number; metadata: unknown }) =>
    void seen.push([status, metadata]);
  await titles(client.watch({}, { onResponse }));
  await titles(client.watch({}, { onResponse }));
  expect(seen).toEqual([
    [200, { a: ["1"] }],
    [404, {}],
  ]);
});

/** Collects the ends of a channel's events until the test ends. */
function ends<Event extends object>(name: string): Event[] {
  const channel: TracingChannel<unknown, Event> = tracingChannel(name);
  const seen: Event[] = [];
  const subscribers = { asyncEnd: (event: Event) => void seen.push({ ...event }) };
  channel.subscribe(subscribers as never);
  onTestFinished(() => void channel.unsubscribe(subscribers as never));
  return seen;
}

const thrice = (next: Parameters<Interceptor>[0]) => next;

describe.each([
  ["without interceptors", []],
  ["with interceptors", [thrice, upperCase]],
] as [string, Interceptor[]][])("diagnostics %s: a stream is one call,", (_what, interceptors) => {
  const settings = { interceptors, retry: { initialBackoffMs: 1 } };
  const two = '{"title":"a"}\n{"title":"b"}\n';

  test("that ends with its stream, and counts its messages", async () => {
    const calls = ends<CallEvent>("bytenite-jobs:call");
    const attempts = ends<AttemptEvent>("bytenite-jobs:attempt");
    const server = await rawServer((socket) => void socket.end(chunkedHead()), send(chunkedResponse(two)));
    const { client } = streams(server.origin, settings);
    const messages = client.watch({})[Symbol.asyncIterator]();
    await messages.next();
    expect(calls).toEqual([]);
    await messages.next();
    expect(await messages.next()).toMatchObject({ done: true });
    await expect.poll(() => calls).toHaveLength(1);
    expect(calls).toMatchObject([
      {
        method: "example.Streams/Watch",
        code: Code.OK,
        status: 200,
        attempts: 2,
        history: [{ code: Code.Unavailable }, { code: Code.OK }],
        requestMessages: 1,
        responseMessages: 2,
      },
    ]);
    expect(attempts).toMatchObject([
      { attempt: 1, code: Code.Unavailable, outcome: "unknown" },
      { attempt: 2, code: Code.OK, responseBytes: two.length, requestEncoding: "json" },
    ]);
  });

  test("with the error in its midst", async () => {
    const calls = ends<CallEvent>("bytenite-jobs:call");
    const attempts = ends<AttemptEvent>("bytenite-jobs:attempt");
    const server = await rawServer(send(chunkedResponse(`${two}{"error":{"code":5,"message":"gone"}}`)));
    const { error } = await titles(streams(server.origin, settings).client.watch({}));
    await expect.poll(() => calls).toHaveLength(1);
    expect(calls).toMatchObject([
      { code: Code.NotFound, outcome: "unknown", attempts: 1, responseMessages: 2 },
    ]);
    expect(calls[0]?.error).toBe(error);
    expect(attempts).toMatchObject([{ code: Code.NotFound, error: { reason: "gone" } }]);
  });

  test("that its reader left", async () => {
    const calls = ends<CallEvent>("bytenite-jobs:call");
    const attempts = ends<AttemptEvent>("bytenite-jobs:attempt");
    const server = await rawServer(send(chunkedHead() + chunks(two)));
    for await (const _ of streams(server.origin, settings).client.watch({})) break;
    await expect.poll(() => calls).toHaveLength(1);
    expect(calls).toMatchObject([{ code: Code.OK, attempts: 1, responseMessages: 1 }]);
    expect(attempts).toMatchObject([{ code: Code.OK, responseBytes: undefined }]);
  });

  test("that fails before its response, or is invalid", async () => {
    const calls = ends<CallEvent>("bytenite-jobs:call");
    const server = await rawServer(send(response(404, "")));
    const { client } = streams(server.origin, settings);
    await titles(client.watch({}));
    await titles(client.watch({}, { timeoutMs: -1 }));
    await expect.poll(() => calls).toHaveLength(2);
    expect(calls).toMatchObject([
      { code: Code.NotFound, status: 404, attempts: 1 },
      { code: Code.InvalidArgument, outcome: "not_sent", attempts: 0 },
    ]);
  });

  test("of several requests", async () => {
    const calls = ends<CallEvent>("bytenite-jobs:call");
    const { origin } = await echo();
    const { client } = streams(origin, settings);
    await titles(client.echo([{ title: "a" }, {}, {}]));
    await client.collect([{ title: "a" }, {}]);
    await expect.poll(() => calls).toHaveLength(2);
    expect(calls).toMatchObject([
      { requestMessages: 3, responseMessages: 3, code: Code.OK },
      { requestMessages: 2, responseMessages: 1, code: Code.OK },
    ]);
  });
});
