import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A server for one test, on a port that the system chooses. It closes with all its sockets when the test ends. */
export interface Loopback {
  readonly origin: string;
  readonly port: number;
  /** The open sockets. */
  readonly sockets: ReadonlySet<Socket>;
}

/** An HTTP server with a request listener, for responses that a well-behaved server would not send. */
export function httpServer(listener: RequestListener): Promise<Loopback> {
  return listen(createHttpServer({ keepAliveTimeout: 60_000 }, listener));
}

/** A TCP server, for data that is not HTTP. */
export function tcpServer(onConnection: (socket: Socket) => void): Promise<Loopback> {
  return listen(createTcpServer(onConnection));
}

async function listen(server: Server): Promise<Loopback> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, port, sockets };
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}
