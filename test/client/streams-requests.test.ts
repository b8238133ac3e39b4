// Streams of requests: what is sent, how it ends, and both ways at once over HTTP/2.
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import fc from "fast-check";
import { H2CClient } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code, type RpcError } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { deferred } from "../support/deferred.ts";
import { httpServer } from "../support/loopback.ts";
import { until } from "../support/until.ts";
import { Streams } from "./support/stream-service.ts";
import {
  chunkedHead,
  chunks,
  closed,
  LAST_CHUNK,
  rawServer,
  response,
  streams,
  titles,
} from "./support/streams.ts";

type Title = { readonly title: string };

/** A server that answers a whole request with its body as the title. */
async function bodyServer() {
  const server = await httpServer(async (request, res) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    res.setHeader("content-type", "application/json");
    res.end(JSON.stringify({ title: body }));
  });
  return { ...server, ...streams(server.origin) };
}

/** Requests without an end, of which each waits for `next`. They count what became of them. */
function endless() {
  const state = { given: 0, returned: 0, wake: (): void => undefined };
  const requests = {
    [Symbol.asyncIterator]: () => requests,
    next: async () => {
      if (state.given > 0) {
        await new Promise<void>((resolve) => {
          state.wake = resolve;
        });
      }
      return { done: false as const, value: { title: `request ${state.given++}` } };
    },
    return: async () => {
      state.returned++;
      return { done: true as const, value: undefined };
    },
  };
  return { state, requests };
}

describe("the requests are lines of JSON, from", () => {
  const two: readonly Title[] = [{ title: "a" }, { title: "b\n" }];
  const kinds: [what: string, make: () => Iterable<Title> | AsyncIterable<Title>][] = [
    ["an array", () => two],
    ["a set", () => new Set(two)],
    [
      "a generator",
      () =>
        (function* () {
          yield* two;
        })(),
    ],
    [
      "an async generator",
      () =>
        (async function* () {
          yield* two;
        })(),
    ],
    ["a ReadableStream", () => ReadableStream.from(two) as unknown as AsyncIterable<Title>],
    ["promises", () => two.map((each) => Promise.resolve(each)) as unknown as Iterable<Title>],
  ];
  test.each(kinds)("%s", async (_what, make) => {
    const { client } = await bodyServer();
    expect((await client.collect(make())).title).toBe('{"title":"a"}\n{"title":"b\\n"}\n');
  });

  test("nothing", async () => {
    const { client } = await bodyServer();
    expect((await client.collect([])).title).toBe("");
  });

  test("any messages", async () => {
    const { client } = await bodyServer();
    const message = fc.record({
      title: fc.string({ unit: "grapheme" }),
      isbn: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 5 }), async (messages) => {
        const lines = (await client.collect(messages)).title.split("\n");
        expect(lines.pop()).toBe("");
        const sent = lines.map((line) => JSON.parse(line) as { title?: string; isbn?: string });
        expect(sent.map(({ title = "", isbn = "0" }) => ({ title, isbn: BigInt(isbn) }))).toEqual(messages);
      }),
      { numRuns: 30 },
    );
  });
});

test("what cannot be iterated is refused before anything is sent", async () => {
  const server = await rawServer(() => undefined);
  const { transport, client } = streams(server.origin);
  for (const input of [undefined, null, 7, "text", {}, { title: "a" }, () => []]) {
    const error = await caught(client.collect(input as never));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect((await titles(client.echo(input as never))).error).toMatchObject({ code: Code.InvalidArgument });
    expect(await caught(transport.stream(Streams.method.watch, input as never))).toMatchObject({
      outcome: "not_sent",
    });
  }
  expect(server.heads).toEqual([]);
});

test.each([0, 2])("a method with one request does not take %i", async (count) => {
  const server = await rawServer(() => undefined);
  const { transport } = streams(server.origin);
  let returned = 0;
  const requests = (function* () {
    try {
      for (let i = 0; i < count; i++) yield { title: "a" };
    } finally {
      returned++;
    }
  })();
  expect(await caught(transport.stream(Streams.method.start, requests))).toMatchObject({
    code: Code.InvalidArgument,
    outcome: "not_sent",
  });
  expect(returned).toBe(1);
  expect(server.heads).toEqual([]);
  await transport.close();
});

const openCalls = {
  collect: (client: ReturnType<typeof streams>["client"], requests: AsyncIterable<Title> | Iterable<Title>) =>
    caught(client.collect(requests)),
  echo: async (
    client: ReturnType<typeof streams>["client"],
    requests: AsyncIterable<Title> | Iterable<Title>,
  ) => (await titles(client.echo(requests))).error as RpcError,
};

