import { Agent, type Dispatcher, H2CClient, request } from "undici";
import { onTestFinished } from "vitest";
import {
  createMemoryServer,
  type GatewayOptions,
  type MemoryFault,
  type ServiceImplementation,
  startServer,
  type TestServer,
} from "../../src/testing/index.ts";
import { StreamsService } from "./streams-service.ts";

/** The kinds of server: over a socket in both versions of HTTP, and in memory. */
export const peers = ["HTTP/1.1", "HTTP/2", "memory"] as const;
export type PeerName = (typeof peers)[number];

export type StreamPeer = TestServer<MemoryFault> & { readonly dispatcher: Dispatcher };

export type Handlers = ServiceImplementation<typeof StreamsService>;

/** Opens a server of streams for one test, with a dispatcher that leads to it. */
export async function openStreams(
  peer: PeerName,
  implementation: Handlers,
  options: GatewayOptions = {},
): Promise<StreamPeer> {
  if (peer === "memory") {
    const server = createMemoryServer(StreamsService, implementation, options);
    onTestFinished(() => server.close());
    return server;
  }
  const http2 = peer === "HTTP/2";
  const server = await startServer(StreamsService, implementation, { ...options, http2 });
  const dispatcher = http2 ? new H2CClient(new URL(server.baseUrl).origin) : new Agent();
  onTestFinished(async () => {
    await dispatcher.destroy();
    await server.close();
  });
  return { ...(server as TestServer as TestServer<MemoryFault>), dispatcher, requests: server.requests };
}

export interface StreamCall {
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array | AsyncIterable<string>;
  readonly signal?: AbortSignal;
}

/** Sends a request, and resolves when the response begins. */
export function call({ baseUrl, dispatcher }: StreamPeer, path: string, init: StreamCall = {}) {
  const { method = init.body === undefined ? "GET" : "POST", ...rest } = init;
  return request(`${baseUrl}${path}`, { dispatcher, method, ...(rest as object) });
}

/** A response: all of its text, and whether it came to an end or broke off. */
export interface Got {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
  readonly end: "complete" | "broken";
}

/** Sends a request, and reads the response up to its end. */
export async function get(server: StreamPeer, path: string, init: StreamCall = {}): Promise<Got> {
  const { statusCode: status, headers, body } = await call(server, path, init);
  const type = headers["content-type"] as string | undefined;
  const chunks: Uint8Array[] = [];
  const text = () => Buffer.concat(chunks).toString();
  try {
    for await (const chunk of body) chunks.push(chunk);
    return { status, type, text: text(), end: "complete" };
  } catch {
    return { status, type, text: text(), end: "broken" };
  }
}

/** Reads the text of a response piece by piece. */
export class Reader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  text = "";

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#chunks = body[Symbol.asyncIterator]();
  }

  /** Reads on until so many lines are there. */
  async lines(count: number): Promise<string[]> {
    while (this.text.split("\n").length <= count) {
      const { done, value } = await this.#chunks.next();
      if (done === true) throw new Error(`the response ended after ${JSON.stringify(this.text)}`);
      this.text += Buffer.from(value).toString();
    }
    return this.text.split("\n").slice(0, count);
  }

  /** Reads on to the end. */
  async rest(): Promise<string> {
    for (let next = await this.#chunks.next(); next.done !== true; next = await this.#chunks.next()) {
      this.text += Buffer.from(next.value).toString();
    }
    return this.text;
  }
}

/** The titles of the books in the lines of a gateway's stream. */
export function titles(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith('{"result"'))
    .map((line) => (JSON.parse(line) as { result: { title: string } }).result.title);
}
