import { once } from "node:events";
import { connect } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, expectTypeOf, test } from "vitest";
import { type Book, GetBookRequestSchema } from "../../examples/gen/library/v1/library_pb.js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { Code, createMemoryServer, StatusError, startServer } from "../../src/testing/index.ts";
import { deferred } from "../support/deferred.ts";
import { until } from "../support/until.ts";
import { call, get, openStreams, peers, Reader, titles } from "./stream-peers.ts";
import { StreamsService } from "./streams-service.ts";

const JSON_TYPE = "application/json";
const PB = "application/x-protobuf";
const WATCH = "/v1/shelves/1/books/2:watch";
const COLLECT = "/v1/books:collect";
const ECHO = "/v1/books:echo";
const short = { emitUnpopulated: false };

describe.each(peers)("over %s, a stream of responses", (peer) => {
  test("is one line a message, with the handler's headers and metadata", async () => {
    const server = await openStreams(
      peer,
      {
        async *watch({ name }, context) {
          context.setHeader("x-a", "b");
          context.addMetadata("trace", "t-1");
          context.addTrailer("lost", "as in a gateway");
          yield { title: name };
          yield { title: "é\n" };
        },
      },
      short,
    );
    const { statusCode, headers, body, trailers } = await call(server, WATCH, {
      headers: { te: "trailers" },
    });
    expect(await body.text()).toBe('{"result":{"title":"shelves/1/books/2"}}\n{"result":{"title":"é\\n"}}\n');
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      "content-type": JSON_TYPE,
      "x-a": "b",
      "grpc-metadata-trace": "t-1",
      "grpc-metadata-content-type": "application/grpc",
    });
    expect(headers["content-length"]).toBeUndefined();
    if (peer !== "HTTP/2") expect(headers["transfer-encoding"]).toBe("chunked");
    expect(trailers).toEqual({});
    expect(server.requests).toMatchObject([
      { rpc: "test.Streams/Watch", status: 200, requestMessages: undefined, responseMessages: 2 },
    ]);
    expect(Buffer.from(server.requests[0]?.responseBytes ?? []).toString()).toContain("é\\n");
  });

  test("comes message by message", async () => {
    const gates = [deferred(), deferred()];
    const server = await openStreams(peer, {
      async *watch() {
        yield { title: "0" };
        await gates[0]?.promise;
        yield { title: "1" };
        await gates[1]?.promise;
      },
    });
    const reader = new Reader((await call(server, WATCH)).body);
    expect(titles((await reader.lines(1)).join("\n"))).toEqual(["0"]);
    expect(server.requests[0]?.responseMessages).toBe(1);
    gates[0]?.resolve();
    expect(titles((await reader.lines(2)).join("\n"))).toEqual(["0", "1"]);
    gates[1]?.resolve();
    expect(titles(await reader.rest())).toEqual(["0", "1"]);
  });

  test("has its request in a body, also in binary if JSON is asked for by the gateway's name for it", async () => {
    const server = await openStreams(peer, {
      async *watch({ name }) {
        yield { title: name };
      },
    });
    const body = toBinary(GetBookRequestSchema, create(GetBookRequestSchema, { name: "n" }));
    const headers = { "content-type": PB, accept: "*" };
    expect(titles((await get(server, "/v1/books:watch", { body, headers })).text)).toEqual(["n"]);
    const json = await get(server, "/v1/books:watch", { body: '{"name":"m"}' });
    expect(titles(json.text)).toEqual(["m"]);
  });

  test("in binary is a 500 without a body", async () => {
    const server = await openStreams(peer, {
      async *watch() {
        yield {};
      },
    });
    const headers = { "content-type": PB, accept: JSON_TYPE };
    const got = await get(server, "/v1/books:watch", { body: "", headers });
    expect(got).toEqual({ status: 500, type: PB, text: "", end: "complete" });
  });

  test("that has no message has no content type", async () => {
    const server = await openStreams(peer, { async *watch() {} });
    expect(await get(server, WATCH)).toEqual({ status: 200, type: undefined, text: "", end: "complete" });
    expect(server.requests[0]?.responseMessages).toBe(0);
  });

  test("that fails in the midst ends with an error, and with status 200", async () => {
    const thrown = new TypeError("a bug");
    const server = await openStreams(
      peer,
      {
        async *watch({ name }) {
          yield { title: "0" };
          if (name.endsWith("bug")) throw thrown;
          const detail = create(ErrorInfoSchema, { reason: "R" });
          throw new StatusError(Code.NotFound, "gone", { details: [detail] });
        },
      },
      short,
    );
    expect(await get(server, WATCH)).toEqual({
      status: 200,
      type: JSON_TYPE,
      text: `{"result":{"title":"0"}}\n{"error":{"code":5,"message":"gone","details":[{"reason":"R","@type":"type.googleapis.com/google.rpc.ErrorInfo"}]}}\n`,
      end: "complete",
    });
    const { text } = await get(server, "/v1/shelves/1/books/bug:watch");
    expect(text).toBe('{"result":{"title":"0"}}\n{"error":{"code":2,"message":"the handler failed"}}\n');
    expect(server.requests.map((each) => each.thrown)).toEqual([undefined, thrown]);
  });

  test.each([
    [Code.NotFound, 404],
    [Code.Unavailable, 503],
  ])("that fails before its first message with code %i has status %i", async (code, status) => {
    const server = await openStreams(peer, {
      // biome-ignore lint/correctness/useYield: it fails before
      async *watch(_request, context) {
        context.setHeader("x-a", "b");
        throw new StatusError(code, "no", { headers: { "retry-after": "7" } });
      },
    });
    const { statusCode, headers, body } = await call(server, WATCH);
    expect(statusCode).toBe(status);
    expect(headers).toMatchObject({ "content-type": JSON_TYPE, "x-a": "b", "retry-after": "7" });
    expect(await body.text()).toBe(`{"error":{"code":${code},"message":"no","details":[]}}\n`);
  });

  test("that fails with a detail of an unknown type says nothing", async () => {
    const server = await openStreams(peer, {
      async *watch() {
        yield { title: "0" };
        throw new StatusError(Code.NotFound, "gone", { details: [create(StringValueSchema)] });
      },
    });
    const got = await get(server, WATCH);
    expect(titles(got.text)).toEqual(["0"]);
    expect(got).toMatchObject({ status: 200, end: "complete" });
    expect(got.text).not.toContain("error");
  });

  test("is not begun where the gateway itself refuses the request", async () => {
    const server = await openStreams(peer, {});
    const got = await get(server, WATCH, { headers: { "grpc-timeout": "soon" } });
    expect(got).toMatchObject({ status: 400, text: expect.stringMatching(/^\{"code":3,/) });
    expect(await get(server, WATCH)).toMatchObject({
      status: 501,
      text: '{"error":{"code":12,"message":"test.Streams/Watch is not implemented","details":[]}}\n',
    });
  });

  test("is one field, or raw bytes", async () => {
    const server = await openStreams(peer, {
      async *titles() {
        yield { title: "a" };
        yield {};
      },
      async *download() {
        yield { contentType: "text/csv", data: Buffer.from("a,b") };
        yield { contentType: "ignored", data: Buffer.from("c") };
      },
    });
    expect((await get(server, "/v1/titles")).text).toBe('{"result":"a"}\n{"result":""}\n');
    const raw = { status: 200, text: "a,b\nc\n", end: "complete" };
    expect(await get(server, "/v1/download")).toEqual({ ...raw, type: "text/csv" });
    expect(await get(server, "/v1/download", { headers: { accept: PB } })).toEqual({ ...raw, type: PB });
  });

  test("takes its headers before the first message only", async () => {
    const server = await openStreams(peer, {
      async *watch(_request, context) {
        expect(() => context.setStatus(204)).toThrow(RangeError);
        context.setStatus(202);
        yield {};
        context.setHeader("x-late", "1");
      },
    });
    expect(await get(server, WATCH)).toMatchObject({ status: 202, end: "complete" });
    expect(server.requests[0]?.thrown).toMatchObject({
      message: "the response has begun, with its status and headers",
    });
  });

  test("that is no stream of messages is an error of the handler", async () => {
    const server = await openStreams(peer, {
      watch: (({ name }: { name: string }) => (name === "" ? [] : oneWrong())) as never,
    });
    async function* oneWrong() {
      yield { titel: "x" };
    }
    for (const [path, message] of [
      ["/v1/books:watch", "did not return an async iterable"],
      [WATCH, "did not return a valid message: titel"],
    ] as const) {
      expect(await get(server, path, { method: path === WATCH ? "GET" : "POST" })).toMatchObject({
        status: 500,
      });
      expect(server.requests.at(-1)?.thrown).toMatchObject({ message: expect.stringContaining(message) });
    }
  });

  test("ends with the deadline", async () => {
    const server = await openStreams(peer, {
      async *watch({ name }, { signal }) {
        if (!name.endsWith("late")) yield { title: "0" };
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        await new Promise(() => {});
      },
    });
    const headers = { "grpc-timeout": "20m" };
    const error = '{"error":{"code":4,"message":"context deadline exceeded","details":[]}}\n';
    const got = await get(server, WATCH, { headers });
    expect(titles(got.text)).toEqual(["0"]);
    expect(got.text.endsWith(error)).toBe(true);
    const late = await get(server, "/v1/shelves/1/books/late:watch", { headers });
    expect(late).toMatchObject({ status: 504, text: error });
  });

  test("waits for a client that does not read, and ends the handler when that leaves", async () => {
    const big = "x".repeat(100_000);
    let count = 0;
    const ended = deferred<unknown>();
    const server = await openStreams(peer, {
      // Without backpressure, this loop would never let anything else run.
      async *watch(_request, { signal }) {
        try {
          for (;;) {
            count++;
            yield { title: big };
          }
        } finally {
          ended.resolve(signal.reason);
        }
      },
    });
    const { body } = await call(server, WATCH);
    const iterator = body[Symbol.asyncIterator]();
    await iterator.next();
    expect(count).toBeGreaterThan(0);
    body.destroy();
    expect(await ended.promise).toMatchObject({ code: Code.Cancelled });
    expect(server.requests[0]?.responseMessages).toBeLessThanOrEqual(count);
  });

  test("ends a handler that waits when the client leaves, or the server is closed", async () => {
    const reasons: unknown[] = [];
    const server = await openStreams(peer, {
      async *watch(_request, { signal }) {
        try {
          yield {};
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        } finally {
          reasons.push(signal.reason);
        }
      },
    });
    const first = await call(server, WATCH);
    await new Reader(first.body).lines(1);
    first.body.on("error", () => {});
    first.body.destroy();
    await until(() => reasons.length === 1);
    const second = await call(server, WATCH);
    const reader = new Reader(second.body);
    await reader.lines(1);
    await server.close();
    await expect(reader.rest()).rejects.toThrow();
    await until(() => reasons.length === 2);
    expect(reasons).toMatchObject([{ code: Code.Cancelled }, { code: Code.Cancelled }]);
  });
});

