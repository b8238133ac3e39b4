import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";

/** Terminates TLS in front of a server, like a load balancer. */
export interface TlsFront extends AsyncDisposable {
  readonly port: number;
  /** The name in the client's certificate (`""` without one) for each accepted connection. */
  readonly letIn: readonly string[];
  /** The error for each rejected connection. */
  readonly turnedAway: readonly string[];
}

/**
 * Listens on loopback with TLS, and forwards to a port on this machine. With a `ca` it only accepts clients with a certificate
 * of that authority.
 */
export async function startTlsFront(
  upstreamPort: number,
  options: Pick<TlsOptions, "ca" | "cert" | "key" | "ALPNProtocols">,
): Promise<TlsFront> {
  const letIn: string[] = [];
  const turnedAway: string[] = [];
  const sockets = new Set<Duplex>();
  const server = createServer({ ...options, requestCert: options.ca !== undefined }, (client: TLSSocket) => {
    letIn.push(String(client.getPeerCertificate()?.subject?.CN ?? ""));
    const upstream = connect(upstreamPort, "127.0.0.1");
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
    upstream.on("close", () => {
      sockets.delete(upstream);
      client.destroy();
    });
    client.on("error", () => upstream.destroy());
    client.on("close", () => upstream.destroy());
    client.pipe(upstream).pipe(client);
  });
  server.on("tlsClientError", (error) =>
    turnedAway.push("code" in error ? String(error.code) : error.message),
  );
  server.on("connection", (socket: Duplex) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    letIn,
    turnedAway,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
