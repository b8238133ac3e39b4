import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { Dispatcher } from "undici";
import { Code, createClient, createRestTransport, RpcError } from "../../src/transport.ts";
import { Streams } from "../client/support/stream-service.ts";
import { type FuzzedStream, fuzzedStream } from "./fuzzed-stream.ts";

/** The results of a run. */
export interface StreamCounts {
  streams: number;
  /** Streams that ended without an error. */
  ends: number;
  /** Streams that ended with the error that the server sent. */
  serverErrors: number;
  /** Streams that ended with another RpcError. */
  errors: number;
  messages: number;
  /** One line for each wrong result. */
  readonly faults: string[];
}

const IN_FLIGHT = 32;

/** Reads fuzzed streams, over loopback sockets or from a dispatcher in the process, and compares them with what was meant. */
export async function fuzzStreams(
  seed: number,
  count: number,
  over: "sockets" | "memory",
): Promise<StreamCounts> {
  const counts: StreamCounts = { streams: 0, ends: 0, serverErrors: 0, errors: 0, messages: 0, faults: [] };
  await using server = over === "sockets" ? await socketServer(seed) : memoryServer(seed);
  const transport = createRestTransport({ ...server.options, retry: false });
  const client = createClient(Streams, transport);
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) {
      const fault = await readStream(client.watch({ title: String(i) }), fuzzedStream(seed, i), counts);
      if (fault !== undefined) counts.faults.push(`seed ${seed}, stream ${i}, over ${over}: ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  await transport.close();
  return counts;
}

async function readStream(
  books: AsyncIterable<{ readonly title: string; readonly isbn: bigint }>,
  { messages, result, end }: FuzzedStream,
  counts: StreamCounts,
): Promise<string | undefined> {
  counts.streams++;
  const got: string[] = [];
  let error: unknown;
  try {
    for await (const { title, isbn } of books) got.push(`${title} ${isbn}`);
  } catch (thrown) {
    error = thrown;
  }
  counts.messages += got.length;
  if (error !== undefined && !(error instanceof RpcError)) return `an untyped error: ${error}`;
  // The connection may have been closed after the stream before: then the request was not sent.
  if (error?.outcome === "not_sent") return undefined;
  const ended =
    error === undefined ? "end" : error.code === Code.FailedPrecondition ? "server's error" : "error";
  counts[ended === "end" ? "ends" : ended === "error" ? "errors" : "serverErrors"]++;
  if (result === "any") return undefined;
  if (ended !== result) return `it ended with ${ended} instead of ${result}: ${error}`;
  if (error !== undefined && error.outcome !== "unknown") return `its outcome is ${error.outcome}`;
  // What was not read when the connection was lost may be lost, too.
  const isRight = isDeepStrictEqual(got, end === "lost" ? messages.slice(0, got.length) : messages);
  return isRight
    ? undefined
    : `it had the messages ${JSON.stringify(got)} instead of ${JSON.stringify(messages)}`;
}

function streamOf(seed: number, target: string | undefined): FuzzedStream {
  return fuzzedStream(seed, Number(target?.split("title=")[1]));
}

async function socketServer(seed: number) {
  const server = createServer(async (request, response) => {
    const { contentType, parts, end } = streamOf(seed, request.url);
    if (end === "close") {
      response.useChunkedEncodingByDefault = false;
      response.removeHeader("connection");
    }
    response.writeHead(200, { "content-type": contentType });
    response.flushHeaders();
    for (const part of parts) response.write(part);
    if (end === "lost") response.write("", () => request.socket.destroy());
    else response.end(() => end === "close" && request.socket.end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    options: { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function memoryServer(seed: number) {
  const dispatcher = new StreamDispatcher((target) => streamOf(seed, target));
  return {
    options: { baseUrl: "http://127.0.0.1", dispatcher },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Gives a stream to each request, a part at a time, as undici would, and holds it back when it is paused. */
class StreamDispatcher extends Dispatcher {
  readonly #streamOf: (target: string) => FuzzedStream;

  constructor(streamTo: (target: string) => FuzzedStream) {
    super();
    this.#streamOf = streamTo;
  }

  override dispatch({ path }: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { contentType, parts, end } = this.#streamOf(path);
    const framing = end === "close" ? {} : { "transfer-encoding": "chunked" };
    let at = 0;
    const controller = {
      paused: false,
      aborted: false,
      reason: null,
      rawHeaders: [],
      pause: () => {
        controller.paused = true;
      },
      resume: () => {
        if (!controller.paused) return;
        controller.paused = false;
        give();
      },
      abort: () => {
        controller.aborted = true;
      },
    };
    const give = () => {
      while (!controller.paused && !controller.aborted) {
        const part = parts[at++];
        if (part !== undefined) {
          handler.onResponseData?.(controller as never, part as Buffer);
          continue;
        }
        controller.aborted = true;
        if (end === "lost") handler.onResponseError?.(controller as never, new Error("other side closed"));
        else handler.onResponseEnd?.(controller as never, {});
      }
    };
    queueMicrotask(() => {
      handler.onRequestStart?.(controller as never, {});
      handler.onResponseStart?.(controller as never, 200, { "content-type": contentType, ...framing });
      give();
    });
    return true;
  }
}