describe.each(peers)("over %s, a stream of requests", (peer) => {
  const collect = async (requests: AsyncIterable<Book>) => {
    const all: string[] = [];
    for await (const { title } of requests) all.push(title);
    return { authors: all };
  };

  test.each([
    ["lines", ['{"title":"a"}\n{"title":"b"}\n']],
    ["without anything between", ['{"title":"a"}{"title":"b"}']],
    ["pretty-printed", ['\n\n{\n  "title": "a"\n}\r\n\t{ "title"\n: "b" }']],
    ["cut into bytes", [...'{"title":"a"}\n{"title":"b"}']],
  ])("is read from %s", async (_what, parts) => {
    const server = await openStreams(peer, { collect }, short);
    async function* body() {
      yield* parts;
    }
    const got = await get(server, COLLECT, { body: body() });
    expect(got).toEqual({ status: 200, type: JSON_TYPE, text: '{"authors":["a","b"]}', end: "complete" });
    expect(server.requests).toMatchObject([{ requestMessages: 2, responseMessages: undefined }]);
    const { requestBytes = [] } = server.requests[0] ?? {};
    expect(Buffer.from(requestBytes).toString()).toBe(parts.join(""));
    expect((await get(server, COLLECT, { body: parts.join("") })).text).toBe('{"authors":["a","b"]}');
  });

  test("may be empty", async () => {
    const server = await openStreams(peer, { collect }, short);
    expect(await get(server, COLLECT, { body: "" })).toMatchObject({ status: 200, text: "{}" });
    expect(server.requests[0]?.requestMessages).toBe(0);
  });

  test.each([
    ["no JSON", '{"title":"a"}\nhello\n', 400, 3],
    ["a wrong type", '{"title":"a"}\n{"title":1}\n', 400, 3],
    ["an end within a message", '{"title":"a"}\n{"title"', 400, 3],
    ["a message above the limit", `{"title":"a"}\n{"title":"${"x".repeat(100)}"}\n`, 429, 8],
  ])("with %s fails, and ends the handler", async (_what, body, status, code) => {
    const ends: unknown[] = [];
    const server = await openStreams(
      peer,
      {
        async collect(requests, { signal }) {
          signal.addEventListener("abort", () => ends.push(signal.reason));
          return collect(requests);
        },
      },
      { maxRequestBytes: 64 },
    );
    const got = await get(server, COLLECT, { body });
    expect(got).toMatchObject({ status, text: expect.stringContaining(`{"code":${code},`) });
    expect(ends).toMatchObject([{ code }]);
    expect(server.requests[0]).toMatchObject({ requestMessages: 1, thrown: undefined });
  });

  test("in binary is refused", async () => {
    const server = await openStreams(peer, { collect });
    const headers = { "content-type": PB, accept: "*" };
    expect(await get(server, COLLECT, { body: "", headers })).toMatchObject({ status: 400 });
  });

  test("may be longer in all than the limit, which is for a message", async () => {
    const server = await openStreams(peer, { collect }, { ...short, maxRequestBytes: 64 });
    const body = '{"title":"a"}\n'.repeat(100);
    expect((await get(server, COLLECT, { body })).text).toBe(
      JSON.stringify({ authors: Array(100).fill("a") }),
    );
  });

  test("reaches the handler as it comes, which may end before it", async () => {
    const gate = deferred();
    const taken = deferred<string>();
    const server = await openStreams(peer, {
      async collect(requests) {
        for await (const { title } of requests) {
          taken.resolve(title);
          break;
        }
        return { title: "enough" };
      },
    });
    async function* body() {
      yield '{"title":"a"}\n';
      await gate.promise;
    }
    const response = call(server, COLLECT, { body: body() });
    expect(await taken.promise).toBe("a");
    expect((await response).statusCode).toBe(200);
    gate.resolve();
  });

  test("that breaks off ends the handler", async () => {
    const ends: unknown[] = [];
    const server = await openStreams(peer, {
      async collect(requests, { signal }) {
        try {
          return await collect(requests);
        } catch (error) {
          ends.push(error, signal.aborted || signal.reason);
          throw error;
        }
      },
    });
    async function* body() {
      yield '{"title":"a"}\n';
      await server.received(1);
      await until(() => server.requests[0]?.requestMessages === 1);
      // Not a signal: over HTTP/2, undici (8.12) ends the request before it resets its stream.
      void server.dispatcher.destroy();
      await new Promise(() => {});
    }
    await expect(call(server, COLLECT, { body: body() })).rejects.toThrow();
    await until(() => ends.length === 2);
    expect(ends[0]).toMatchObject({ code: Code.Cancelled });
    expect(server.requests[0]?.status).toBeUndefined();
  });
});

