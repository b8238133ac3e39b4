import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Agent } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { faulty } from "./faulty-server.ts";

// Found by review: a call did not notice a signal that aborted between two of its steps, and never ended.

test("a token function that cancels the call ends it: not sent", async () => {
  const controller = new AbortController();
  const { server, client } = await faulty("HTTP/1.1", {
    accessToken: () => {
      controller.abort("no");
      return server.accessToken;
    },
  });
  const error = await caught(client.run("job-1", undefined, { signal: controller.signal }));
  expect(error).toMatchObject({ code: Code.Cancelled, outcome: "not_sent", attempts: 0, cause: "no" });
  expect(server.requests).toHaveLength(0);
});

test("a signal that aborts right after the token function ends the call", async () => {
  for (let turns = 0; turns < 12; turns++) {
    const controller = new AbortController();
    const { server, client } = await faulty("HTTP/1.1", {
      accessToken: async () => {
        let later = Promise.resolve();
        for (let i = 0; i < turns; i++) later = later.then(() => undefined);
        later.then(() => controller.abort());
        return server.accessToken;
      },
    });
    server.fault({ kind: "hang" });
    const error = await caught(client.run("job-1", undefined, { signal: controller.signal }));
    expect(error.code).toBe(Code.Cancelled);
  }
});

test("an onRetry that closes the client ends the call with its last error", async () => {
  const { server, client } = await faulty("HTTP/1.1");
  server.fault({ kind: "status", status: 429, retryAfter: 3 }, { times: 2 });
  let closed: Promise<void> | undefined;
  const onRetry = () => {
    closed = client.close();
  };
  const error = await caught(client.run("job-1", undefined, { retry: { onRetry } }));
  expect(error).toMatchObject({ status: 429, outcome: "rejected", attempts: 1 });
  await closed;
  expect(server.requests).toHaveLength(1);
});

describe("a signal that aborts while undici is given the request ends the call: not sent", () => {
  const whileSending = ["tracing:bytenite-jobs:attempt:start", "undici:request:create"];
  test.each(whileSending)("by a subscriber of %s", async (name) => {
    const { server, client } = await faulty("HTTP/1.1");
    const controller = new AbortController();
    const abort = () => controller.abort("no");
    subscribe(name, abort);
    onTestFinished(() => void unsubscribe(name, abort));
    const error = await caught(client.run("job-1", undefined, { signal: controller.signal }));
    expect(error).toMatchObject({ code: Code.Cancelled, outcome: "not_sent", cause: "no" });
    await client.close();
    expect(server.requests).toHaveLength(0);
  });

  test("by an interceptor of undici", async () => {
    const controller = new AbortController();
    const pool = new Agent().compose((dispatch) => (options, handler) => {
      controller.abort("no");
      return dispatch(options, handler);
    });
    const { server, client } = await faulty("HTTP/1.1", { dispatcher: pool });
    const error = await caught(client.run("job-1", undefined, { signal: controller.signal }));
    expect(error).toMatchObject({ code: Code.Cancelled, outcome: "not_sent", cause: "no" });
    await pool.close();
    expect(server.requests).toHaveLength(0);
  });
});

test("a signal ends the wait after an attempt that fails while undici is given it", async () => {
  const pool = new Agent();
  await pool.close();
  const controller = new AbortController();
  const onRetry = () => void setImmediate(() => controller.abort("no"));
  const retry = { initialBackoffMs: 3_600_000, maxBackoffMs: 3_600_000, onRetry };
  const { server, client } = await faulty("HTTP/1.1", { dispatcher: pool, timeoutMs: 0, retry });
  const error = await caught(client.run("job-1", undefined, { signal: controller.signal }));
  expect(error).toMatchObject({ code: Code.Cancelled, outcome: "not_sent", attempts: 1, cause: "no" });
  expect(server.requests).toHaveLength(0);
});
