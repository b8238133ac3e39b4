// Streams of responses: every form, cut anywhere, and every end.
import { create, toJsonString } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BookSchema } from "../../examples/gen/library/v1/library_pb.js";
import { Code } from "../../src/transport.ts";
import { httpServer } from "../support/loopback.ts";
import { Streams } from "./support/stream-service.ts";
import {
  chunkedHead,
  chunkedResponse,
  chunks,
  collected,
  LAST_CHUNK,
  rawServer,
  response,
  send,
  streams,
  titles,
} from "./support/streams.ts";

interface Form {
  readonly contentType: string;
  readonly body: (texts: readonly string[]) => string;
}

const lines = (line: (text: string) => string) => (texts: readonly string[]) => texts.map(line).join("");

const forms: Readonly<Record<string, Form>> = {
  "grpc-gateway": { contentType: "application/json", body: lines((text) => `{"result":${text}}\n`) },
  bare: { contentType: "application/json", body: lines((text) => `${text}\n`) },
  array: { contentType: "application/json", body: (texts) => `[${texts.join(",\n")}]` },
  events: {
    contentType: "text/event-stream; charset=utf-8",
    body: lines((text) => `: a comment\nid: 7\nevent: message\ndata: ${text}\n\n`),
  },
  "events of a gateway": {
    contentType: "text/event-stream",
    body: lines((text) => `data: {"result":${text}}\n\n`),
  },
};

const names = ["a", 'with "quotes", \\ and }{][', "漢字 😀 é", "", "e"];
const books = names.map((title, i) => create(BookSchema, { title, isbn: 2n ** 62n + BigInt(i) }));
const texts = books.map((book) => toJsonString(BookSchema, book));

describe.each(Object.entries(forms))("%s", (_form, { contentType, body }) => {
  test.each([1, 7, 1_000])("cut in pieces of %i bytes", async (size) => {
    const server = await rawServer(send(chunkedResponse(body(texts), contentType, size)));
    const { client } = streams(server.origin);
    expect(await collected(client.watch({}))).toEqual({ got: books });
  });

  test("any messages, cut anywhere", async () => {
    const message = fc.record({
      title: fc.string({ unit: "grapheme" }),
      isbn: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    });
    const runs = fc.tuple(fc.array(message, { maxLength: 6 }), fc.integer({ min: 1, max: 40 }));
    let next: Buffer = Buffer.alloc(0);
    const server = await rawServer((socket) => void socket.write(next));
    const { client } = streams(server.origin);
    await fc.assert(
      fc.asyncProperty(runs, async ([inits, size]) => {
        const messages = inits.map((init) => create(BookSchema, init));
        const whole = body(messages.map((each) => toJsonString(BookSchema, each)));
        next = chunkedResponse(whole, contentType, size);
        expect(await collected(client.watch({}))).toEqual({ got: messages });
      }),
      { numRuns: 40 },
    );
  });

  test("a connection that ends before the last chunk, after any byte, is an error after the messages before it", async () => {
    const whole = body(texts.slice(0, 3));
    let cutAt = 0;
    const server = await rawServer((socket) =>
      socket.end(Buffer.concat([Buffer.from(chunkedHead(contentType)), chunks(whole.slice(0, cutAt), 9)])),
    );
    const { client } = streams(server.origin, { retry: false });
    let before = 0;
    for (cutAt = 0; cutAt <= whole.length; cutAt += 3) {
      const { got, error } = await collected(client.watch({}));
      expect(error).toMatchObject({ code: Code.Unavailable, outcome: "unknown", status: 200, attempts: 1 });
      expect(got).toEqual(books.slice(0, got.length));
      expect(got.length).toBeGreaterThanOrEqual(before);
      before = got.length;
    }
  });
});

test("the messages of one chunk come one by one, and the iterator is then done for good", async () => {
  const server = await rawServer(
    send(chunkedResponse('{"result":{"title":"a"}}\n{"result":{"title":"b"}}\n')),
  );
  const messages = streams(server.origin).client.watch({})[Symbol.asyncIterator]();
  expect(await messages.next()).toMatchObject({ value: { title: "a" } });
  expect(await messages.next()).toMatchObject({ value: { title: "b" } });
  for (let i = 0; i < 2; i++) expect(await messages.next()).toEqual({ done: true, value: undefined });
});

test("calls of next() that do not wait for each other get the messages in order", async () => {
  const server = await rawServer((socket) => {
    socket.write(chunkedHead());
    for (const title of ["a", "b", "c"]) socket.write(chunks(`{"title":"${title}"}\n`, 5));
    socket.write(LAST_CHUNK);
  });
  const messages = streams(server.origin).client.watch({})[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: 5 }, () => messages.next()));
  expect(results.map(({ value }) => value?.title)).toEqual(["a", "b", "c", undefined, undefined]);
});

