import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Reply, ReplyFailure } from "../gateway/reply.ts";
import { gone } from "./disconnected.ts";
import { frameReply } from "./frame-reply.ts";
import { asHttp1, Http2Listener } from "./http2-listener.ts";
import type { RawHeaders } from "./raw-headers.ts";
import type { Answer } from "./received-request.ts";

/** Where and how to listen. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** The longest request body, in bytes. */
  readonly maxRequestBytes: number;
  /** Whether HTTP/2 is spoken, in the clear, instead of HTTP/1.1. */
  readonly http2: boolean;
}

/** A listening HTTP server and its sockets. */
export interface HttpListener {
  readonly port: number;
  /** How many sockets are open. */
  readonly connections: number;
  /** Closes the connections on which no request is under way, as a server does that has waited long enough. */
  closeIdleConnections(): void;
  /** Destroys every socket, and resolves when all are closed and the port is free. */
  close(): Promise<void>;
}

/** Listens for requests. */
export async function listen(options: ListenOptions, answer: Answer): Promise<HttpListener> {
  const sockets = new Set<Socket>();
  const { server, closeIdleConnections } = createListener(options, answer);
  let closed: Promise<unknown> | undefined;
  server.on("connection", (socket: Socket) => {
    if (closed !== undefined) socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client may reset its connection whenever it likes.
    socket.on("error", () => {});
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size;
    },
    closeIdleConnections,
    async close() {
      if (closed === undefined) {
        closed = Promise.all([
          once(server, "close"),
          ...Array.from(sockets, (socket) => once(socket, "close")),
        ]);
        server.close();
        for (const socket of sockets) socket.destroy();
      }
      await closed;
    },
  };
}

function createListener(
  { http2, maxRequestBytes }: ListenOptions,
  answer: Answer,
): { readonly server: Server; closeIdleConnections(): void } {
  if (http2) {
    const listener = new Http2Listener((request, response) => {
      const breakOff: BreakOff = (how) => listener.breakOff(response, how);
      exchange(request, asHttp1(response), { maxRequestBytes, answer, breakOff }).catch(() =>
        response.stream.destroy(),
      );
    });
    return { server: listener.server, closeIdleConnections: () => listener.closeIdleConnections() };
  }
  // An idle connection stays until the client or close() ends it: Node's own five seconds would break off
  // calls that are just being sent on it, in tests that are about something else.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    const breakOff: BreakOff = (how) => {
      if (how === "reset") response.socket?.resetAndDestroy();
      else response.socket?.destroy();
    };
    exchange(request, response, { maxRequestBytes, answer, breakOff }).catch(() => response.destroy());
  });
  return { server, closeIdleConnections: () => server.closeIdleConnections() };
}

/** Ends the connection, or what HTTP/2 has in its place, under an answer. */
type BreakOff = (how: Exclude<ReplyFailure["how"], "hang">) => void;

/** What the requests of HTTP/1.1 and HTTP/2 have in common. */
interface IncomingRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: RawHeaders;
}

interface ExchangeSettings {
  readonly maxRequestBytes: number;
  readonly breakOff: BreakOff;
  readonly answer: Answer;
}

async function exchange(
  request: IncomingRequest,
  response: ServerResponse,
  { maxRequestBytes, answer, breakOff }: ExchangeSettings,
): Promise<void> {
  const abandoned = new AbortController();
  let isOut = false;
  response.once("finish", () => {
    isOut = true;
  });
  response.once("close", () => {
    if (!isOut) abandoned.abort();
  });
  const reply = await answer({
    verb: request.method ?? "",
    target: request.url ?? "",
    headers: withoutPseudoHeaders(request.rawHeaders),
    body: await readBody(request, maxRequestBytes),
    signal: abandoned.signal,
  });
  if (abandoned.signal.aborted) return;
  await send(reply, response, abandoned.signal, breakOff);
}

/** HTTP/2 has the method, the path and the host among the headers. */
function withoutPseudoHeaders(headers: RawHeaders): RawHeaders {
  if (!headers[0]?.startsWith(":")) return headers;
  return headers.filter((_, i) => !headers[i - (i % 2)]?.startsWith(":"));
}

/** Reads to the end even what is too long: a client that still sends would not see the answer. */
async function readBody(request: IncomingRequest, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return length > maxBytes ? undefined : new Uint8Array(Buffer.concat(chunks));
}

async function send(
  reply: Reply,
  response: ServerResponse,
  signal: AbortSignal,
  breakOff: BreakOff,
): Promise<void> {
  const { status, headers, trailers, fails } = reply;
  if (fails?.where !== "before-answer") {
    const { framing, body, endsBy } = frameReply(reply);
    for (const [name, value] of Object.entries(framing)) response.setHeader(name, value);
    if (endsBy === "connection") {
      // Or Node puts chunks in the place of a length that is not there.
      response.useChunkedEncodingByDefault = false;
      // And no word of Node's that the connection will end: nothing else tells either.
      response.removeHeader("connection");
    }
    response.writeHead(status, headers);
    if (fails !== undefined) {
      response.flushHeaders();
      await new Promise<void>((resolve) => response.write(body, () => resolve()));
    } else if (endsBy === "chunk") {
      // Written before the end, so that Node does not work out a length by itself.
      response.write(body);
      response.addTrailers(trailers ?? {});
      response.end();
    } else {
      response.end(body);
    }
  }
  if (fails === undefined) return;
  if (fails.how === "hang") await gone(signal);
  else breakOff(fails.how);
}
