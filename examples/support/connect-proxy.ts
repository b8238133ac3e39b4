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

/** A proxy that runs. */
export interface ConnectProxy extends AsyncDisposable {
  /** Without credentials, for instance `http://127.0.0.1:49152`. */
  readonly url: string;
  /**
   * The first line of every request that it got: `CONNECT localhost:443` for a tunnel, or
   * `POST http://localhost/jobs` for a request that it is to send on itself.
   */
  readonly asked: readonly string[];
  /** Refuses everything from now on, with an HTTP status; undefined: no longer. */
  refuseWith(status: number | undefined): void;
}

/**
 * Starts an HTTP proxy on loopback, such as a company has at its border. It makes tunnels, and sends on plain
 * requests.
 *
 * @param credentials `user:password`, without which it answers 407
 */
export async function startConnectProxy(credentials?: string): Promise<ConnectProxy> {
  const asked: string[] = [];
  const sockets = new Set<Duplex>();
  let refusal: number | undefined;

  /** The status to refuse a request with, if it is to be refused. */
  const refused = ({ method, url, headers }: IncomingMessage): number | undefined => {
    asked.push(`${method} ${url}`);
    const [, base64 = ""] = /^Basic (\S+)$/i.exec(headers["proxy-authorization"] ?? "") ?? [];
    if (credentials !== undefined && Buffer.from(base64, "base64").toString() !== credentials) return 407;
    return refusal;
  };

  const server = createServer((request, response) => {
    const status = refused(request);
    if (status === undefined) sendOn(request, response);
    else response.writeHead(status, headersFor(status)).end("refused by the proxy\n");
  });
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    const status = refused(request);
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

/** Connects, and passes bytes on both ways without looking at them. */
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

/** Sends a plain request on, and its answer back. */
function sendOn(request: IncomingMessage, response: ServerResponse): void {
  // As they were written, so that several headers of one name stay several.
  const headers = request.rawHeaders.filter((_, i, all) => !/^proxy-/i.test(all[i - (i % 2)] ?? ""));
  const upstream = httpRequest(request.url ?? "", { method: request.method ?? "GET", headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
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
