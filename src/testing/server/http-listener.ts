import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Readable } from "node:stream";
import type { Reply, ReplyFailure, ReplyStream } from "../gateway/reply.ts";

import { frameReply } from "./frame-reply.ts";
import { asHttp1, Http2Listener } from "./http2-listener.ts";
import type { RawHeaders } from "./raw-headers.ts";
import { type RequestHandler, untilAborted } from "./received-request.ts";

/** Where and how to listen. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
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
  { http2 }: ListenOptions,
  handler: RequestHandler,
): { readonly server: Server; closeIdleConnections(): void } {
  if (http2) {
    const listener = new Http2Listener((request, response) => {
      const { stream } = response;
      exchange(request, asHttp1(response), {
        handler,
        disconnect: (how) => listener.disconnect(response, how),
        onDisconnect(listener) {
          // Node ends a stream that the client resets, and closes it only when its request has been read.
          stream.once("aborted", listener);
          stream.once("close", () => {
            if (!stream.writableFinished) listener();
          });
        },
        // As Go does (RFC 9113, section 8.1), so that the client stops sending.
        discardRest: () => stream.close(constants.NGHTTP2_NO_ERROR),
      }).catch(() => stream.destroy());
    });
    return { server: listener.server, closeIdleConnections: () => listener.closeIdleConnections() };
  }
  // Idle connections stay open until the client or close() ends them: Node's default timeout of five seconds would fail
  // calls that are just being sent, in tests about something else.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    exchange(request, response, {
      handler,
      disconnect(how) {
        if (how === "reset") response.socket?.resetAndDestroy();
        else response.socket?.destroy();
      },
      onDisconnect(listener) {
        response.once("close", () => {
          if (!response.writableFinished) listener();
        });
      },
      discardRest: () => void request.resume(),
    }).catch(() => response.destroy());
  });
  return { server, closeIdleConnections: () => server.closeIdleConnections() };
}

/** Ends the connection of a response, or its stream over HTTP/2. */
type Disconnect = (how: Exclude<ReplyFailure["how"], "hang">) => void;

/** The common part of Node's requests over HTTP/1.1 and HTTP/2. */
interface NodeRequest extends Readable {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: RawHeaders;
  /** Whether the body has been received. */
  readonly complete: boolean;
}

interface ExchangeSettings {
  readonly disconnect: Disconnect;
  /** Calls the listener when the client disconnects before the response is complete. */
  onDisconnect(listener: () => void): void;
  /** Gets rid of the body that is still to come after the response. */
  discardRest(): void;
  readonly handler: RequestHandler;
}

async function exchange(
  request: NodeRequest,
  response: ServerResponse,
  { handler, disconnect, onDisconnect, discardRest }: ExchangeSettings,
): Promise<void> {
  const disconnected = new AbortController();
  onDisconnect(() => disconnected.abort());
  const reply = await handler({
    verb: request.method ?? "",
    target: request.url ?? "",
    headers: withoutPseudoHeaders(request.rawHeaders),
    // Its end must not end the connection, on which the response still is to go.
    body: request.iterator({ destroyOnReturn: false }),
    signal: disconnected.signal,
  });
  try {
    if (disconnected.signal.aborted) return;
    await send(reply, response, disconnected.signal, disconnect);
  } finally {
    reply.stream?.cancel();
  }
  // A handler may end before the client has sent all: what still comes is of no use to anybody.
  if (!request.complete) discardRest();
}

/** HTTP/2 carries the method, the path and the host as headers. */
function withoutPseudoHeaders(headers: RawHeaders): RawHeaders {
  if (!headers[0]?.startsWith(":")) return headers;
  return headers.filter((_, i) => !headers[i - (i % 2)]?.startsWith(":"));
}

async function send(
  reply: Reply,
  response: ServerResponse,
  signal: AbortSignal,
  disconnect: Disconnect,
): Promise<void> {
  const { status, headers, trailers, fails, stream } = reply;
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
    if (stream !== undefined) return sendStream(stream, response, signal, disconnect);
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
  if (fails !== undefined) await breakOff(fails.how, signal, disconnect);
}

/** Sends the messages of a response one by one. It awaits a client that reads slowly. */
async function sendStream(
  { chunks }: ReplyStream,
  response: ServerResponse,
  signal: AbortSignal,
  disconnect: Disconnect,
): Promise<void> {
  // Without a message, too, the headers go without a length.
  let areHeadersSent = false;
  for await (const { bytes, fails } of chunks) {
    if (signal.aborted) return;
    areHeadersSent = true;
    if (fails !== undefined) {
      response.flushHeaders();
      await new Promise<void>((resolve) => response.write(bytes, () => resolve()));
      return breakOff(fails, signal, disconnect);
    }
    if (!response.write(bytes)) await once(response, "drain", { signal });
  }
  if (!areHeadersSent) response.flushHeaders();
  response.end();
}

async function breakOff(
  how: ReplyFailure["how"],
  signal: AbortSignal,
  disconnect: Disconnect,
): Promise<void> {
  if (how === "hang") await untilAborted(signal);
  else disconnect(how);
}
