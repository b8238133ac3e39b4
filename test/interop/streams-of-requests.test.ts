// Client streaming, and both ways in turn, through the gateway. What goes both ways at once is in streams-both-ways.test.ts: nginx
// reads all requests before it passes them on.
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { plan } from "./support/gateway.ts";
import { encodings, startPeer } from "./support/peer.ts";
import { readStream } from "./support/read-stream.ts";

const requests = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ entry: { sequence: BigInt(i + 1), text: `text ${i + 1},` } }));
/** As the backend records them. */
const recorded = (count: number) =>
  requests(count).map(({ entry }) => ({ entry: { ...entry, sequence: String(entry.sequence) } }));

/** A status with the code ResourceExhausted and the message "no". */
const status = Buffer.from([8, 8, 18, 2, 0x6e, 0x6f]).toString("base64");

const ways = [
  ["HTTP/1.1", {}],
  ["HTTP/2", { tls: true }],
] as const;

describe.each(ways)("over %s", (_way, settings) => {
  describe("client streaming", () => {
    test.each(encodings)(
      "the requests of an async iterable, and of an array, arrive in %s",
      async (encoding) => {
        const { gateway, logs } = await startPeer(settings);
        const client = logs({ encoding });
        async function* slowly() {
          for (const request of requests(3)) {
            await setImmediate();
            yield request;
          }
        }
        const expected = { count: 3, text: "text 1,text 2,text 3," };
        expect(await client.append(slowly())).toMatchObject(expected);
        expect(await client.append(requests(3))).toMatchObject(expected);
        const calls = await gateway.calls();
        expect(calls.map((call) => call.requests)).toEqual([recorded(3), recorded(3)]);
      },
    );

    test("no request at all", async () => {
      const { gateway, logs } = await startPeer(settings);
      expect(await logs().append([])).toMatchObject({ count: 0, text: "" });
      expect(await gateway.calls()).toMatchObject([{ ended: { code: Code.OK } }]);
    });

    test("ten thousand requests arrive in order", async () => {
      const { gateway, logs } = await startPeer(settings);
      expect(await logs().append(requests(10_000))).toMatchObject({ count: 10_000 });
      expect((await gateway.calls())[0]?.requests).toEqual(recorded(10_000));
    });

    test.each([0, 2])("an error of the backend after %i requests", async (reads) => {
      const { gateway, logs } = await startPeer(settings);
      const error = await caught(logs().append(requests(4), { metadata: plan({ reads, status }) }));
      expect(error).toMatchObject({ code: Code.ResourceExhausted, status: 429, reason: "no", attempts: 1 });
      expect((await gateway.calls())[0]?.requests ?? []).toEqual(recorded(reads));
    });

    test("a response before the end of the requests", async () => {
      const { logs } = await startPeer(settings);
      expect(await logs().append(requests(4), { metadata: plan({ reads: 2 }) })).toMatchObject({ count: 2 });
    });

    test("a backend that is lost is not called again", async () => {
      const { gateway, logs } = await startPeer(settings);
      const metadata = plan({ dropConnection: true });
      expect(await caught(logs().append(requests(2), { metadata }))).toMatchObject({
        code: Code.Unavailable,
        status: 503,
        outcome: "unknown",
        attempts: 1,
      });
      expect(await gateway.calls()).toHaveLength(1);
    });
  });

  describe("both ways", () => {
    test.each(encodings)("each request has its response in %s", async (encoding) => {
      const { gateway, logs } = await startPeer(settings);
      const { messages, error } = await readStream(logs({ encoding }).exchange(requests(3)));
      expect(error).toBeUndefined();
      expect(messages).toMatchObject(requests(3));
      expect((await gateway.calls())[0]?.requests).toEqual(recorded(3));
    });

    test("no request at all", async () => {
      const { logs } = await startPeer(settings);
      expect(await readStream(logs().exchange([]))).toEqual({ messages: [], error: undefined });
    });

    test.each([0, 2])("an error of the backend after %i requests, which are all", async (count) => {
      const { logs } = await startPeer(settings);
      const read = await readStream(logs().exchange(requests(count), { metadata: plan({ status }) }));
      expect(read.messages).toMatchObject(requests(count));
      expect(read.error).toMatchObject({ code: Code.ResourceExhausted, reason: "no", attempts: 1 });
    });

    test("a connection that is lost after a response is an error", async () => {
      const { gateway, logs } = await startPeer(settings);
      const cut = { after: 1, bytes: 4 };
      const read = await readStream(logs().exchange(requests(2), { metadata: plan({ cut }) }));
      expect(read.messages).toMatchObject(requests(1));
      expect(read.error).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 1 });
      expect(await gateway.calls()).toHaveLength(1);
    });

    test("who leaves the loop cancels the backend", async () => {
      const { gateway, logs } = await startPeer(settings);
      const metadata = plan({ reads: 1, hang: true });
      for await (const message of logs().exchange(requests(1), { metadata })) {
        expect(message).toMatchObject(requests(1)[0] ?? {});
        break;
      }
      expect(await gateway.callThat(({ ended }) => ended !== null)).toMatchObject({
        ended: { code: Code.Cancelled, cancelled: true },
      });
    });
  });
});
