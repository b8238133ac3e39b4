// How a stream ends before its server ends it: its reader, its signal, its deadline, its transport. And backpressure. (vitest fails
// where a rejection is left unhandled.)
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { Code } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { deferred } from "../support/deferred.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";
import { Streams } from "./support/stream-service.ts";
import {
  chunkedHead,
  chunkedResponse,
  chunks,
  closed,
  LAST_CHUNK,
  rawServer,
  response,
  send,
  streams,
  titles,
} from "./support/streams.ts";

/** A stream that stays open after a message. */
async function openStream(sent = `${chunkedHead()}${chunks('{"title":"a"}\n')}`) {
  const connection = deferred<Socket>();
  const server = await rawServer((socket) => {
    socket.write(sent);
    connection.resolve(socket);
  });
  return { ...server, ...streams(server.origin), connection: connection.promise };
}

describe("the connection is freed by", () => {
  test("break", async () => {
    const { client, connection } = await openStream();
    for await (const { title } of client.watch({})) {
      expect(title).toBe("a");
      break;
    }
    await closed(await connection);
  });

  test("an error in the loop, which comes out of it", async () => {
    const { client, connection } = await openStream();
    const loop = async () => {
      for await (const _ of client.watch({})) throw new RangeError("mine");
    };
    await expect(loop()).rejects.toThrow(new RangeError("mine"));
    await closed(await connection);
  });

  test("return(), also while next() waits", async () => {
    const { client, connection } = await openStream();
    const messages = client.watch({})[Symbol.asyncIterator]();
    await messages.next();
    const waiting = messages.next();
    expect(await messages.return?.()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await messages.next()).toEqual({ done: true, value: undefined });
    await closed(await connection);
  });

  test("return() before the response begins", async () => {
    const { client, connection } = await openStream("");
    const messages = client.watch({})[Symbol.asyncIterator]();
    const waiting = messages.next();
    const socket = await connection;
    expect(await messages.return?.()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    await closed(socket);
  });

  test("a signal, at once, also while next() waits", async () => {
    const { client, connection } = await openStream();
    const controller = new AbortController();
    const messages = client.watch({}, { signal: controller.signal })[Symbol.asyncIterator]();
    await messages.next();
    const waiting = caught(messages.next());
    const why = new Error("enough");
    controller.abort(why);
    const error = await waiting;
    expect(error).toMatchObject({ code: Code.Cancelled, outcome: "unknown", status: 200, attempts: 1 });
    expect(error.cause).toBe(why);
    expect(await messages.next()).toMatchObject({ done: true });
    await closed(await connection);
  });

  test("a signal before the response begins", async () => {
    const { client, connection } = await openStream("");
    const controller = new AbortController();
    const reading = titles(client.watch({}, { signal: controller.signal }));
    const socket = await connection;
    controller.abort();
    expect((await reading).error).toMatchObject({ code: Code.Cancelled, outcome: "unknown" });
    await closed(socket);
  });

  test("transport.close(), which waits for its stream", async () => {
    const { client, transport, connection } = await openStream();
    const messages = client.watch({})[Symbol.asyncIterator]();
    await messages.next();
    const waiting = caught(messages.next());
    await transport.close();
    expect(await waiting).toMatchObject({
      code: Code.Cancelled,
      reason: "the transport was closed",
      outcome: "unknown",
    });
    await closed(await connection);
    expect((await titles(client.watch({}))).error).toMatchObject({
      code: Code.FailedPrecondition,
      outcome: "not_sent",
    });
  });
});

test("a signal that has fired sends nothing", async () => {
  const { client, heads } = await openStream();
  expect((await titles(client.watch({}, { signal: AbortSignal.abort() }))).error).toMatchObject({
    code: Code.Cancelled,
    outcome: "not_sent",
  });
  expect(heads).toHaveLength(0);
});

test("the deadline of a signal is a deadline", async () => {
  const { client } = await openStream();
  const signal = AbortSignal.any([AbortSignal.timeout(1)]);
  expect((await titles(client.watch({}, { signal }))).error).toMatchObject({ code: Code.DeadlineExceeded });
});

describe("after the body has come whole, with messages unread,", () => {
  const readOne = async () => {
    const server = await rawServer(send(chunkedResponse('{"title":"a"}\n{"title":"b"}\n', undefined, 14)));
    const { client, transport } = streams(server.origin);
    const controller = new AbortController();
    const messages = client.watch({}, { signal: controller.signal })[Symbol.asyncIterator]();
    await messages.next();
    return { messages, controller, transport };
  };

  test("a signal ends the stream", async () => {
    const { messages, controller } = await readOne();
    controller.abort();
    expect(await caught(messages.next())).toMatchObject({ code: Code.Cancelled });
  });

  test("transport.close() ends the stream", async () => {
    const { messages, transport } = await readOne();
    await transport.close();
    expect(await caught(messages.next())).toMatchObject({ code: Code.Cancelled });
  });
});

test("a stream that nobody reads ends with its transport, and its error is nobody's", async () => {
  const { client, transport, connection } = await openStream();
  client.watch({});
  const socket = await connection;
  await transport.close();
  await closed(socket);
});

test("a stream whose connection was lost, and that nobody reads, does not hold up transport.close()", async () => {
  const server = await rawServer((socket) => void socket.end(chunkedHead()));
  const { client, transport } = streams(server.origin);
  client.watch({});
  const opened = await transport.stream(Streams.method.watch, [{}]);
  await until(() => server.sockets.size === 0);
  await transport.close();
  expect((await titles(opened.message)).error).toMatchObject({ code: Code.Cancelled });
});

test("a reader that leaves during the wait for a retry sends nothing more", async () => {
  const server = await rawServer((socket) => void socket.end(chunkedHead()));
  const waits = deferred();
  const { transport } = streams(server.origin, {
    retry: { initialBackoffMs: 5, onRetry: () => waits.resolve() },
  });
  const { message } = await transport.stream(Streams.method.watch, [{}]);
  const messages = message[Symbol.asyncIterator]();
  const waiting = messages.next();
  await waits.promise;
  await messages.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
  // Longer than the wait: another call of the same transport.
  expect((await titles((await transport.stream(Streams.method.start, [{}])).message)).error?.attempts).toBe(
    1,
  );
  await transport.close();
  expect(server.heads.filter((head) => head.startsWith("GET"))).toHaveLength(1);
});

describe("a deadline", () => {
  test("is not the transport's", async () => {
    const advance = stopClock();
    const { client, connection } = await openStream();
    const messages = client.watch({})[Symbol.asyncIterator]();
    await messages.next();
    await advance(3_600_000);
    (await connection).end(chunks('{"title":"b"}') + LAST_CHUNK);
    expect(await messages.next()).toMatchObject({ value: { title: "b" } });
    expect(await messages.next()).toMatchObject({ done: true });
  });

  test("of the call covers it whole, and is sent to the server", async () => {
    const advance = stopClock();
    const { client, connection, heads } = await openStream();
    const messages = client.watch({}, { timeoutMs: 60_000 })[Symbol.asyncIterator]();
    await messages.next();
    expect(heads[0]).toMatch(/^grpc-timeout: 60S|^grpc-timeout: 60000m/im);
    const waiting = caught(messages.next());
    await advance(60_000);
    expect(await waiting).toMatchObject({ code: Code.DeadlineExceeded, outcome: "unknown", status: 200 });
    await closed(await connection);
  });
});

test("a reader that does not read holds the server back", async () => {
  const line = chunks(`{"result":{"title":"${"x".repeat(1_000)}"}}\n`);
  const many = Buffer.concat(Array.from({ length: 64 }, () => line));
  const full = deferred<number>();
  let count = 0;
  const server = await rawServer((socket) => {
    socket.write(chunkedHead());
    // Writes until the client takes no more: then no write is called back.
    const write = () => {
      if (count === 2_000) return full.resolve(count);
      count++;
      socket.write(many, write);
    };
    write();
  });
  const { client } = streams(server.origin);
  const messages = client.watch({})[Symbol.asyncIterator]();
  await messages.next();
  let before = -1;
  while (before !== count) {
    before = count;
    for (let i = 0; i < 200; i++) await new Promise(setImmediate);
  }
  // 128 MB in all; the buffers of the sockets take a few.
  expect(count * many.length).toBeLessThan(30 * 2 ** 20);
  // Once it reads, the server writes on.
  const stalledAt = count;
  while (count === stalledAt) await messages.next();
  await messages.return?.();
});

test("a connection that served a stream to its end serves the next one", async () => {
  const server = await rawServer(
    send(chunkedResponse('{"title":"a"}\n')),
    send(response(200, '{"title":"b"}')),
  );
  const { client } = streams(server.origin);
  expect(await titles(client.watch({}))).toEqual({ titles: ["a"] });
  await new Promise(setImmediate);
  expect(await titles(client.watch({}))).toEqual({ titles: ["b"] });
  expect(server.sockets.size).toBe(1);
});
