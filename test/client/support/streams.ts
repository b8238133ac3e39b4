import type { Socket } from "node:net";
import { onTestFinished } from "vitest";
import { RpcError } from "../../../src/errors/rpc-error.ts";
import { createClient, createRestTransport, type RestTransportOptions } from "../../../src/transport.ts";
import { type Loopback, tcpServer } from "../../support/loopback.ts";
import { Streams } from "./stream-service.ts";

/** A transport and a client of the streams service, closed when the test ends. Retries do not make the test wait. */
export function streams(baseUrl: string, options: Partial<RestTransportOptions> = {}) {
  const transport = createRestTransport({
    baseUrl,
    retry: { initialBackoffMs: 1, maxBackoffMs: 2 },
    ...options,
  });
  onTestFinished(() => transport.close());
  return { transport, client: createClient(Streams, transport) };
}

/** The messages of a stream, and the error that it ends with. */
export async function collected<T>(messages: AsyncIterable<T>): Promise<{ got: T[]; error?: RpcError }> {
  const got: T[] = [];
  try {
    for await (const message of messages) got.push(message);
  } catch (error) {
    if (!(error instanceof RpcError)) throw new Error("another error than an RpcError", { cause: error });
    return { got, error };
  }
  return { got };
}

/** The titles of a stream of books, and the error that it ends with. */
export async function titles(books: AsyncIterable<{ readonly title: string }>) {
  const { got, error } = await collected(books);
  return { titles: got.map(({ title }) => title), error };
}

/** Bytes as the chunks of a chunked body, `size` bytes in each, without the last chunk. */
export function chunks(body: Uint8Array | string, size = Number.POSITIVE_INFINITY): Buffer {
  const bytes = Buffer.from(body);
  const parts: (Buffer | string)[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size);
    parts.push(`${chunk.length.toString(16)}\r\n`, chunk, "\r\n");
  }
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

export const LAST_CHUNK = "0\r\n\r\n";

/** The head of a response with a chunked body. */
export function chunkedHead(contentType = "application/json", status = 200): string {
  return `HTTP/1.1 ${status} X\r\ncontent-type: ${contentType}\r\ntransfer-encoding: chunked\r\n\r\n`;
}

/** A whole response with a chunked body. */
export function chunkedResponse(body: Uint8Array | string, contentType?: string, size?: number): Buffer {
  return Buffer.concat([Buffer.from(chunkedHead(contentType)), chunks(body, size), Buffer.from(LAST_CHUNK)]);
}

/** A whole response with a content-length. */
export function response(status: number, body: string, headers: readonly string[] = []): string {
  const lines = ["content-type: application/json", ...headers, `content-length: ${Buffer.byteLength(body)}`];
  return `HTTP/1.1 ${status} X\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}

export interface RawServer extends Loopback {
  /** The heads of the requests. */
  readonly heads: string[];
  /** What came after the heads of a connection. */
  bodyOf(socket: Socket): string;
}

/**
 * Starts a server of raw sockets. The handlers take the requests in order, and the last one all others. A connection is
 * for one request with a body, or for several without one.
 */
export async function rawServer(
  ...handlers: readonly ((socket: Socket, head: string) => void)[]
): Promise<RawServer> {
  const heads: string[] = [];
  const bodies = new Map<Socket, string>();
  const loopback = await tcpServer((socket) => {
    let text = "";
    let hasBody = false;
    socket.on("data", (data) => {
      text += data.toString("latin1");
      while (!hasBody && text.includes("\r\n\r\n")) {
        const end = text.indexOf("\r\n\r\n") + 4;
        const head = text.slice(0, end);
        text = text.slice(end);
        hasBody = /^(transfer-encoding|content-length):/im.test(head);
        const handler = handlers[Math.min(heads.length, handlers.length - 1)];
        heads.push(head);
        handler?.(socket, head);
      }
      bodies.set(socket, text);
    });
  });
  return { ...loopback, heads, bodyOf: (socket) => bodies.get(socket) ?? "" };
}

/** Sends a response and leaves the connection open. */
export const send = (bytes: Uint8Array | string) => (socket: Socket) => void socket.write(bytes);

/** A socket's close. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once("close", () => resolve());
  });
}
