import { gzipSync } from "node:zlib";
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { H2CClient } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { Code, codeName, JobsClient, RpcError } from "../../src/index.ts";
import { tcpServer } from "../support/loopback.ts";

const message = create(GenericResponseSchema, { ok: true, requestId: "r-1", message: "queued" });
const binary = Buffer.from(toBinary(GenericResponseSchema, message));
const json = Buffer.from(toJsonString(GenericResponseSchema, message));

/** What calls end in: the whole message, or a code and an outcome. What else they end in fails the test. */
async function endOf(call: Promise<unknown>): Promise<string> {
  try {
    expect(await call).toEqual(message);
    return "whole";
  } catch (error) {
    if (!(error instanceof RpcError) || error.code === Code.OK) throw error;
    return `${codeName(error.code)} ${error.outcome}`;
  }
}

/** How a connection ends. */
const ends = ["FIN", "RST"] as const;
type ConnectionEnd = (typeof ends)[number];

/**
 * For each beginning of what a server sends, from nothing of the body to all of it: how a call ends whose connection ends
 * behind it.
 */
function endsAtEveryByte(head: string, body: Buffer, end: ConnectionEnd): Promise<string[]> {
  return endsBehind(Buffer.from(`${head}\r\n\r\n`), body, end);
}

async function endsBehind(start: Buffer, rest: Buffer, end: ConnectionEnd): Promise<string[]> {
  const responses = Array.from({ length: rest.length + 1 }, (_, count) =>
    Buffer.concat([start, rest.subarray(0, count)]),
  );
  let next = 0;
  const { origin } = await tcpServer((socket) =>
    socket.once("data", () =>
      socket.write(responses[next++] as Buffer, () => {
        if (end === "FIN") socket.end();
        else socket.resetAndDestroy();
      }),
    ),
  );
  await using client = new JobsClient({ baseUrl: origin, accessToken: "t", retry: false });
  const results: string[] = [];
  for (const _ of responses) results.push(await endOf(client.run("job-1")));
  expect(next).toBe(responses.length);
  return results;
}

const type = "content-type: application/x-protobuf";
const lines = (...each: string[]) => each.join("\r\n");

/** RFC 9112, section 6.3: without a length, and a last coding that is no chunks, the connection's end is the body's. */
const closeDelimited: [head: string, body?: Buffer][] = [
  [lines("HTTP/1.1 200 OK", type)],
  [lines("HTTP/1.1 200 OK", type, "connection: close")],
  [lines("HTTP/1.1 200 OK", type, "Connection: Close, X-Foo")],
  [lines("HTTP/1.1 200 OK", type, "connection: keep-alive")],
  [lines("HTTP/1.1 200 OK", type, "connection: keep-alive", "keep-alive: timeout=5")],
  [lines("HTTP/1.1 200 OK", type, "connection: upgrade", "upgrade: h2c")],
  [lines("HTTP/1.1 200 OK", type, "transfer-encoding: identity")],
  [lines("HTTP/1.1 200 OK", type, "transfer-encoding: chunked, identity")],
  [lines("HTTP/1.1 200 OK", type, "transfer-encoding: chunked", "transfer-encoding: identity")],
  [lines("HTTP/1.1 200 OK", type, "transfer-encoding: chunked,")],
  [lines("HTTP/1.1 200 OK", type, "transfer-encoding: xchunked")],
  [lines("HTTP/1.1 200 OK", type, "transfer-encoding: chunked;q=1")],
  [lines("HTTP/1.0 200 OK", type)],
  [lines("HTTP/1.0 200 OK", type, "connection: keep-alive")],
  [lines("HTTP/1.0 200 OK", type, "connection: close")],
  [lines("HTTP/1.1 200 OK", type, "content-encoding: gzip"), gzipSync(binary)],
  [lines("HTTP/1.1 200 OK", type, "content-encoding: identity")],
  [lines("HTTP/1.1 202 Accepted", "content-type: application/octet-stream")],
  // No label says that it is JSON.
  [lines("HTTP/1.1 200 OK")],
];

