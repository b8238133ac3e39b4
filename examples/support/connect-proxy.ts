import { once } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** A running proxy. */
export interface ConnectProxy extends AsyncDisposable {
  /** Without credentials, for instance `http://127.0.0.1:49152`. */
  readonly url: string;
  /**
   * The method and target of every request: `CONNECT localhost:443` for a tunnel, or `POST http://localhost/jobs` for a
   * request to forward.
   */
  readonly asked: readonly string[];
  /** Refuses all requests with an HTTP status, or accepts them again with undefined. */
  refuseWith(status: number | undefined): void;
}

/**
 * Starts an HTTP proxy on loopback, as in a company network. It makes tunnels, and forwards requests for http: URLs.
 *
 * @param credentials `user:password`; without them it responds with 407
 */
export async function startConnectProxy(credentials?: string): Promise<ConnectProxy> {
  const asked: string[] = [];
  const sockets = new Set<Duplex>();
  let refusal: number | undefined;

  /** Returns the status with which to refuse a request, or undefined to accept it. */
  const refusalOf = ({ method, url, headers }: IncomingMessage): number | undefined => {
    asked.push(`${method} ${url}`);
    const [, base64 = ""] = /^Basic (\S+)$/i.exec(headers["proxy-authorization"] ?? "") ?? [];
    if (credentials !== undefined && Buffer.from(base64, "base64").toString() !== credentials) return 407;
    return refusal;
  };

  const server = createServer((request, response) => {
    const status = refusalOf(request);
    if (status === undefined) forward(request, response);
    else response.writeHead(status, headersFor(status)).end("refused by the proxy\n");
  });
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    const status = refusalOf(request);
    if (status === undefined) sockets.add(tunnel(request.url ?? "", client, head));
    else client.end(headOf(status));
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    refuseWith(status) {
      refusal = status;
    },
    [Symbol.asyncDispose]: () => stop(server, sockets),
  };
}

/** Connects, and forwards bytes in both directions. */
function tunnel(target: string, client: Duplex, head: Buffer): Socket {
  const { hostname, port } = new URL(`http://${target}`);
  const upstream = connect(Number(port || 80), hostname);
  upstream.once("connect", () => {
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    upstream.write(head);
    upstream.pipe(client).pipe(upstream);
  });
  upstream.on("error", () => client.end(headOf(502)));
  upstream.on("close", () => client.destroy());
  client.on("close", () => upstream.destroy());
  return upstream;
}

/** Forwards a request, and its response. */
function forward(request: IncomingMessage, response: ServerResponse): void {
  // Raw headers, so that repeated headers stay separate.
  const headers = request.rawHeaders.filter((_, i, all) => !/^proxy-/i.test(all[i - (i % 2)] ?? ""));
  const upstream = httpRequest(
    request.url ?? "",
    { method: request.method ?? "GET", headers },
    (upstreamResponse) => {
      response.writeHead(upstreamResponse.statusCode ?? 502, upstreamResponse.headers);
      upstreamResponse.pipe(response);
    },
  );
  upstream.on("error", () => response.writeHead(502).end());
  request.pipe(upstream);
}

function headersFor(status: number): Record<string, string> {
  return status === 407 ? { "proxy-authenticate": 'Basic realm="proxy"' } : {};
}

function headOf(status: number): string {
  const headers = Object.entries({ ...headersFor(status), "content-length": "0" });
  return `HTTP/1.1 ${status} Refused\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

async function stop(server: Server, sockets: ReadonlySet<Duplex>): Promise<void> {
  server.close();
  for (const socket of sockets) socket.destroy();
  await once(server, "close");
}