describe.each(peers)("over %s, streams both ways", (peer) => {
  test("are carried at the same time", async () => {
    const server = await openStreams(peer, {
      async *echo(requests) {
        for await (const { title } of requests) yield { title: `${title}!` };
        yield { title: "end" };
      },
    });
    const gates = [deferred(), deferred()];
    async function* body() {
      yield '{"title":"a"}\n';
      await gates[0]?.promise;
      yield '{"title":"b"}\n';
      await gates[1]?.promise;
    }
    const reader = new Reader((await call(server, ECHO, { body: body() })).body);
    expect(titles((await reader.lines(1)).join("\n"))).toEqual(["a!"]);
    gates[0]?.resolve();
    expect(titles((await reader.lines(2)).join("\n"))).toEqual(["a!", "b!"]);
    gates[1]?.resolve();
    expect(titles(await reader.rest())).toEqual(["a!", "b!", "end"]);
    expect(server.requests).toMatchObject([{ requestMessages: 2, responseMessages: 3 }]);
  });

  test("end the requests quietly at a message that cannot be read, as a gateway does", async () => {
    const server = await openStreams(peer, {
      async *echo(requests, { signal }) {
        for await (const { title } of requests) yield { title };
        yield { title: String(signal.aborted) };
      },
    });
    const got = await get(server, ECHO, { body: '{"title":"a"}\noops\n{"title":"b"}\n' });
    expect(titles(got.text)).toEqual(["a", "false"]);
    expect(got.text).not.toContain("error");
  });

  test("end with the handler, while the client still sends", async () => {
    const server = await openStreams(peer, {
      async *echo(requests) {
        for await (const { title } of requests) {
          yield { title };
          return;
        }
      },
      get: () => ({ title: "next" }),
    });
    const controller = new AbortController();
    async function* body() {
      yield '{"title":"a"}\n';
      await new Promise((resolve) => controller.signal.addEventListener("abort", resolve));
    }
    const got = await get(server, ECHO, { body: body() });
    expect(titles(got.text)).toEqual(["a"]);
    expect(got.end).toBe("complete");
    controller.abort();
    expect(await get(server, "/v1/book")).toMatchObject({ status: 200 });
  });
});

