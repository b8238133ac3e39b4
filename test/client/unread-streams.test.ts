// A stream whose server is done, but whose reader is not: what ends a call still ends it.
import { subscribe } from "node:diagnostics_channel";
import type { ServerResponse } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { Code } from "../../src/index.ts";
import { createRestTransport } from "../../src/transport.ts";
import { LogService } from "../gen/streams/v1/streams_pb.js";
import { caught } from "../support/caught.ts";
import { deferred } from "../support/deferred.ts";
import { httpServer } from "../support/loopback.ts";

const method = LogService.method.follow;
const line = (text: string) => `{"result":{"entry":{"text":"${text}"}}}\n`;

/** Opens a stream, and reads one of its two messages. The client has seen that the server is done. */
async function unread(options: { signal?: AbortSignal }, end: "complete" | "broken") {
  const seen = deferred();
  const channel = `undici:request:${end === "complete" ? "trailers" : "error"}`;
  subscribe(channel, () => seen.resolve());
  const begun = deferred<ServerResponse>();
  const { origin } = await httpServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    begun.resolve(response);
  });
  const transport = createRestTransport({ baseUrl: origin, retry: false });
  onTestFinished(() => transport.close());
  const { message } = await transport.stream(method, [{ parent: "logs/a" }], options);
  const messages = message[Symbol.asyncIterator]();
  const first = messages.next();
  const response = await begun.promise;
  // As one chunk, for which the reader waits: otherwise the client would not read on.
  const lines = line("a") + line("b");
  if (end === "complete") response.end(lines);
  else response.write(lines, () => response.destroy());
  expect((await first).value?.entry?.text).toBe("a");
  await seen.promise;
  return { transport, messages };
}

test.each(["complete", "broken"] as const)("a signal ends an unread stream (%s)", async (end) => {
  const controller = new AbortController();
  const { messages } = await unread({ signal: controller.signal }, end);
  controller.abort();
  const error = await caught(messages.next());
  expect(error).toMatchObject({ code: Code.Cancelled, outcome: "unknown", attempts: 1, status: 200 });
});

test.each(["complete", "broken"] as const)(
  "close() does not wait for the reader of a stream (%s)",
  async (end) => {
    const { transport, messages } = await unread({}, end);
    await transport.close();
    const error = await caught(messages.next());
    expect(error).toMatchObject({ code: Code.Cancelled, reason: "the transport was closed" });
  },
);