test("of several calls of next() before an error, the first has the error", async () => {
  const server = await rawServer(send(chunkedResponse('{"title":"a"}{"error":{"code":5,"message":"gone"}}')));
  const messages = streams(server.origin).client.watch({})[Symbol.asyncIterator]();
  const results = await Promise.allSettled(Array.from({ length: 4 }, () => messages.next()));
  expect(results).toMatchObject([
    { value: { done: false } },
    { reason: { reason: "gone" } },
    { value: { done: true } },
    { value: { done: true } },
  ]);
});

test("a stream is iterated once: a second loop continues it, and is over when it is", async () => {
  const server = await rawServer(send(chunkedResponse('{"title":"a"}{"title":"b"}')));
  const books = streams(server.origin).client.watch({});
  expect(await titles(books)).toMatchObject({ titles: ["a", "b"] });
  expect(await titles(books)).toMatchObject({ titles: [], error: undefined });
});

describe("an end without messages", () => {
  test.each([
    ["204", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["204 with a content type", "HTTP/1.1 204 No Content\r\ncontent-type: text/html\r\n\r\n"],
    ["of a grpc-gateway", `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${LAST_CHUNK}`],
    ["content-length: 0", response(200, "")],
    ["an empty array", response(200, "[]")],
    ["whitespace", response(200, "\n \r\n")],
  ])("%s", async (_what, whole) => {
    const server = await rawServer(send(whole));
    expect(await titles(streams(server.origin).client.watch({}))).toEqual({ titles: [], error: undefined });
  });
});

const TWO = '{"title":"a"}\n{"title":"b"}\n';

/** Responses that end wrong after two messages at most: the messages, and the error's code and reason. */
const wrongEnds: [what: string, sent: string | Buffer, messages: string[], code: Code, reason: RegExp][] = [
  ["within a message", chunkedResponse(`${TWO}{"title":`), ["a", "b"], Code.DataLoss, /within a message/],
  ["within a text", chunkedResponse(`${TWO}{"title":"c`), ["a", "b"], Code.DataLoss, /within a message/],
  ["within an array", chunkedResponse('[{"title":"a"}'), ["a"], Code.DataLoss, /within the array/],
  ["after a comma", chunkedResponse('[{"title":"a"},'), ["a"], Code.DataLoss, /within the array/],
  ["at the start of an array", chunkedResponse("["), [], Code.DataLoss, /within the array/],
  ["after an array", chunkedResponse('[{"title":"a"}]{}'), ["a"], Code.DataLoss, /after the array/],
  [
    "within an event",
    chunkedResponse('data: {"title":', "text/event-stream"),
    [],
    Code.DataLoss,
    /within an event/,
  ],
  ["what is no JSON", chunkedResponse(`${TWO}<html>`), ["a", "b"], Code.DataLoss, /0x3c/],
  ["a message that is no JSON", chunkedResponse(`${TWO}{"title":x}`), ["a", "b"], Code.DataLoss, /decode/],
  ["a message of another type", chunkedResponse(`${TWO}{"title":1}`), ["a", "b"], Code.DataLoss, /title/],
  ["a message that is a number", chunkedResponse(`${TWO}7 `), ["a", "b"], Code.DataLoss, /decode/],
  ["no UTF-8", chunkedResponse(Buffer.from('{"title":"\xff"}', "latin1")), [], Code.DataLoss, /UTF-8/],
  [
    "HTML",
    chunkedResponse("<!doctype html>", "text/html"),
    [],
    Code.DataLoss,
    /its content-type is text\/html/,
  ],
  ["compressed", response(200, "abc", ["content-encoding: gzip"]), [], Code.DataLoss, /compressed \(gzip\)/],
];

test.each(wrongEnds)("a body with a wrong end: %s", async (_what, sent, messages, code, reason) => {
  const server = await rawServer(send(sent));
  const result = await titles(streams(server.origin).client.watch({}));
  expect(result).toMatchObject({
    titles: messages,
    error: { code, outcome: "unknown", attempts: 1, status: 200 },
  });
  expect(result.error?.reason).toMatch(reason);
});

describe("a connection that ends", () => {
  const chunked = `${chunkedHead()}${chunks(TWO)}`;
  const ends = {
    "within a chunk": `${chunked}20\r\n{"title":`,
    "within the size of a chunk": `${chunked}2`,
    "between two messages": chunked,
    "before the last chunk's end": `${chunked}0\r\n`,
    "before its content-length": response(200, `${TWO}{"title":"c"}`).slice(0, -1),
    "before its content-length, after a message": response(200, `${TWO} `).slice(0, -1),
  };
  const hows = { FIN: "end", reset: "resetAndDestroy" } as const;
  describe.each(Object.entries(ends))("%s", (_where, sent) => {
    test.each(Object.entries(hows))("%s", async (_how, how) => {
      const server = await rawServer((socket) => void socket.write(sent, () => socket[how]()));
      const { titles: got, error } = await titles(streams(server.origin, { retry: false }).client.watch({}));
      // A reset may throw away what was not read yet.
      expect(["a", "b"].slice(0, got.length)).toEqual(got);
      if (how === "end") expect(got).toEqual(["a", "b"]);
      expect(error).toMatchObject({ code: Code.Unavailable, outcome: "unknown" });
    });
  });
});

describe("a body that only the end of the connection ends", () => {
  const head = "HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n";
  test.each([
    ["lines", TWO, ["a", "b"]],
    ["no line", "", []],
    ["an array that is open", '[{"title":"a"}', ["a"]],
    ["an event", 'data: {"title":"a"}\n\n', []],
  ])("may be cut short: %s", async (_what, body, messages) => {
    const server = await rawServer((socket) => void socket.end(head + body));
    const result = await titles(streams(server.origin).client.watch({}));
    expect(result).toMatchObject({ titles: messages, error: { code: Code.DataLoss, outcome: "unknown" } });
  });

  test("is complete if it shows its own end: an array that is closed", async () => {
    const server = await rawServer((socket) => void socket.end(`${head}[{"title":"a"},{"title":"b"}]\n`));
    expect(await titles(streams(server.origin).client.watch({}))).toEqual({ titles: ["a", "b"] });
  });

  test("may end with an error of the server", async () => {
    const server = await rawServer(
      (socket) => void socket.end(`${head}${TWO}{"error":{"code":5,"message":"gone"}}`),
    );
    const result = await titles(streams(server.origin).client.watch({}));
    expect(result).toMatchObject({ titles: ["a", "b"], error: { code: Code.NotFound, reason: "gone" } });
  });
});

test("64-bit integers keep all digits, as texts and as numbers", async () => {
  const isbns = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n];
  const body = isbns.map((isbn) => `{"result":{"isbn":"${isbn}"}}\n{"result":{"isbn":${isbn}}}\n`).join("");
  const server = await rawServer(send(chunkedResponse(body)));
  const { got } = await collected(streams(server.origin).client.watch({}));
  expect(got.map(({ isbn }) => isbn)).toEqual(isbns.flatMap((isbn) => [isbn, isbn]));
});