describe("on a raw connection", () => {
  async function exchange(port: number, ...parts: string[]) {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    for (const part of parts) socket.write(part);
    return { socket, text: () => text };
  }

  test("each message is a chunk of its own", async () => {
    await using server = await startServer(
      StreamsService,
      {
        async *watch() {
          yield { title: "a" };
          yield { title: "b" };
        },
      },
      short,
    );
    const { socket, text } = await exchange(
      server.port,
      `GET ${WATCH} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    );
    await once(socket, "close");
    const body = text().slice(text().indexOf("\r\n\r\n") + 4);
    const chunk = (title: string) => `19\r\n{"result":{"title":"${title}"}}\n\r\n`;
    expect(body).toBe(`${chunk("a")}${chunk("b")}0\r\n\r\n`);
  });

  test("a response before the end of the request leaves the connection usable", async () => {
    await using server = await startServer(StreamsService, {
      collect: () => ({ title: "early" }),
      get: () => ({ title: "next" }),
    });
    const { socket, text } = await exchange(
      server.port,
      `POST ${COLLECT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nd\r\n{"title":"a"}\r\n`,
    );
    await until(() => text().includes('"early"'));
    socket.write('d\r\n{"title":"b"}\r\n0\r\n\r\nGET /v1/book HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => text().includes('"next"'));
    expect(server.connections).toBe(1);
    socket.destroy();
  });
});

test("handlers have the types of their methods", () => {
  createMemoryServer(StreamsService, {
    async *watch(request, context) {
      expectTypeOf(request.name).toEqualTypeOf<string>();
      expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
      yield { title: "a" };
    },
    async collect(requests) {
      expectTypeOf(requests).toEqualTypeOf<AsyncIterable<Book>>();
      return { title: "a" };
    },
    async *echo(requests) {
      expectTypeOf(requests).toEqualTypeOf<AsyncIterable<Book>>();
      yield* requests;
    },
    // @ts-expect-error a unary handler returns one message
    async *get() {
      yield {};
    },
  });
  // @ts-expect-error a handler of a stream returns an async iterable
  createMemoryServer(StreamsService, { watch: async () => ({ title: "a" }) });
});
