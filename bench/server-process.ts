// The server of a benchmark, in its own process: every response is prepared bytes. Its first message has its origins. It
// responds to a message with its CPU time and the bytes on its sockets.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { responseBytes, responseJson } from "./ways/the-call.ts";

/** The usage of the server since its start. */
export interface ServerUsage {
  /** In microseconds. */
  readonly cpu: number;
  /** Bytes from clients. */
  readonly received: number;
  /** Bytes to clients. */
  readonly sent: number;
}

const sockets = new Set<Socket>();
let [receivedBefore, sentBefore] = [0, 0];

/** Responses that are held back, so that calls stay in flight while the client measures its memory. */
let held: (() => void)[] | undefined;
let onHeld: (() => void) | undefined;

/** The body of the response of `/v1/response`, which a client has sent to `/keep`. */
let kept: Buffer = Buffer.alloc(0);

const http1 = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
  const { url = "" } = request;
  // Most calls are the same small one, whose body does not matter.
  const body = /^\/(?:v1\/(?:shelves|both)|keep)/.test(url) ? await bodyOf(request) : undefined;
  if (url === "/keep") {
    kept = body ?? kept;
    response.end();
  } else if (body === undefined) {
    request.resume();
    request.once("end", () => respond(request, response));
  } else if (held === undefined) {
    respond(request, response, body);
  } else {
    held.push(() => respond(request, response, body));
    onHeld?.();
  }
});

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function respond({ url = "", headers }: IncomingMessage, response: ServerResponse, echoed?: Buffer): void {
  const [, command, count] = url.split("/");
  if (command === "hold") held = [];
  if (command === "release") {
    for (const release of held?.splice(0) ?? []) release();
    held = undefined;
  }
  const isPubsub = url.startsWith("/v1/projects/");
  const type = isPubsub ? "application/json" : (headers["content-type"] ?? "");
  const body =
    echoed ??
    longBodyOf(url, type) ??
    (isPubsub
      ? pubsubResponses[url.includes(":publish") ? "publish" : "topic"]
      : type === "application/json"
        ? responseJson
        : responseBytes);
  const send = () => {
    response.writeHead(200, { "content-type": type, "content-length": body.length });
    response.end(body);
  };
  if (command !== "held") {
    send();
    return;
  }
  onHeld = () => {
    if ((held?.length ?? 0) < Number(count)) return;
    onHeld = undefined;
    send();
  };
  onHeld();
}

function longBodyOf(url: string, type: string): Buffer | undefined {
  if (url === "/v1/response") return kept;
  return url === "/v1/request" ? Buffer.from(type === "application/json" ? "{}" : "") : undefined;
}

const pubsubResponses = {
  topic: Buffer.from('{"name":"projects/bench/topics/t","labels":{"kind":"bench"}}'),
  publish: Buffer.from('{"messageIds":["1"]}'),
};

const grpcMessage = Buffer.concat([Buffer.from([0, 0, 0, 0, responseBytes.length]), responseBytes]);

const http2 = createHttp2Server();
http2.on("stream", (stream, headers) => {
  stream.resume();
  const type = headers["content-type"] ?? "";
  stream.once("end", () => {
    if (!type.startsWith("application/grpc")) {
      stream.respond({ ":status": 200, "content-type": type, "content-length": responseBytes.length });
      stream.end(responseBytes);
      return;
    }
    stream.respond({ ":status": 200, "content-type": type }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(grpcMessage);
  });
});

for (const server of [http1, http2]) {
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      receivedBefore += socket.bytesRead;
      sentBefore += socket.bytesWritten;
    });
  });
}

const originOf = async (server: Server) => {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  let [received, sent] = [receivedBefore, sentBefore];
  for (const socket of sockets) {
    received += socket.bytesRead;
    sent += socket.bytesWritten;
  }
  process.send?.({ cpu: user + system, received, sent } satisfies ServerUsage);
});
process.on("disconnect", () => process.exit());
process.send?.({ http1: await originOf(http1), http2: await originOf(http2) });
