// etcd's streams, through its own gateway: HTTP/1.1 and JSON only.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CallOptions, Code } from "../../../src/transport.ts";
import { encodings } from "../support/peer.ts";
import { type Product, startProduct } from "../support/product.ts";
import { readStream } from "../support/read-stream.ts";
import { requestQueue } from "../support/request-queue.ts";

type Message = Record<string, unknown>;
type BothWays = (
  requests: Iterable<object> | AsyncIterable<object>,
  options?: CallOptions,
) => AsyncIterable<Message>;

const utf8 = (text: string) => new TextEncoder().encode(text);
/** A request to watch a key. */
const watchOf = (key: string, more: { startRevision?: bigint; watchId?: bigint } = {}) => ({
  requestUnion: { case: "createRequest", value: { key: utf8(key), prevKv: true, ...more } },
});

let etcd: Product<{ readonly origin: string }>;
beforeAll(async () => {
  etcd = await startProduct("etcd");
});
afterAll(() => etcd[Symbol.asyncDispose]());

describe.each(encodings)("in %s", (encoding) => {
  const clients = () => ({
    kv: etcd.client<"put" | "compact" | "deleteRange">("etcdserverpb.KV", { encoding }),
    lease: etcd.client<"leaseGrant" | "leaseRevoke">("etcdserverpb.Lease", { encoding }),
    watch: streams<{ watch: BothWays }>("etcdserverpb.Watch").watch,
    leaseKeepAlive: streams<{ leaseKeepAlive: BothWays }>("etcdserverpb.Lease").leaseKeepAlive,
    snapshot: streams<{ snapshot: (request: object) => AsyncIterable<Message> }>("etcdserverpb.Maintenance")
      .snapshot,
  });
  const streams = <Methods>(service: string) => etcd.client(service, { encoding }) as unknown as Methods;

  test("a watch sees what another client puts and deletes, until it is left", async () => {
    const { kv, watch } = clients();
    const key = utf8(`watched-${encoding}`);
    const seen: unknown[] = [];
    for await (const { created, events } of watch([watchOf(`watched-${encoding}`)])) {
      seen.push(...(events as unknown[]));
      if (created === true) await kv.put({ key, value: utf8("1") });
      if (seen.length === 1) await kv.put({ key, value: new Uint8Array([0, 255]) });
      if (seen.length === 2) await kv.deleteRange({ key });
      if (seen.length === 3) break;
    }
    expect(seen).toMatchObject([
      { type: 0, kv: { key, value: utf8("1"), version: 1n } },
      { type: 0, kv: { key, value: new Uint8Array([0, 255]), version: 2n }, prevKv: { value: utf8("1") } },
      { type: 1, kv: { key }, prevKv: { value: new Uint8Array([0, 255]) } },
    ]);
    // The connection that was left does not disturb the next call.
    await kv.put({ key });
  });

  test("a watch begins at a revision of the past", async () => {
    const { kv, watch } = clients();
    const name = `history-${encoding}`;
    const first = revisionOf(await kv.put({ key: utf8(name), value: utf8("1") }));
    await kv.put({ key: utf8(name), value: utf8("2") });
    const values: string[] = [];
    for await (const { events } of watch([watchOf(name, { startRevision: first })])) {
      for (const event of events as { kv: { value: Uint8Array } }[])
        values.push(Buffer.from(event.kv.value).toString());
      if (values.length === 2) break;
    }
    expect(values).toEqual(["1", "2"]);
  });

  test("a watch that the client cancels by a request, while it watches another key", async () => {
    const { kv, watch } = clients();
    const { requests, give, end, left } = requestQueue<object>();
    const [one, other] = [`one-${encoding}`, `other-${encoding}`];
    give(watchOf(one, { watchId: 1n }));
    const seen: Message[] = [];
    for await (const message of watch(requests)) {
      seen.push(message);
      if (seen.length === 1) give(watchOf(other, { watchId: 2n }));
      if (seen.length === 2) give({ requestUnion: { case: "cancelRequest", value: { watchId: 1n } } });
      if (seen.length === 3) {
        await kv.put({ key: utf8(one) });
        await kv.put({ key: utf8(other) });
      }
      if (seen.length === 4) break;
    }
    expect(seen).toMatchObject([
      { watchId: 1n, created: true, canceled: false },
      { watchId: 2n, created: true, canceled: false },
      { watchId: 1n, created: false, canceled: true },
      { watchId: 2n, events: [{ kv: { key: utf8(other) } }] },
    ]);
    await left;
    end();
  });

  test("a watch that the caller aborts", async () => {
    const { watch } = clients();
    const giveUp = new AbortController();
    const stream = watch([watchOf(`aborted-${encoding}`)], { signal: giveUp.signal });
    const responses = stream[Symbol.asyncIterator]();
    expect((await responses.next()).value).toMatchObject({ created: true });
    const next = responses.next();
    giveUp.abort();
    await expect(next).rejects.toMatchObject({ code: Code.Cancelled, outcome: "unknown" });
  });

  test("a watch that etcd cancels, because what it asks for has been compacted", async () => {
    const { kv, watch } = clients();
    const name = `compacted-${encoding}`;
    await kv.put({ key: utf8(name), value: utf8("1") });
    const revision = revisionOf(await kv.put({ key: utf8(name), value: utf8("2") }));
    await kv.compact({ revision, physical: true });
    const seen: Message[] = [];
    for await (const message of watch([watchOf(name, { startRevision: 1n })])) {
      seen.push(message);
      if (message.canceled === true) break;
    }
    expect(seen).toMatchObject([
      { created: true },
      { canceled: true, compactRevision: revision, events: [] },
    ]);
  });

  test("each keep-alive has its response before the next one is sent, and the stream ends with them", async () => {
    const { lease, leaseKeepAlive } = clients();
    const { ID } = await lease.leaseGrant({ TTL: 3600n });
    const { requests, give, end } = requestQueue<object>();
    const responses = leaseKeepAlive(requests)[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) {
      give({ ID });
      expect((await responses.next()).value).toMatchObject({ ID, TTL: 3600n });
    }
    give({ ID: 404n });
    expect((await responses.next()).value).toMatchObject({ ID: 404n, TTL: 0n });
    end();
    expect(await responses.next()).toMatchObject({ done: true });
    await lease.leaseRevoke({ ID });
  });

  test("a snapshot is whole: its last 32 bytes are the digest of the others", async () => {
    const { kv, snapshot } = clients();
    await kv.put({ key: utf8("big"), value: new Uint8Array(1_000_000) });
    const { messages, error } = await readStream(snapshot({}));
    expect(error).toBeUndefined();
    expect(messages.at(-1)).toMatchObject({ remainingBytes: 0n });
    const whole = Buffer.concat(messages.map(({ blob }) => blob as Uint8Array));
    const digest = createHash("sha256").update(whole.subarray(0, -32)).digest();
    expect(whole.subarray(-32).equals(digest)).toBe(true);
  });
});

function revisionOf({ header }: Message): bigint {
  return (header as { readonly revision: bigint }).revision;
}
