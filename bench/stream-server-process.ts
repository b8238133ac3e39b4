// The server of bench/streams.ts, in its own process: it writes prepared bytes as fast as the client takes them. Its first
// message has its origins. It responds to a message with the bytes that its system has taken from it.
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Writable } from "node:stream";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { BookSchema, GetBookRequestSchema } from "../examples/gen/library/v1/library_pb.js";
import { BLOCK, bookJsons, books, type Framing } from "./stream-message.ts";

/** What the server has got rid of since its start. */
export interface StreamServerUsage {
  /** Bytes to clients, without those that wait in this process. */
  readonly sent: number;
}

const lines = bookJsons.map((json) => `{"result":${json}}\n`);
const lineBlock = Buffer.from(lines.join(""));
/** With the framing of HTTP/1.1: a chunk for each message. */
const chunkBlock = Buffer.from(
  lines.map((line) => `${Buffer.byteLength(line).toString(16)}\r\n${line}\r\n`).join(""),
);
const envelopes = books.map((book) => envelope(0, toBinary(BookSchema, book)));
const envelopeBlock = Buffer.concat(envelopes);
const endOfStream = envelope(2, Buffer.from("{}"));

/** An envelope of the Connect protocol. */
function envelope(flags: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

/** What a request asks for: its name is `framing/number of messages`, or `one` for a unary response. */
function askedFor(name: string): { readonly framing: Framing | "one"; readonly count: number } {
  const [framing, count] = name.split("/");
  return { framing: framing as Framing | "one", count: Number(count) };
}

const http1 = createServer({ keepAliveTimeout: 0 }, async ({ url = "" }, response) => {
  const { framing, count } = askedFor(url.slice("/v1/".length));
  const headers = { "content-type": "application/json" };
  if (framing === "one") {
    const body = bookJsons[0] as string;
    response.writeHead(200, { ...headers, "content-length": body.length }).end(body);
    return;
  }
  response.writeHead(200, { ...headers, "transfer-encoding": "chunked" });
  if (count < BLOCK) {
    for (const line of lines.slice(0, count)) response.write(line);
  } else if (framing === "many") {
    await writeBlocks(response, lineBlock, count);
  } else {
    await writeChunks(response, count);
  }
  response.end();
});

/** Past node:http, which writes slowly if each message is a chunk. */
async function writeChunks(response: ServerResponse, count: number): Promise<void> {
  response.flushHeaders();
  if (response.socket !== null) await writeBlocks(response.socket, chunkBlock, count);
}

async function writeBlocks(to: Writable, block: Buffer, count: number): Promise<void> {
  const closed = new AbortController();
  const onClose = () => closed.abort();
  to.once("close", onClose);
  for (let written = 0; written < count && !to.destroyed; written += BLOCK) {
    if (to.write(block)) continue;
    await once(to, "drain", { signal: closed.signal }).catch(() => undefined);
  }
  to.off("close", onClose);
}

const http2 = createHttp2Server();
http2.on("stream", async (stream: ServerHttp2Stream) => {
  const request: Buffer[] = [];
  for await (const chunk of stream) request.push(chunk as Buffer);
  const { framing, count } = askedFor(
    fromBinary(GetBookRequestSchema, Buffer.concat(request).subarray(5)).name,
  );
  stream.respond({ ":status": 200, "content-type": "application/connect+proto" });
  if (framing === "many") {
    await writeBlocks(stream, envelopeBlock, count);
  } else {
    for (let written = 0; written < count; written += BLOCK) {
      for (const each of envelopes) if (!stream.write(each)) await once(stream, "drain");
    }
  }
  stream.end(endOfStream);
});

const sockets = new Set<Socket>();
let sentBefore = 0;
const sentOn = (socket: Socket) => socket.bytesWritten - socket.writableLength;
for (const server of [http1, http2]) {
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      sentBefore += sentOn(socket);
    });
  });
}

const originOf = async (server: Server) => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

process.on("message", () => {
  let sent = sentBefore;
  for (const socket of sockets) sent += sentOn(socket);
  process.send?.({ sent } satisfies StreamServerUsage);
});
process.on("disconnect", () => process.exit());
process.send?.({ http1: await originOf(http1), http2: await originOf(http2) });
