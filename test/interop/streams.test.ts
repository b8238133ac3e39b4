// Server streaming, through the gateway. What the wire looks like is in docs/interop.md.
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code } from "../../src/index.ts";
import { type BackendPlan, plan } from "./support/gateway.ts";
import { encodings, startPeer } from "./support/peer.ts";
import { readStream } from "./support/read-stream.ts";

const parent = "logs/a";

/** An error with a detail that the gateway knows. */
const quota = statusOf(
  anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: "QUOTA", domain: "logs" })),
);
/** An error with a detail that it does not know. */
const unknownDetail = statusOf({ typeUrl: "type.googleapis.com/no.Such", value: new Uint8Array([8, 1]) });

function statusOf(detail: { typeUrl: string; value: Uint8Array }): string {
  const status = create(StatusSchema, {
    code: Code.ResourceExhausted,
    message: "zu groß",
    details: [detail],
  });
  return Buffer.from(toBinary(StatusSchema, status)).toString("base64");
}

const sequences = (messages: readonly { readonly entry?: { readonly sequence: bigint } | undefined }[]) =>
  messages.map(({ entry }) => Number(entry?.sequence));

const ways = [
  ["HTTP/1.1", {}],
  ["HTTP/2", { tls: true }],
] as const;

describe.each(ways)("over %s", (_way, settings) => {
  test.each(encodings)("each message arrives before the next one is sent, in %s", async (encoding) => {
    const { gateway, logs } = await startPeer(settings);
    const request = { parent: "logs/ä b", after: 4n, words: ["x", "y&z"] };
    const stream = logs({ encoding }).follow(request, { metadata: plan({ step: true }) });
    const messages = stream[Symbol.asyncIterator]();
    for (let sent = 1; sent <= 3; sent++) {
      await gateway.step();
      const { value } = await messages.next();
      const sequence = 4n + BigInt(sent);
      expect(value).toMatchObject({
        entry: { sequence, text: `entry ${sequence}`, time: { seconds: sequence } },
        result: "logs/ä b",
        error: ["x", "y&z"],
      });
      expect(await gateway.calls()).toMatchObject([{ sent, ended: null, deadlineLeftMs: null }]);
    }
    await gateway.step();
    expect(await messages.next()).toMatchObject({ done: true });
    const calls = await gateway.calls();
    expect(calls.map(({ requests }) => requests)).toEqual([[{ ...request, after: "4" }]]);
  });

  test("a stream without messages ends", async () => {
    const { logs } = await startPeer(settings);
    const stream = logs().follow({ parent }, { metadata: plan({ messages: 0 }) });
    expect(await readStream(stream)).toEqual({ messages: [], error: undefined });
  });

  test.each([0, 1, 3])("an error after %i messages has its code, message and details", async (messages) => {
    const { gateway, logs } = await startPeer(settings);
    const stream = logs({ retry: false }).follow({ parent }, { metadata: plan({ messages, status: quota }) });
    const read = await readStream(stream);
    expect(sequences(read.messages)).toEqual([1, 2, 3].slice(0, messages));
    expect(read.error).toMatchObject({
      code: Code.ResourceExhausted,
      status: messages === 0 ? 429 : 200,
      reason: "zu groß",
    });
    expect(read.error?.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "QUOTA", domain: "logs" }]);
    expect(await gateway.calls()).toHaveLength(1);
  });

  test("a detail that the gateway does not know: the code before the first message, a quiet end after it", async () => {
    const { logs } = await startPeer(settings);
    const client = logs({ retry: false });
    const first = client.follow({ parent }, { metadata: plan({ messages: 0, status: unknownDetail }) });
    expect(await readStream(first)).toMatchObject({ error: { code: Code.ResourceExhausted, status: 429 } });
    // The gateway writes nothing, and ends the response as if all were well.
    const later = client.follow({ parent }, { metadata: plan({ messages: 1, status: unknownDetail }) });
    expect(await readStream(later)).toMatchObject({ messages: [{}], error: undefined });
  });

  test("the deadline of a call ends its stream, at both sides", async () => {
    const { gateway, logs } = await startPeer(settings);
    const metadata = plan({ messages: 1, hang: true });
    const read = await readStream(logs().follow({ parent }, { metadata, timeoutMs: 500 }));
    expect(sequences(read.messages)).toEqual([1]);
    expect(read.error).toMatchObject({ code: Code.DeadlineExceeded, attempts: 1 });
    const { ended, deadlineLeftMs } = await gateway.callThat((call) => call.ended !== null);
    expect(ended?.cancelled).toBe(true);
    expect(deadlineLeftMs).toBeLessThanOrEqual(500);
  });

  test("a deadline before the first message", async () => {
    const { logs } = await startPeer(settings);
    const metadata = plan({ messages: 0, hang: true });
    expect(await readStream(logs().follow({ parent }, { metadata, timeoutMs: 300 }))).toMatchObject({
      messages: [],
      error: { code: Code.DeadlineExceeded },
    });
  });

  test.each([0, 1])("a caller who gives up after %i messages cancels the backend", async (messages) => {
    const { gateway, logs } = await startPeer(settings);
    const client = logs();
    const giveUp = new AbortController();
    const reason = new Error("no longer wanted");
    const metadata = plan({ messages, hang: true });
    const stream = client.follow({ parent }, { metadata, signal: giveUp.signal })[Symbol.asyncIterator]();
    for (let i = 0; i < messages; i++) expect((await stream.next()).done).toBe(false);
    const next = stream.next().then(
      () => undefined,
      (error: unknown) => error,
    );
    await gateway.callThat(({ sent }) => sent === messages);
    giveUp.abort(reason);
    expect(await next).toMatchObject({ code: Code.Cancelled, outcome: "unknown", cause: reason });
    const { ended } = await gateway.callThat((call) => call.ended !== null);
    expect(ended).toEqual({ code: Code.Cancelled, cancelled: true });
    expect((await readStream(client.follow({ parent }))).messages).toHaveLength(3);
  });

  test("who leaves the loop cancels the backend", async () => {
    const { gateway, logs } = await startPeer(settings);
    const client = logs();
    for await (const { entry } of client.follow(
      { parent },
      { metadata: plan({ messages: 1, hang: true }) },
    )) {
      expect(entry?.sequence).toBe(1n);
      break;
    }
    const { ended } = await gateway.callThat((call) => call.ended !== null);
    expect(ended).toEqual({ code: Code.Cancelled, cancelled: true });
    expect((await readStream(client.follow({ parent }))).messages).toHaveLength(3);
  });

  const cuts = [
    ["in the first message", { after: 0, bytes: 9 }],
    ["after a message", { after: 1, bytes: 0 }],
    ["within the envelope", { after: 1, bytes: 9 }],
    ["one byte before the end of a message", { after: 2, bytes: 112 }],
    ["between a message and its newline", { after: 2, bytes: 113 }],
  ] as const;
  test.each(cuts)("a connection lost %s is an error", async (_where, cut) => {
    const { gateway, logs } = await startPeer(settings);
    const read = await readStream(logs().follow({ parent }, { metadata: plan({ cut }), retry: false }));
    expect(sequences(read.messages).slice(0, cut.after)).toEqual([1, 2].slice(0, cut.after));
    expect(read.messages.length).toBeLessThanOrEqual(cut.after + 1);
    expect(read.error).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 1 });
    expect(await gateway.calls()).toHaveLength(1);
  });

  test("a stream is retried before its first message only", async () => {
    const { gateway, logs } = await startPeer(settings);
    const client = logs({ retry: { maxAttempts: 3, initialBackoffMs: 1 } });
    const before = await readStream(
      client.follow({ parent }, { metadata: plan({ cut: { after: 0, bytes: 0 } }) }),
    );
    expect(before).toMatchObject({ messages: [], error: { code: Code.Unavailable, attempts: 3 } });
    expect(await gateway.calls()).toHaveLength(3);
    const after = await readStream(
      client.follow({ parent }, { metadata: plan({ cut: { after: 1, bytes: 5 } }) }),
    );
    expect(after).toMatchObject({ messages: [{}], error: { code: Code.Unavailable, attempts: 1 } });
    expect(await gateway.calls()).toHaveLength(4);
  });

  test("a backend that is lost after a message is Unavailable", async () => {
    const { gateway, logs } = await startPeer(settings);
    const metadata = plan({ messages: 1, step: true, dropConnection: true });
    const stream = logs().follow({ parent }, { metadata })[Symbol.asyncIterator]();
    await gateway.step();
    expect(await stream.next()).toMatchObject({ done: false });
    await gateway.step();
    await expect(stream.next()).rejects.toMatchObject({ code: Code.Unavailable, status: 200 });
    expect(await gateway.calls()).toHaveLength(1);
  });

  test("a response_body is each message's field", async () => {
    const { logs } = await startPeer(settings);
    const { messages, error } = await readStream(logs().tail({ parent }));
    expect(error).toBeUndefined();
    expect(messages).toMatchObject(
      [1n, 2n, 3n].map((sequence) => ({ entry: { sequence, text: `entry ${sequence}` } })),
    );
  });

  test("a stream of google.api.HttpBody is no JSON, which is an error", async () => {
    const { logs } = await startPeer(settings);
    expect(await readStream(logs().download({ name: parent }))).toMatchObject({
      messages: [],
      error: { code: Code.DataLoss, status: 200, outcome: "unknown" },
    });
  });

  test("the second rule has a body", async () => {
    const { gateway, logs } = await startPeer(settings);
    const { messages } = await readStream(logs().follow({ parent: "elsewhere/a", after: 9n }));
    expect(sequences(messages)).toEqual([10, 11, 12]);
    expect((await gateway.calls())[0]?.requests).toEqual([{ parent: "elsewhere/a", after: "9" }]);
  });

  test("metadata of the backend comes with the first message, and metadata of the caller arrives", async () => {
    const { gateway, logs } = await startPeer(settings);
    const back: unknown[] = [];
    const stream = logs().follow(
      { parent },
      {
        metadata: { "x-one": "1", ...plan({ header: { "x-two": ["2"] } }) },
        onResponse: ({ metadata, status }) => back.push({ metadata, status }),
      },
    );
    await readStream(stream);
    expect(back).toMatchObject([{ status: 200, metadata: { "x-two": ["2"] } }]);
    expect((await gateway.calls())[0]?.metadata["x-one"]).toEqual(["1"]);
  });

  test("ten thousand messages arrive in order", async () => {
    const { logs } = await startPeer(settings);
    const { messages, error } = await readStream(
      logs().follow({ parent }, { metadata: plan({ messages: 10_000 }) }),
    );
    expect(error).toBeUndefined();
    expect(sequences(messages)).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
  });

  test("the limit of a response is for each message", async () => {
    const { logs } = await startPeer(settings);
    const follow = (messageBytes: number, maxResponseBytes: number) =>
      readStream(
        logs({ maxResponseBytes }).follow({ parent }, { metadata: plan({ messages: 8, messageBytes }) }),
      );
    const whole = await follow(1_000_000, 1_100_000);
    expect(whole.error).toBeUndefined();
    expect(whole.messages.map(({ entry }) => entry?.text.length)).toEqual(Array(8).fill(1_000_000));
    expect(await follow(1_000_000, 900_000)).toMatchObject({
      messages: [],
      error: { code: Code.ResourceExhausted, outcome: "unknown" },
    });
  });

  test("a hundred streams at once do not mix", async () => {
    const { gateway, logs } = await startPeer(settings);
    const client = logs();
    const streams = Array.from({ length: 100 }, (_, i) =>
      readStream(
        client.follow({ parent: `logs/${i}`, after: BigInt(i) * 10n }, { metadata: plan({ messages: 5 }) }),
      ),
    );
    for (const [i, { messages, error }] of (await Promise.all(streams)).entries()) {
      expect(error).toBeUndefined();
      expect(sequences(messages)).toEqual([1, 2, 3, 4, 5].map((each) => i * 10 + each));
      expect(messages.every(({ result }) => result === `logs/${i}`)).toBe(true);
    }
    expect(await gateway.calls()).toHaveLength(100);
  });
});

