import { createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { Agent, type Dispatcher, H2CClient } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { Code, createClient, createRestTransport } from "../../src/transport.ts";
import { LogService } from "../gen/streams/v1/streams_pb.js";
import { caught } from "../support/caught.ts";
import { deferred } from "../support/deferred.ts";
import { tcpServer } from "../support/loopback.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { until } from "../support/until.ts";

const json = { "content-type": "application/json" };

test("a stream that goes both ways is the last exchange of its connection, so that Go's server reads its requests to their end", async () => {
  const server = await scriptedServer({ headers: json, body: "{}" });
  const transport = createRestTransport({ baseUrl: server.origin });
  onTestFinished(() => transport.close());
  const logs = createClient(LogService, transport);
  await logs.append([{}]);
  for await (const message of logs.exchange([{}])) expect(message.entry).toBeUndefined();
  for await (const message of logs.follow({ parent: "logs/a" })) expect(message.result).toBe("");
  expect(server.seen.map(({ path, headers }) => [path, headers.connection])).toEqual([
    ["/v1/entries:append", "keep-alive"],
    ["/v1/entries:exchange", "close"],
    ["/v1/logs/a/entries", "keep-alive"],
  ]);
});

test("a response that was paused goes on, also at the end of what has arrived of a chunk", async () => {
  const message = JSON.stringify({ result: { result: "x".repeat(100_000) } });
  const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
  const server = await tcpServer((socket) => {
    socket.once("data", () => socket.write(`${head}${message.length.toString(16)}\r\n${message}`));
  });
  let controller: Dispatcher.DispatchController | undefined;
  const agent = new Agent();
  onTestFinished(() => agent.destroy());
  const dispatcher = agent.compose((dispatch) => (options, handler) => {
    const observed: Dispatcher.DispatchHandler = {
      onRequestStart: (...request) => handler.onRequestStart?.(...request),
      onResponseStart: (...response) => {
        controller = response[0];
        handler.onResponseStart?.(...response);
      },
      onResponseData: (...data) => handler.onResponseData?.(...data),
      onResponseEnd: (...end) => handler.onResponseEnd?.(...end),
      onResponseError: (...failure) => handler.onResponseError?.(...failure),
    };
    return dispatch(options, observed);
  });
  const transport = createRestTransport({ baseUrl: server.origin, dispatcher });
  const response = await transport.stream(LogService.method.follow, [{ parent: "logs/a" }]);
  await until(() => controller?.paused === true);
  const messages = response.message[Symbol.asyncIterator]();
  expect((await messages.next()).value?.result).toHaveLength(100_000);
  const end = messages.next();
  for (const socket of server.sockets) socket.write("\r\n0\r\n\r\n");
  expect((await end).done).toBe(true);
});

test("over HTTP/2, the requests of a call that is aborted are not all of them", async () => {
  const received = deferred<string>();
  const server = createServer();
  server.on("stream", (stream) => {
    let body = "";
    stream.on("data", (chunk) => {
      body += chunk;
      giveUp.abort();
    });
    // undici 8.12 aborts with a clean end of the requests, so only their text can tell.
    stream.on("close", () => received.resolve(body));
  });
  const { port, close } = await listening(server);
  const dispatcher = new H2CClient(`http://127.0.0.1:${port}`);
  onTestFinished(async () => {
    await dispatcher.destroy();
    await close();
  });
  const transport = createRestTransport({ baseUrl: `http://127.0.0.1:${port}`, dispatcher });
  const giveUp = new AbortController();
  async function* oneAndThenNone() {
    yield {};
    await new Promise(() => undefined);
  }
  const call = createClient(LogService, transport).append(oneAndThenNone(), { signal: giveUp.signal });
  expect(await caught(call)).toMatchObject({ code: Code.Cancelled, outcome: "unknown" });
  expect(await received.promise).toBe("{}\n{");
});

async function listening(server: Http2Server) {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => server.close(resolve)) };
}
