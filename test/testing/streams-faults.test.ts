import { describe, expect, test } from "vitest";
import {
  Code,
  createMemoryServer,
  type MemoryFault,
  StatusError,
  type StreamFault,
  type StreamFormat,
} from "../../src/testing/index.ts";
import { deferred } from "../support/deferred.ts";
import { until } from "../support/until.ts";
import { call, type Got, get, type Handlers, openStreams, peers, Reader } from "./stream-peers.ts";
import { StreamsService } from "./streams-service.ts";

const WATCH = "/v1/shelves/1/books/2:watch";
const JSON_TYPE = "application/json";
const short = { emitUnpopulated: false };
const line = (title: string) => `{"result":{"title":"${title}"}}\n`;

/** A handler that yields a, b and c, and then waits without end if the name says so. */
function letters(ends: string[] = []): Handlers {
  return {
    async *watch({ name }, { signal }) {
      try {
        for (const title of ["a", "b", "c"]) yield { title };
        if (name.endsWith("forever")) {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        }
      } finally {
        ends.push(signal.aborted ? "aborted" : "complete");
      }
    },
    get: () => ({ title: "g" }),
  };
}

describe.each(peers)("over %s, a response in the form", (peer) => {
  const failing: Handlers = {
    async *watch({ name }) {
      if (name.endsWith("early")) throw new StatusError(Code.NotFound, "no");
      if (name.endsWith("empty")) return;
      yield { title: "a" };
      yield { title: "b" };
      if (name.endsWith("late")) throw new StatusError(Code.NotFound, "no");
    },
  };
  const status = '{"error":{"code":5,"message":"no"}}';
  const google = '{"error":{"code":404,"message":"no","status":"NOT_FOUND"}}';
  const a = '{"title":"a"}';
  const b = '{"title":"b"}';

  test.each<[StreamFormat, string, string, string, string, string]>([
    [
      "grpc-gateway",
      JSON_TYPE,
      line("a") + line("b"),
      `${line("a")}${line("b")}${status}\n`,
      `${status}\n`,
      "",
    ],
    ["messages", JSON_TYPE, `${a}\n${b}\n`, `${a}\n${b}\n${status}\n`, '{"code":5,"message":"no"}', ""],
    ["array", JSON_TYPE, `[${a},\n${b}]`, `[${a},\n${b},\n${google}]`, `[${google}]`, "[]"],
    [
      "event-stream",
      "text/event-stream",
      `data: ${a}\n\ndata: ${b}\n\n`,
      `data: ${a}\n\ndata: ${b}\n\ndata: ${status}\n\n`,
      '{"code":5,"message":"no"}',
      "",
    ],
  ])("%s", async (streamFormat, type, whole, late, early, empty) => {
    const server = await openStreams(peer, failing, { ...short, streamFormat });
    const ask = (name: string) => get(server, `/v1/shelves/1/books/${name}:watch`);
    expect(await ask("whole")).toEqual({ status: 200, type, text: whole, end: "complete" });
    expect(await ask("late")).toEqual({ status: 200, type, text: late, end: "complete" });
    expect(await ask("early")).toEqual({ status: 404, type: JSON_TYPE, text: early, end: "complete" });
    const emptyType = streamFormat === "grpc-gateway" ? undefined : type;
    expect(await ask("empty")).toEqual({ status: 200, type: emptyType, text: empty, end: "complete" });
  });
});

const ok = { status: 200, type: JSON_TYPE, end: "complete" } as const;
const error = (message: string, code: number) => `{"error":{"code":${code},"message":"${message}"}}\n`;

/** What a client gets, and how many messages the record counts. */
const rows: [what: string, fault: MemoryFault, got: Got, sent: number][] = [
  [
    "an error after two messages",
    { kind: "stream", after: 2, end: "error", code: Code.Unavailable, message: "bye" },
    { ...ok, text: line("a") + line("b") + error("bye", 14) },
    2,
  ],
  [
    "an error at the start, with status 200",
    { kind: "stream", after: 0, end: "error" },
    { ...ok, text: error("injected fault", 13) },
    0,
  ],
  [
    "an error after more messages than there are",
    { kind: "stream", after: 9, end: "error" },
    { ...ok, text: line("a") + line("b") + line("c") + error("injected fault", 13) },
    3,
  ],
  ["an end after one message", { kind: "stream", end: "clean" }, { ...ok, text: line("a") }, 1],
  [
    "an end in the midst of a message",
    { kind: "stream", end: "cut" },
    { ...ok, text: line("a") + line("b").slice(0, 13) },
    1,
  ],
  [
    "an end after some bytes of a message",
    { kind: "stream", end: "cut", bytes: 3 },
    { ...ok, text: `${line("a")}{"r` },
    1,
  ],
  [
    "a reset after two messages",
    { kind: "stream", after: 2, end: "reset" },
    broken(line("a") + line("b")),
    2,
  ],
  [
    "a close within a message",
    { kind: "stream", end: "reset", how: "close", bytes: 3 },
    broken(`${line("a")}{"r`),
    1,
  ],
  ["a reset within the response", { kind: "reset", where: "in-answer", bytes: 3 }, broken('{"r'), 0],
  ["a truncated response", { kind: "truncate", bytes: 3 }, { ...ok, text: '{"r' }, 0],
  [
    "an oversized response",
    { kind: "oversize", bytes: 5 },
    { ...ok, text: `{     "result":{"title":"a"}}\n${line("b")}${line("c")}` },
    3,
  ],
  [
    "another content type",
    { kind: "content-type", contentType: "text/plain" },
    { ...ok, type: "text/plain", text: line("a") + line("b") + line("c") },
    3,
  ],
];

