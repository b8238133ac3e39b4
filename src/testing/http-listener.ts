import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gone } from "./gone.ts";
import type { RawHeaders } from "./raw-headers.ts";
import type { Reply } from "./reply.ts";

/** A request, read whole. */
export interface ReceivedRequest {
  /** The HTTP method. */
  readonly verb: string;
  /** The request target, undecoded: the path and the query. */
  readonly target: string;
  readonly headers: RawHeaders;
  /** Undefined if it is longer than allowed. */
  readonly body: Uint8Array | undefined;
  /** Fires when the connection is gone before the answer is out. */
  readonly signal: AbortSignal;
}

/** Where and how to listen. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** The longest request body, in bytes. */
  readonly maxRequestBytes: number;
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

/**
 * Listens for HTTP/1.1 requests.
 *
 * @param answer gives the reply to a request; it must not reject, except when the request's signal has fired
 */
export async function listen(
  options: ListenOptions,
  answer: (request: ReceivedRequest) => Promise<Reply>,
): Promise<HttpListener> {
  const sockets = new Set<Socket>();
  // An idle connection stays until the client or close() ends it: Node's own five seconds would break off
  // calls that are just being sent on it, in tests that are about something else.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    exchange(request, response, options.maxRequestBytes, answer).catch(() => response.destroy());
  });
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
    closeIdleConnections: () => server.closeIdleConnections(),
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

async function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
  answer: (request: ReceivedRequest) => Promise<Reply>,
): Promise<void> {
  const abandoned = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) abandoned.abort();
  });
  const reply = await answer({
    verb: request.method ?? "",
    target: request.url ?? "",
    headers: request.rawHeaders,
    body: await readBody(request, maxBytes),
    signal: abandoned.signal,
  });
  if (abandoned.signal.aborted) return;
  await send(reply, response, abandoned.signal);
}

/** Reads to the end even what is too long: a client that still sends would not see the answer. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return length > maxBytes ? undefined : new Uint8Array(Buffer.concat(chunks));
}

async function send(reply: Reply, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const { status, headers, body, trailers, fails, announced = true } = reply;
  if (fails === undefined) {
    if (trailers !== undefined) response.setHeader("trailer", Object.keys(trailers));
    else if (announced && mayHaveBody(status)) response.setHeader("content-length", body.length);
    response.writeHead(status, headers);
    if (trailers === undefined && announced) {
      response.end(body);
    } else {
      // Written before the end, so that Node does not work out a length by itself.
      response.write(body);
      response.addTrailers(
        Object.entries(trailers ?? {}).flatMap(([name, values]) =>
          values.map((value): [string, string] => [name, value]),
        ),
      );
      response.end();
    }
    return;
  }
  if (fails.where === "in-answer") {
    // One more than there is, so that even an empty body does not arrive whole.
    response.setHeader("content-length", body.length + 1);
    response.writeHead(status, headers);
    response.flushHeaders();
    const half = body.subarray(0, Math.ceil(body.length / 2));
    await new Promise<void>((resolve) => response.write(half, () => resolve()));
  }
  if (fails.how === "reset") response.socket?.resetAndDestroy();
  else if (fails.how === "close") response.socket?.destroy();
  else await gone(signal);
}

/** RFC 9110, section 8.6. */
function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304;
}
