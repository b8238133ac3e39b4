// Streams of requests that the backend reads while they are sent, both ways at once too, also over HTTP/1.1, and through nginx that
// does not buffer requests.
import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { deferred } from "../support/deferred.ts";
import { startNginx } from "./nginx/start-nginx.ts";
import { type GatewaySettings, plan, startGateway } from "./support/gateway.ts";
import { type Peer, peerOf, startPeer } from "./support/peer.ts";
import { readStream } from "./support/read-stream.ts";
import { requestQueue } from "./support/request-queue.ts";
import { settled } from "./support/settled.ts";

/** A status with the code ResourceExhausted and the message "no". */
const status = Buffer.from([8, 8, 18, 2, 0x6e, 0x6f]).toString("base64");

const numbered = (sequence: number, text = "") => ({ entry: { sequence: BigInt(sequence), text } });

async function throughNginx(): Promise<Peer> {
  const gateway = await startGateway();
  onTestFinished(() => gateway.close());
  const directives = `
      proxy_set_header Connection close;
      proxy_request_buffering off;`;
  return peerOf(gateway, await startNginx({ upstream: gateway.origin, directives }));
}

const ways: readonly (readonly [string, () => Promise<Peer>])[] = [
  ["HTTP/2", () => startPeer({ tls: true })],
  ["HTTP/1.1", () => startPeer()],
  ["HTTP/1.1, through nginx that buffers no request", throughNginx],
];

describe.each(ways)("over %s", (_way, start) => {
  test("a request is sent after the response to the one before it", async () => {
    const { gateway, logs } = await start();
    const { give, end, requests } = requestQueue<ReturnType<typeof numbered>>();
    const responses = logs().exchange(requests)[Symbol.asyncIterator]();
    for (let i = 1; i <= 5; i++) {
      give(numbered(i));
      expect((await responses.next()).value).toMatchObject(numbered(i));
    }
    expect(await gateway.calls()).toMatchObject([{ sent: 5, ended: null }]);
    end();
    expect(await responses.next()).toMatchObject({ done: true });
    expect(await gateway.callThat(({ ended }) => ended !== null)).toMatchObject({
      ended: { code: Code.OK, cancelled: false },
    });
  });

  test("ten thousand requests, and as many responses", async () => {
    const { gateway, logs } = await start();
    const requests = Array.from({ length: 10_000 }, (_, i) => numbered(i + 1, "x".repeat(i % 200)));
    const { messages, error } = await readStream(logs().exchange(requests));
    expect(error).toBeUndefined();
    expect(messages.map(({ entry }) => Number(entry?.sequence))).toEqual(requests.map((_, i) => i + 1));
    expect((await gateway.calls())[0]?.requests).toHaveLength(10_000);
  });

  test("when the backend ends, the client ends the requests", async () => {
    const { logs } = await start();
    const client = logs();
    // An end that comes while the client sends has been an error in some runs of many.
    for (let i = 0; i < 30; i++) {
      const { give, left, requests } = requestQueue<ReturnType<typeof numbered>>();
      give(numbered(1));
      const { messages, error } = await readStream(
        client.exchange(requests, { metadata: plan({ reads: 1 }) }),
      );
      expect(error).toBeUndefined();
      expect(messages).toMatchObject([numbered(1)]);
      await left;
    }
  });

  test("when the backend fails, the client ends the requests", async () => {
    const { logs } = await start();
    const client = logs();
    for (let i = 0; i < 30; i++) {
      const { give, left, requests } = requestQueue<ReturnType<typeof numbered>>();
      give(numbered(1));
      const reads = i % 2;
      const read = await readStream(client.exchange(requests, { metadata: plan({ reads, status }) }));
      expect(read.messages).toHaveLength(reads);
      expect(read.error).toMatchObject({ code: Code.ResourceExhausted, reason: "no" });
      await left;
    }
  });

  test("who leaves the loop cancels the backend, and ends the requests", async () => {
    const { gateway, logs } = await start();
    const { give, left, requests } = requestQueue<ReturnType<typeof numbered>>();
    give(numbered(1));
    for await (const { entry } of logs().exchange(requests)) {
      expect(entry?.sequence).toBe(1n);
      break;
    }
    await left;
    await gateway.callThat(({ ended }) => ended !== null);
  });

  test("a caller who gives up, with a request that never comes", async () => {
    const { gateway, logs } = await start();
    const { give, left, requests } = requestQueue<ReturnType<typeof numbered>>();
    const giveUp = new AbortController();
    const responses = logs().exchange(requests, { signal: giveUp.signal })[Symbol.asyncIterator]();
    give(numbered(1));
    expect((await responses.next()).value).toMatchObject(numbered(1));
    giveUp.abort();
    await expect(responses.next()).rejects.toMatchObject({ code: Code.Cancelled, outcome: "unknown" });
    await left;
    await gateway.callThat(({ ended }) => ended !== null);
  });

  test("client streaming, with an iterable that throws: the backend sees no end", async () => {
    const { gateway, logs } = await start();
    const cause = new Error("disk is gone");
    async function* failing() {
      yield numbered(1);
      yield numbered(2);
      await gateway.callThat((call) => call.requests?.length === 2);
      throw cause;
    }
    const error = await caught(logs().append(failing()));
    expect(error).toMatchObject({ outcome: "unknown", attempts: 1 });
    expect(causesOf(error)).toContain(cause);
    const { ended } = await gateway.callThat((call) => call.ended !== null);
    expect(ended).toEqual({ code: Code.Cancelled, cancelled: true });
  });

  test("client streaming, with a caller who gives up: the backend sees no end, and the iterable ends", async () => {
    const { gateway, logs } = await start();
    const giveUp = new AbortController();
    const ended = deferred();
    async function* endless() {
      try {
        for (;;) {
          yield numbered(1);
          await setImmediate();
        }
      } finally {
        ended.resolve();
      }
    }
    const call = caught(logs().append(endless(), { signal: giveUp.signal }));
    await gateway.callThat((each) => (each.requests?.length ?? 0) >= 2);
    giveUp.abort();
    expect(await call).toMatchObject({ code: Code.Cancelled, outcome: "unknown" });
    await ended.promise;
    expect(await gateway.callThat((each) => each.ended !== null)).toMatchObject({
      ended: { code: Code.Cancelled, cancelled: true },
    });
  });
});