describe.each(Object.entries(openCalls))("%s", (_name, call) => {
  /** What a server got of a call that failed, when its connection has closed. */
  const gotOf = async (requests: AsyncIterable<Title> | Iterable<Title>) => {
    const connection = deferred<Socket>();
    const server = await rawServer(connection.resolve);
    const { client } = streams(server.origin);
    const error = await call(client, requests);
    const socket = await connection.promise;
    await closed(socket);
    return { error, body: server.bodyOf(socket) };
  };

  test("requests that throw end the call with their error, and the server sees no clean end", async () => {
    const thrown = new RangeError("no more");
    const { error, body } = await gotOf(
      (async function* () {
        yield { title: "a" };
        // A request is sent before the next one is taken.
        await new Promise(setImmediate);
        throw thrown;
      })(),
    );
    expect(error).toMatchObject({ code: Code.Unknown, outcome: "unknown", cause: thrown, attempts: 1 });
    expect(error.reason).toContain("no more");
    expect(body).toContain('{"title":"a"}');
    expect(body).not.toContain(LAST_CHUNK);
  });

  test("an invalid request ends the call, the requests and the connection", async () => {
    let returned = false;
    const { error, body } = await gotOf(
      (function* () {
        try {
          yield { title: "a" };
          yield { titel: "b" } as never;
        } finally {
          returned = true;
        }
      })(),
    );
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "unknown" });
    expect(error.reason).toContain("titel");
    expect(returned).toBe(true);
    expect(body).not.toContain(LAST_CHUNK);
  });

  test("a signal ends the requests, and the server sees no clean end", async () => {
    const { state, requests } = endless();
    const connection = deferred<Socket>();
    const server = await rawServer(connection.resolve);
    const { client } = streams(server.origin);
    const controller = new AbortController();
    const method = call === openCalls.collect ? "collect" : "echo";
    const failed =
      method === "collect"
        ? caught(client.collect(requests, { signal: controller.signal }))
        : titles(client.echo(requests, { signal: controller.signal })).then(({ error }) => error);
    const socket = await connection.promise;
    await until(() => server.bodyOf(socket).includes("request 0"));
    controller.abort();
    expect(await failed).toMatchObject({ code: Code.Cancelled, outcome: "unknown" });
    await closed(socket);
    expect(server.bodyOf(socket)).not.toContain(LAST_CHUNK);
    expect(state.returned).toBe(1);
  });

  test.each([
    ["closed", "", Code.Unavailable],
    ["answered with an error", response(429, '{"code":8,"message":"full"}'), Code.ResourceExhausted],
  ])("requests without an end are returned when the server has %s", async (_what, sent, code) => {
    const { state, requests } = endless();
    const server = await rawServer((socket) => void socket.end(sent));
    const { client, transport } = streams(server.origin);
    expect(await call(client, requests)).toMatchObject({ code, outcome: "unknown", attempts: 1 });
    expect(state.returned).toBe(1);
    await transport.close();
  });
});

test("a server that has answered a call before its requests end completes it, and they are returned", async () => {
  const { state, requests } = endless();
  const server = await rawServer((socket) => void socket.write(response(200, '{"title":"enough"}')));
  const { client } = streams(server.origin);
  expect(await client.collect(requests)).toMatchObject({ title: "enough" });
  expect(state.returned).toBe(1);
  expect(await titles(client.echo(endless().requests))).toEqual({ titles: ["enough"] });
});

test("the requests of an invalid call are returned untouched", async () => {
  const { client } = streams("http://127.0.0.1:9");
  for (const open of [openCalls.collect, openCalls.echo]) {
    const { state, requests } = endless();
    await open(
      {
        ...client,
        collect: (r) => client.collect(r, { timeoutMs: -1 }),
        echo: (r) => client.echo(r, { timeoutMs: -1 }),
      },
      requests,
    );
    expect(state).toMatchObject({ given: 0, returned: 1 });
  }
});

test("a server that does not read holds the requests back", async () => {
  const connection = deferred<Socket>();
  const server = await rawServer((socket) => {
    socket.pause();
    connection.resolve(socket);
  });
  let given = 0;
  const requests = (function* () {
    const title = "x".repeat(65_536);
    for (; given < 2_000; given++) yield { title };
  })();
  const controller = new AbortController();
  const failed = caught(streams(server.origin).client.collect(requests, { signal: controller.signal }));
  await connection.promise;
  let before = -1;
  while (before !== given) {
    before = given;
    for (let i = 0; i < 200; i++) await new Promise(setImmediate);
  }
  expect(given).toBeLessThan(500);
  controller.abort();
  expect(await failed).toMatchObject({ code: Code.Cancelled });
});

