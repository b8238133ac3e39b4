// Calls that end early, on both sides of the gateway.
import { describe, expect, test } from "vitest";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { plan } from "./support/gateway.ts";
import { encodings, startPeer } from "./support/peer.ts";

const ways = [
  ["cleartext HTTP/1.1", {}],
  ["TLS with HTTP/1.1", { tls: true, http2: false }],
  ["TLS with HTTP/2", { tls: true }],
] as const;

describe.each(ways)("over %s", (_way, settings) => {
  test.each(encodings)(
    "a caller who gives up cancels the backend, and the client goes on, in %s",
    async (encoding) => {
      const { gateway, jobs } = await startPeer(settings);
      const client = jobs({ encoding });
      const giveUp = new AbortController();
      const reason = new Error("no longer wanted");
      const call = caught(
        client.run("job-1", undefined, { metadata: plan({ hang: true }), signal: giveUp.signal }),
      );
      await gateway.callThat(({ ended }) => ended === null);
      giveUp.abort(reason);
      expect(await call).toMatchObject({
        code: Code.Cancelled,
        outcome: "unknown",
        cause: reason,
        attempts: 1,
      });
      const { ended } = await gateway.callThat((each) => each.ended !== null);
      expect(ended).toEqual({ code: Code.Cancelled, cancelled: true });
      expect(await client.abort("job-1")).toMatchObject({ ok: true });
      expect(await gateway.calls()).toHaveLength(2);
    },
  );

  test("a thousand runs at once: each is executed once", async () => {
    const { gateway, jobs } = await startPeer(settings);
    const client = jobs();
    const ids = Array.from({ length: 1_000 }, (_, i) => `job-${i}`);
    const responses = await Promise.all(ids.map((id, i) => client.run(id, { taskTimeout: i })));
    expect(responses.every(({ ok, message }, i) => ok && message === `job-${i} is running`)).toBe(true);
    const seen = (await gateway.calls()).map(({ request }) => request as { jobId: string; config: object });
    expect(seen.map(({ jobId }) => jobId).sort()).toEqual(ids.toSorted());
    for (const { jobId, config } of seen) {
      const taskTimeout = jobId.slice(4);
      expect(config).toEqual(taskTimeout === "0" ? {} : { taskTimeout });
    }
  });
});

describe.each(encodings)("in %s", (encoding) => {
  test("a run whose backend is lost during the call is not retried", async () => {
    const { gateway, jobs } = await startPeer();
    const metadata = plan({ dropConnection: true });
    const error = await caught(jobs({ encoding }).run("job-1", { taskTimeout: 1 }, { metadata }));
    expect(error).toMatchObject({ code: Code.Unavailable, status: 503, outcome: "unknown", attempts: 1 });
    expect(await gateway.calls()).toHaveLength(1);
  });

  test("an abort is retried by the policy", async () => {
    const { gateway, jobs } = await startPeer();
    const metadata = plan({ dropConnection: true });
    const client = jobs({ encoding, retry: { maxAttempts: 3, initialBackoffMs: 1 } });
    const error = await caught(client.abort("job-1", { metadata }));
    expect(error).toMatchObject({ status: 503, outcome: "unknown", attempts: 3 });
    expect(await gateway.calls()).toHaveLength(3);
    expect(await client.abort("job-1")).toMatchObject({ ok: true });
  });

  test("a GenericResponse that is not ok with a 200 was not executed, by ByteNite's contract", async () => {
    const { gateway, jobs } = await startPeer();
    const metadata = plan({ ok: false, message: "not today" });
    const error = await caught(jobs({ encoding }).run("job-1", undefined, { metadata }));
    expect(error).toMatchObject({ name: "JobsError", status: 200, outcome: "rejected", reason: "not today" });
    expect(await gateway.calls()).toHaveLength(1);
  });
});