const backpressure: readonly (readonly [string, GatewaySettings])[] = [
  ["HTTP/1.1", {}],
  ["HTTP/2", { tls: true }],
];

describe.each(backpressure)("backpressure over %s", (_way, settings) => {
  const messageBytes = 1_000;
  const limit = 30_000_000 / messageBytes;

  test("who reads one response holds the backend back", async () => {
    const { gateway, logs } = await startPeer(settings);
    const metadata = plan({ messages: 1_000_000, messageBytes });
    const stream = logs().follow({ parent: "logs/a" }, { metadata })[Symbol.asyncIterator]();
    expect(await stream.next()).toMatchObject({ done: false });
    expect(await settled(async () => (await gateway.calls())[0]?.sent ?? 0)).toBeLessThan(limit);
    await stream.return?.();
    expect(await gateway.callThat(({ ended }) => ended !== null)).toMatchObject({
      ended: { code: Code.Cancelled, cancelled: true },
    });
  });

  test("a backend that reads one request holds the client back", async () => {
    const { gateway, logs } = await startPeer(settings);
    let given = 0;
    async function* endless() {
      for (;;) yield numbered(++given, "x".repeat(messageBytes));
    }
    const giveUp = new AbortController();
    const call = logs().append(endless(), { metadata: plan({ step: true }), signal: giveUp.signal });
    const failed = expect(call).rejects.toMatchObject({ code: Code.Cancelled });
    await gateway.step();
    await gateway.callThat(({ requests }) => requests?.length === 1);
    const count = async () => {
      await gateway.calls();
      return given;
    };
    expect(await settled(count)).toBeLessThan(limit);
    giveUp.abort();
    await failed;
  });
});

/** An error and its causes. */
function causesOf(error: unknown): unknown[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [error];
}
