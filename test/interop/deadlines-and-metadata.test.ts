import { describe, expect, test } from "vitest";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { stopClock } from "../support/stop-clock.ts";
import { plan } from "./support/gateway.ts";
import { encodings, startPeer } from "./support/peer.ts";

describe.each(encodings)("in %s", (encoding) => {
  // Beyond eight digits of milliseconds the header has seconds, rounded up.
  test.each([
    [60_000, 60_000],
    [90_000, 90_000],
    [7_200_000, 7_200_000],
    [200_000_000, 200_001_000],
  ])("the backend sees the deadline that the caller set: %d ms", async (timeoutMs, atMostMs) => {
    const { gateway, jobs } = await startPeer();
    const client = jobs({ encoding });
    const startedAt = performance.now();
    await client.run("job-1", { taskTimeout: 1 }, { timeoutMs });
    const tookMs = performance.now() - startedAt;
    const [{ deadlineLeftMs } = { deadlineLeftMs: null }] = await gateway.calls();
    // Less than the deadline by the time on the way, and no more than that.
    expect(deadlineLeftMs).toBeGreaterThan(timeoutMs - tookMs - 1);
    expect(deadlineLeftMs).toBeLessThanOrEqual(atMostMs + 1);
  });

  test("the longest deadline, and no deadline", async () => {
    const { gateway, jobs } = await startPeer();
    const client = jobs({ encoding });
    await client.run("job-1", undefined, { timeoutMs: Number.MAX_VALUE });
    await client.run("job-1", undefined, { timeoutMs: 0 });
    const left = (await gateway.calls()).map(({ deadlineLeftMs }) => deadlineLeftMs);
    expect(left[0]).toBeGreaterThan(9e12);
    expect(left[1]).toBeNull();
  });

  test("a deadline that passes ends the call in the client, and cancels the backend", async () => {
    const moveOn = stopClock();
    const { gateway, jobs } = await startPeer();
    // Without a deadline header for the gateway: the backend is cancelled because the client disconnects.
    const client = jobs({ encoding, timeoutHeader: false });
    const call = caught(client.run("job-1", undefined, { timeoutMs: 200, metadata: plan({ hang: true }) }));
    await gateway.callThat(({ ended }) => ended === null);
    await moveOn(200);
    expect(await call).toMatchObject({
      code: Code.DeadlineExceeded,
      outcome: "unknown",
      attempts: 1,
    });
    const { ended } = await gateway.callThat((each) => each.ended !== null);
    expect(ended).toMatchObject({ cancelled: true });
    expect(await gateway.calls()).toHaveLength(1);
  });

  test("a deadline that passes at the server is its 504", async () => {
    const { gateway, jobs } = await startPeer();
    // With a custom header, so that the client has no timer for it.
    const client = jobs({ encoding, timeoutHeader: false, timeoutMs: 0, retry: false });
    // Longer, if the call did not reach the backend in time.
    for (let ms = 30; (await gateway.calls()).length === 0; ms *= 2) {
      const options = { headers: { "grpc-timeout": `${ms}m` }, metadata: plan({ hang: true }) };
      expect(await caught(client.run("job-1", undefined, options))).toMatchObject({
        code: Code.DeadlineExceeded,
        status: 504,
        outcome: "unknown",
      });
      for (const { deadlineLeftMs } of await gateway.calls()) expect(deadlineLeftMs).toBeLessThanOrEqual(ms);
    }
  });

  test("each attempt sends the remaining time", async () => {
    const { gateway, jobs } = await startPeer();
    const client = jobs({ encoding, retry: { maxAttempts: 2, initialBackoffMs: 60, jitter: 0 } });
    const metadata = plan({ status: "CA4=" }); // Unavailable
    expect(await caught(client.abort("job-1", { timeoutMs: 60_000, metadata }))).toMatchObject({
      attempts: 2,
    });
    const [first = 0, second = 0] = (await gateway.calls()).map(({ deadlineLeftMs }) => deadlineLeftMs ?? 0);
    expect(first - second).toBeGreaterThanOrEqual(59);
  });

  test("metadata in both directions, as text and bytes", async () => {
    const { gateway, jobs } = await startPeer();
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const sent = { "x-one": "a b~", "x-two": ["1", "2"], "x-bytes-bin": bytes };
    const back = { "x-three": ["c", "d"] };
    const seen: Record<string, unknown>[] = [];
    await jobs({ encoding }).run("job-1", undefined, {
      metadata: { ...sent, ...plan({ header: back }) },
      onResponse: ({ metadata }) => seen.push(metadata),
    });
    expect((await gateway.calls())[0]?.metadata).toMatchObject({
      "x-one": ["a b~"],
      "x-two": ["1", "2"],
      "x-bytes-bin": [Buffer.from(bytes).toString("base64")],
      authorization: [gateway.accessToken],
      "grpcgateway-authorization": [gateway.accessToken],
    });
    expect(seen).toMatchObject([back]);
  });
});