describe.each(ends)("a response whose end only the connection tells (%s)", (end) => {
  test.each(closeDelimited)(
    "is not read in binary, however much of it came: %j",
    async (head, body = binary) => {
      const results = await endsAtEveryByte(head, body, end);
      // undici reports a reset as the end, too; where it does not, it is a lost connection.
      expect(results).not.toContain("whole");
      const allowed = ["DataLoss unknown", ...(end === "RST" ? ["Unavailable unknown"] : [])];
      for (const result of results) expect(allowed).toContain(result);
    },
  );

  test.each([
    [lines("HTTP/1.1 200 OK", "content-type: application/json")],
    [lines("HTTP/1.1 200 OK", "content-type: application/json", "transfer-encoding: identity")],
    [lines("HTTP/1.0 200 OK", "content-type: application/json")],
    [lines("HTTP/1.1 200 OK", "content-type: application/json", "content-encoding: gzip"), gzipSync(json)],
  ])("is read in JSON, which shows its own end: %j", async (head, body = json) => {
    const results = await endsAtEveryByte(head, body, end);
    expect(new Set(results.slice(0, -1))).toEqual(new Set(["DataLoss unknown"]));
    expect(results.at(-1)).toBe("whole");
  });

  test("may be a 204, which has no body", async () => {
    const results = await endsAtEveryByte(lines("HTTP/1.1 204 No Content", type), Buffer.alloc(0), end);
    // As a message with all defaults it says that it is not ok.
    expect(results).toEqual(["Unknown unknown"]);
  });
});

const chunked = Buffer.concat([
  Buffer.from("2\r\n"),
  binary.subarray(0, 2),
  Buffer.from(`\r\n${(binary.length - 2).toString(16)}\r\n`),
  binary.subarray(2),
  Buffer.from("\r\n0\r\n\r\n"),
]);
const gzipped = gzipSync(binary);

describe.each(ends)("a response that tells its end is read whole or not at all (%s):", (end) => {
  test.each([
    [lines("HTTP/1.1 200 OK", type, `content-length: ${binary.length}`), binary],
    [lines("HTTP/1.1 200 OK", type, `Content-Length: ${binary.length}`, "connection: close"), binary],
    [lines("HTTP/1.0 200 OK", type, `content-length: ${binary.length}`), binary],
    [lines("HTTP/1.1 200 OK", type, "transfer-encoding: chunked"), chunked],
    [lines("HTTP/1.1 200 OK", type, "Transfer-Encoding: Chunked", "connection: close"), chunked],
    [lines("HTTP/1.1 200 OK", type, "content-encoding: gzip", `content-length: ${gzipped.length}`), gzipped],
  ])("%j", async (head, body) => {
    const results = await endsAtEveryByte(head, body, end);
    expect(new Set(results.slice(0, -1))).toEqual(new Set(["Unavailable unknown"]));
    expect(results.at(-1)).toBe("whole");
  });
});

test.each(ends)("a response that ends within its head is a lost connection (%s)", async (end) => {
  for (const framing of ["", `content-length: ${binary.length}\r\n`, "transfer-encoding: chunked\r\n"]) {
    const head = Buffer.from(`HTTP/1.1 200 OK\r\n${type}\r\n${framing}\r`);
    expect(new Set(await endsBehind(Buffer.alloc(0), head, end))).toEqual(new Set(["Unavailable unknown"]));
  }
});