test("maxResponseBytes holds for each message, not for the stream", async () => {
  const line = `{"title":"${"x".repeat(80)}"}\n`;
  const long = `{"title":"${"y".repeat(100)}"}\n`;
  const server = await rawServer(send(chunkedResponse(line.repeat(50) + long + line, undefined, 30)));
  const { client } = streams(server.origin, { maxResponseBytes: 100 });
  const { got, error } = await collected(client.watch({}));
  expect(got).toHaveLength(50);
  expect(error).toMatchObject({ code: Code.ResourceExhausted, outcome: "unknown", status: 200 });
  expect(error?.reason).toContain("100 bytes");
});

test("an unknown field may be nested to any depth", async () => {
  const deep = `{"title":"b","unknown":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
  const server = await rawServer(send(chunkedResponse(`{"title":"a"}${deep}{"title":"c"}`)));
  const result = await titles(streams(server.origin).client.watch({}));
  expect(result).toEqual({ titles: ["a", "b", "c"] });
});

test("a message that comes in two parts, of which the second is late", async () => {
  const server = await rawServer((socket) => {
    socket.write(chunkedHead() + chunks('{"title":"a"}{"title":'));
  });
  const messages = streams(server.origin).client.watch({})[Symbol.asyncIterator]();
  expect(await messages.next()).toMatchObject({ value: { title: "a" } });
  const second = messages.next();
  // The reader has taken everything that came; only now comes the rest.
  await new Promise(setImmediate);
  for (const socket of server.sockets) socket.write(chunks('"b"}') + LAST_CHUNK);
  expect(await second).toMatchObject({ value: { title: "b" } });
  expect(await messages.next()).toMatchObject({ done: true });
});

test("trailers are metadata when the stream has ended", async () => {
  const server = await httpServer((_request, res) => {
    res.writeHead(200, {
      "content-type": "application/json",
      "grpc-metadata-a": "1",
      trailer: "grpc-trailer-b",
    });
    res.write(TWO);
    res.addTrailers({ "grpc-trailer-b": "2" });
    res.end();
  });
  const { transport } = streams(server.origin);
  const opened = await transport.stream(Streams.method.watch, [{}]);
  expect(opened.metadata.a).toEqual(["1"]);
  await titles(opened.message);
  expect(opened.metadata.b).toEqual(["2"]);
  expect(opened).toMatchObject({ stream: true, status: 200, attempts: 1, history: [{ code: Code.OK }] });
});
