import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Reply, ReplyFailure } from "../gateway/reply.ts";

import { frameReply } from "./frame-reply.ts";
import { asHttp1, Http2Listener } from "./http2-listener.ts";
import type { RawHeaders } from "./raw-headers.ts";
import { type RequestHandler, untilAborted } from "./received-request.ts";

/** Where and how to listen. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** The limit for a request body, in bytes. */
  readonly maxRequestBytes: number;
  /** Whether the server speaks HTTP/2 without TLS instead of HTTP/1.1. */
  readonly http2: boolean;
}

/** A listening HTTP server with its sockets. */
export interface HttpListener {
  readonly port: number;
  /** How many sockets are open. */
  readonly connections: number;
  /** Closes the connections without a request in flight, as a server does after its keep-alive timeout. */
  closeIdleConnections(): void;
  /** Destroys all sockets. Resolves when they are closed and the port is free. */
  close(): Promise<void>;
}

/** Starts to listen for requests. */
export async function listen(options: ListenOptions, handler: RequestHandler): Promise<HttpListener> {
  const sockets = new Set<Socket>();
  const { server, closeIdleConnections } = createListener(options, handler);
  let closed: Promise<unknown> | undefined;
  server.on("connection", (socket: Socket) => {
    if (closed !== undefined) socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client may reset its connection at any time.
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
  handler: RequestHandler,
): { readonly server: Server; closeIdleConnections(): void } {
  if (http2) {
    const listener = new Http2Listener((request, response) => {
      const disconnect: Disconnect = (how) => listener.disconnect(response, how);
      exchange(request, asHttp1(response), { maxRequestBytes, handler, disconnect }).catch(() =>
        response.stream.destroy(),
      );
    });
    return { server: listener.server, closeIdleConnections: () => listener.closeIdleConnections() };
  }
  // Idle connections stay open until the client or close() ends them: Node's default timeout of five seconds would fail
  // calls that are just being sent, in tests about something else.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    const disconnect: Disconnect = (how) => {
      if (how === "reset") response.socket?.resetAndDestroy();
      else response.socket?.destroy();
    };
    exchange(request, response, { maxRequestBytes, handler, disconnect }).catch(() => response.destroy());
  });
  return { server, closeIdleConnections: () => server.closeIdleConnections() };
}

/** Ends the connection of a response, or its stream over HTTP/2. */
type Disconnect = (how: Exclude<ReplyFailure["how"], "hang">) => void;

/** The common part of Node's requests over HTTP/1.1 and HTTP/2. */
interface IncomingRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: RawHeaders;
}

interface ExchangeSettings {
  readonly maxRequestBytes: number;
  readonly disconnect: Disconnect;
  readonly handler: RequestHandler;
}

async function exchange(
  request: IncomingRequest,
  response: ServerResponse,
  { maxRequestBytes, handler, disconnect }: ExchangeSettings,
): Promise<void> {
  const disconnected = new AbortController();
  let isFinished = false;
  response.once("finish", () => {
    isFinished = true;
  });
  response.once("close", () => {
    if (!isFinished) disconnected.abort();
  });
  const reply = await handler({
    verb: request.method ?? "",
    target: request.url ?? "",
    headers: withoutPseudoHeaders(request.rawHeaders),
    body: await readBody(request, maxRequestBytes),
    signal: disconnected.signal,
  });
  if (disconnected.signal.aborted) return;
  await send(reply, response, disconnected.signal, disconnect);
}

/** HTTP/2 carries the method, the path and the host as headers. */
function withoutPseudoHeaders(headers: RawHeaders): RawHeaders {
  if (!headers[0]?.startsWith(":")) return headers;
  return headers.filter((_, i) => !headers[i - (i % 2)]?.startsWith(":"));
}

/** Reads a body to its end even above the limit: a client that is still sending would miss the response. */
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
  disconnect: Disconnect,
): Promise<void> {
  const { status, headers, trailers, fails } = reply;
  if (fails?.where !== "before-answer") {
    const { framing, body, endsBy } = frameReply(reply);
    for (const [name, value] of Object.entries(framing)) response.setHeader(name, value);
    if (endsBy === "connection") {
      // Otherwise Node uses chunked encoding when there is no length.
      response.useChunkedEncodingByDefault = false;
      // Node's `connection: close` would announce the end of the connection.
      response.removeHeader("connection");
    }
    response.writeHead(status, headers);
    if (fails !== undefined) {
      response.flushHeaders();
      await new Promise<void>((resolve) => response.write(body, () => resolve()));
    } else if (endsBy === "chunk") {
      // A separate write, so that Node does not set a content-length.
      response.write(body);
      response.addTrailers(trailers ?? {});
      response.end();
    } else {
      response.end(body);
    }
  }
  if (fails === undefined) return;
  if (fails.how === "hang") await untilAborted(signal);
  else disconnect(fails.how);
}