/** RFC 9113, sections 4.1 and 6. */
function frame(kind: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = kind;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const frames = { data: 0, headers: 1, rstStream: 3, settings: 4, goaway: 7 };
const END_STREAM = 1;
const END_HEADERS = 4;

/** A header with a name of the static table, neither indexed nor packed (RFC 7541, section 6.2.2). */
function header(name: number, value: string): Buffer {
  return Buffer.concat([Buffer.of(15, name - 15, value.length), Buffer.from(value)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** What may come behind the data of a stream that the server has not ended. */
const streamEnds = {
  FIN: undefined,
  RST: undefined,
  "GOAWAY, FIN": frame(frames.goaway, 0, 0, Buffer.concat([uint32(1), uint32(0)])),
  "RST_STREAM PROTOCOL_ERROR": frame(frames.rstStream, 0, 1, uint32(1)),
  "RST_STREAM INTERNAL_ERROR": frame(frames.rstStream, 0, 1, uint32(2)),
  "RST_STREAM REFUSED_STREAM": frame(frames.rstStream, 0, 1, uint32(7)),
  "RST_STREAM ENHANCE_YOUR_CALM": frame(frames.rstStream, 0, 1, uint32(11)),
  "RST_STREAM NO_ERROR": frame(frames.rstStream, 0, 1, uint32(0)),
  "RST_STREAM CANCEL": frame(frames.rstStream, 0, 1, uint32(8)),
  END_STREAM: undefined,
};
type StreamEnd = keyof typeof streamEnds;

/** How a call ends that is answered over HTTP/2 with the first bytes of a message. */
async function endOverHttp2(count: number, end: StreamEnd, length: number | undefined): Promise<string> {
  const head = [Buffer.of(0x88), header(31, "application/x-protobuf")];
  if (length !== undefined) head.push(header(28, String(length)));
  const isLast = end === "END_STREAM";
  const sent = Buffer.concat([
    frame(frames.settings, 0, 0, Buffer.alloc(0)),
    frame(frames.headers, END_HEADERS, 1, Buffer.concat(head)),
    frame(frames.data, isLast ? END_STREAM : 0, 1, binary.subarray(0, count)),
    streamEnds[end] ?? Buffer.alloc(0),
  ]);
  const { origin } = await tcpServer((socket) =>
    socket.once("data", () =>
      socket.write(sent, () => {
        if (end.endsWith("FIN")) socket.end();
        if (end === "RST") socket.resetAndDestroy();
      }),
    ),
  );
  const dispatcher = new H2CClient(origin);
  onTestFinished(() => dispatcher.destroy());
  await using client = new JobsClient({ baseUrl: origin, accessToken: "t", retry: false, dispatcher });
  return await endOf(client.run("job-1"));
}

const counts = Array.from({ length: binary.length + 1 }, (_, count) => count);
const unsaid: readonly string[] = ["RST_STREAM NO_ERROR", "RST_STREAM CANCEL"];
const cuts = (Object.keys(streamEnds) as StreamEnd[]).filter(
  (end) => end !== "END_STREAM" && !unsaid.includes(end),
);

describe("over HTTP/2, where the stream says its end,", () => {
  test.each(cuts)("a response that ends otherwise is lost, whatever came of it: %s", async (end) => {
    for (const length of [undefined, binary.length]) {
      const results = await Promise.all(counts.map((count) => endOverHttp2(count, end, length)));
      // With all that its length says, undici may have ended it before the connection does.
      if (length !== undefined) results.pop();
      expect(new Set(results)).toEqual(new Set(["Unavailable unknown"]));
    }
  });

  test.each([undefined, binary.length])(
    "a response that ends so is whole (content-length: %j)",
    async (length) => {
      expect(await endOverHttp2(binary.length, "END_STREAM", length)).toBe("whole");
    },
  );

  test.each(["RST_STREAM NO_ERROR", "RST_STREAM CANCEL", "END_STREAM"] as const)(
    "a length finds what was cut all the same: %s",
    async (end) => {
      for (const count of counts.slice(0, -1)) {
        expect(await endOverHttp2(count, end, binary.length)).toBe("Unavailable unknown");
      }
    },
  );

  // README says so. Should undici once report it, this test and that sentence are to go.
  test.each(unsaid as StreamEnd[])("undici does not say of %s that it is not the end", async (end) => {
    expect(await endOverHttp2(binary.length, end, undefined)).toBe("whole");
  });
});