function broken(text: string): Got {
  return { status: 200, type: JSON_TYPE, text, end: "broken" };
}

describe.each(peers)("over %s, a stream meets", (peer) => {
  test.each(rows)("%s", async (_what, fault, expected, sent) => {
    const ends: string[] = [];
    const server = await openStreams(peer, letters(ends), short);
    server.fault(fault);
    const got = await get(server, WATCH);
    // A TCP reset may overtake the bytes before it.
    if (expected.end === "complete" || peer === "memory") expect(got).toEqual(expected);
    else expect([got.status, got.end, expected.text.startsWith(got.text)]).toEqual([200, "broken", true]);
    await until(() => ends.length === 1);
    expect(server.requests).toMatchObject([{ status: 200, responseMessages: sent }]);
    expect((await get(server, WATCH)).text).toBe(line("a") + line("b") + line("c"));
  });

  test.each<[string, MemoryFault, number]>([
    ["a status instead", { kind: "status", status: 503, execute: true }, 503],
    ["garbage", { kind: "garbage", body: new Uint8Array([0x21]) }, 200],
    ["a page of a proxy", { kind: "html", execute: true }, 502],
  ])("%s, which ends the handler", async (_what, fault, status) => {
    const ends: string[] = [];
    const server = await openStreams(peer, letters(ends), short);
    server.fault(fault);
    expect(await get(server, "/v1/shelves/1/books/forever:watch")).toMatchObject({ status, end: "complete" });
    await until(() => ends.length === 1);
    expect(ends).toEqual(["aborted"]);
    expect(server.requests[0]?.responseMessages).toBeUndefined();
  });

  test("a fault that does not wait for the message after it", async () => {
    const ends: string[] = [];
    const server = await openStreams(peer, letters(ends), short);
    server.fault({ kind: "stream", after: 3, end: "clean" });
    const got = await get(server, "/v1/shelves/1/books/forever:watch");
    expect(got).toEqual({ ...ok, text: line("a") + line("b") + line("c") });
    await until(() => ends.length === 1);
    expect(ends).toEqual(["aborted"]);
  });

  test("a hang, until the client leaves", async () => {
    const ends: string[] = [];
    const server = await openStreams(peer, letters(ends), short);
    server.fault({ kind: "stream", after: 1, end: "hang", bytes: 3 });
    const { body } = await call(server, WATCH);
    const reader = new Reader(body);
    await reader.lines(1);
    const rest = deferred<unknown>();
    reader.rest().catch((reason: unknown) => rest.resolve(reason));
    await until(() => reader.text.length === line("a").length + 3);
    await until(() => ends.length === 1);
    body.destroy(new Error("enough"));
    expect(await rest.promise).toMatchObject({ message: "enough" });
  });

  test("an array without its end", async () => {
    const server = await openStreams(peer, letters(), { ...short, streamFormat: "array" });
    server.fault({ kind: "stream", after: 2, end: "clean" });
    expect((await get(server, WATCH)).text).toBe('[{"title":"a"},\n{"title":"b"}');
  });

  test("a fault that a call without a stream leaves to it", async () => {
    const server = await openStreams(peer, letters(), short);
    server.fault({ kind: "stream", after: 0, end: "clean" });
    expect((await get(server, "/v1/book")).text).toBe('{"title":"g"}');
    expect((await get(server, WATCH)).text).toBe("");
  });
});

describe("a stream fault is rejected", () => {
  const server = createMemoryServer(StreamsService, {});

  test.each<[Omit<StreamFault, "kind">, RegExp]>([
    [{ end: "explode" as "cut" }, /end must be one of error, clean, cut, reset, hang, not "explode"/],
    [{ end: "cut", after: -1 }, /after must be a number that is not negative/],
    [{ end: "cut", bytes: Number.NaN }, /bytes must be a number that is not negative/],
    [{ end: "reset", how: "goaway" }, /needs HTTP\/2/],
  ])("with %o", (fault, message) => {
    expect(() => server.fault({ kind: "stream", ...fault })).toThrow(message);
  });

  test("for an rpc that does not respond with a stream", () => {
    const fault = { kind: "stream", end: "cut" } as const;
    expect(() => server.fault(fault, { rpc: "Get" })).toThrow(/Get responds with no stream/);
    expect(() => server.fault(fault, { rpc: "Collect" })).toThrow(RangeError);
    expect(() => server.fault(fault, { rpc: "Echo" })).not.toThrow();
  });

  test("and so is an unknown format", () => {
    const options = { streamFormat: "lines" as "array" };
    expect(() => createMemoryServer(StreamsService, {}, options)).toThrow(
      "streamFormat must be one of grpc-gateway, messages, array, event-stream",
    );
  });
});