describe("over HTTP/2", () => {
  async function http2(onStream: (stream: ServerHttp2Stream) => void) {
    const server = createServer();
    server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      onStream(stream);
    });
    server.on("session", (session) => onTestFinished(() => session.destroy()));
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const dispatcher = new H2CClient(origin);
    onTestFinished(() => dispatcher.destroy());
    return streams(origin, { dispatcher });
  }
  const head = { ":status": 200, "content-type": "application/json" };

  test("messages go both ways at once", async () => {
    const { client } = await http2(async (stream) => {
      stream.respond(head);
      for await (const chunk of stream) stream.write(`{"result":${String(chunk).trim()}}\n`);
      stream.end();
    });
    const answers: ((title: string) => void)[] = [];
    const answered = Array.from({ length: 4 }, () => deferred<string>());
    for (const { resolve } of answered) answers.push(resolve);
    async function* requests() {
      // Each request is given when the response to the one before has come.
      for (let i = 0; i < 3; i++) {
        yield { title: `message ${i}` };
        await answered[i]?.promise;
      }
    }
    const got: string[] = [];
    for await (const { title } of client.echo(requests())) {
      answers[got.push(title) - 1]?.(title);
    }
    expect(got).toEqual(["message 0", "message 1", "message 2"]);
  });

  test("a server that ends early ends the call as it says, and returns the requests", async () => {
    const bodies = [
      '{"result":{"title":"a"}}\n',
      '{"result":{"title":"a"}}\n{"error":{"code":9,"message":"no"}}\n',
    ];
    const { client } = await http2((stream) => {
      stream.respond(head);
      stream.end(bodies.shift());
    });
    const first = endless();
    expect(await titles(client.echo(first.requests))).toEqual({ titles: ["a"] });
    const second = endless();
    expect(await titles(client.echo(second.requests))).toMatchObject({
      titles: ["a"],
      error: { code: Code.FailedPrecondition, reason: "no" },
    });
    expect([first.state.returned, second.state.returned]).toEqual([1, 1]);
  });

  test("leaving the loop closes the stream and returns the requests", async () => {
    const isClosed = deferred();
    const { client } = await http2((stream) => {
      stream.on("close", isClosed.resolve);
      stream.respond(head);
      stream.write('{"title":"a"}\n');
    });
    const { state, requests } = endless();
    for await (const _ of client.echo(requests)) break;
    await isClosed.promise;
    expect(state.returned).toBe(1);
  });

  test("a call that is cancelled does not show the requests so far as all of them", async () => {
    let body = "";
    const isClosed = deferred();
    const { client } = await http2((stream) => {
      stream.on("data", (data) => {
        body += data;
      });
      stream.on("close", isClosed.resolve);
    });
    const controller = new AbortController();
    const failed = caught(client.collect(endless().requests, { signal: controller.signal }));
    await until(() => body.includes("request 0"));
    controller.abort();
    expect(await failed).toMatchObject({ code: Code.Cancelled, outcome: "unknown" });
    await isClosed.promise;
    // undici ends the stream cleanly before it resets it, so only a message that is cut shows that there was more.
    expect(body).toBe('{"title":"request 0"}\n{');
  });

  test("requests that throw at once end the call", async () => {
    const { client } = await http2(() => undefined);
    const requests = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new RangeError("at once")) }),
    };
    expect(await caught(client.collect(requests))).toMatchObject({ code: Code.Unknown, outcome: "unknown" });
  });

  test("a reset in the midst is an error", async () => {
    const { client } = await http2((stream) => {
      stream.respond(head);
      stream.write('{"title":"a"}\n', () => stream.destroy(new Error("broken")));
    });
    const { error } = await titles(client.start({}));
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "unknown", status: 200 });
  });
});

test("over HTTP/1.1, the responses may come while the requests go on, where the server does that", async () => {
  const server = await rawServer((socket) => void socket.write(chunkedHead() + chunks('{"title":"a"}\n')));
  const { client } = streams(server.origin);
  const { state, requests } = endless();
  const responses = client.echo(requests)[Symbol.asyncIterator]();
  expect(await responses.next()).toMatchObject({ value: { title: "a" } });
  state.wake();
  const [socket] = server.sockets;
  await until(() => server.bodyOf(socket as Socket).includes("request 1"));
  await responses.return?.();
  await closed(socket as Socket);
  expect(server.bodyOf(socket as Socket)).not.toContain(LAST_CHUNK);
  expect(state.returned).toBe(1);
});