describe.each(["pretty", "joined", "events"] as const)("messages that are framed as %s", (framing) => {
  const follow = async (which: BackendPlan) => {
    const { logs } = await startPeer({ framing });
    return readStream(logs().follow({ parent, words: ["}{"] }, { metadata: plan(which) }));
  };

  test("arrive whole", async () => {
    const { messages, error } = await follow({ message: 'a "quoted" } line\nand\r\nothers' });
    expect(error).toBeUndefined();
    expect(sequences(messages)).toEqual([1, 2, 3]);
    for (const { entry, error: words } of messages) {
      expect(entry?.text).toBe('a "quoted" } line\nand\r\nothers');
      expect(words).toEqual(["}{"]);
    }
  });

  test.each([0, 2])("with an error after %i of them", async (messages) => {
    const read = await follow({ messages, status: quota });
    expect(sequences(read.messages)).toEqual([1, 2].slice(0, messages));
    expect(read.error).toMatchObject({ code: Code.ResourceExhausted, reason: "zu groß" });
    expect(read.error?.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "QUOTA" }]);
  });

  test.each([0, 8, 40])("are no end after %i bytes of one", async (bytes) => {
    const read = await follow({ cut: { after: 1, bytes } });
    expect(sequences(read.messages)).toEqual([1]);
    expect(read.error).toMatchObject({ code: Code.Unavailable, outcome: "unknown" });
  });
});

test("a gateway without binary bodies serves the same streams", async () => {
  const { gateway, logs } = await startPeer({ encodings: "json" });
  expect((await readStream(logs().follow({ parent }))).messages).toHaveLength(3);
  expect(await gateway.calls()).toHaveLength(1);
});
