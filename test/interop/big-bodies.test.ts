// By default grpc-go accepts messages of up to 4 MiB, on both sides of the gateway.
import { describe, expect, test } from "vitest";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { plan } from "./support/gateway.ts";
import { encodings, startPeer } from "./support/peer.ts";

const MiB = 1024 * 1024;

describe.each(encodings)("in %s", (encoding) => {
  test("large responses arrive complete, also in many reads", async () => {
    const { gateway, jobs } = await startPeer();
    const client = jobs({ encoding });
    for (const messageBytes of [1_000, 64 * 1024, MiB, 4 * MiB - 100]) {
      const { message } = await client.run("job-1", undefined, { metadata: plan({ messageBytes }) });
      expect(message.length).toBe(messageBytes);
    }
    expect(await gateway.calls()).toHaveLength(4);
  });

  test("a response that is too large for the gateway: the job ran, the outcome is unknown, and no retry", async () => {
    const { gateway, jobs } = await startPeer();
    const metadata = plan({ messageBytes: 4 * MiB + 1 });
    const error = await caught(jobs({ encoding }).run("job-1", undefined, { metadata }));
    expect(error).toMatchObject({
      code: Code.ResourceExhausted,
      status: 429,
      outcome: "unknown",
      attempts: 1,
    });
    expect((await gateway.calls()).map(({ ended }) => ended?.code)).toEqual([Code.OK]);
  });

  test("a response that is too large for the client: the same", async () => {
    const { gateway, jobs } = await startPeer();
    const client = jobs({ encoding, maxResponseBytes: 10_000 });
    const error = await caught(client.run("job-1", undefined, { metadata: plan({ messageBytes: 10_001 }) }));
    expect(error).toMatchObject({ code: Code.ResourceExhausted, status: 200, outcome: "unknown" });
    expect(await client.run("job-1")).toMatchObject({ ok: true });
    expect(await gateway.calls()).toHaveLength(2);
  });

  test("large requests arrive complete, and one that is too large is rejected before the backend", async () => {
    const { gateway, library } = await startPeer();
    const client = library({ encoding, maxResponseBytes: 5 * MiB });
    const title = "x".repeat(MiB);
    const book = await client.createBook({ parent: "shelves/1", bookId: "2", book: { title } });
    expect(book.title).toBe(title);
    // Just below the limit with the names and the framing. In JSON the response exceeds the client's own limit.
    const other = await client.createBook({ parent: "shelves/1", bookId: "3" });
    const all = "y".repeat(4 * MiB - 100);
    expect((await client.checkOutBook({ name: other.name, reader: all })).reader).toBe(all);
    const last = (await gateway.calls()).at(-1)?.request as { reader: string };
    expect(last.reader.length).toBe(all.length);
    await gateway.clear();
    const reader = "y".repeat(4 * MiB);
    const error = await caught(client.checkOutBook({ name: book.name, reader }));
    expect(error).toMatchObject({ code: Code.ResourceExhausted, status: 429, outcome: "unknown" });
    expect(await gateway.calls()).toEqual([]);
  });
});
