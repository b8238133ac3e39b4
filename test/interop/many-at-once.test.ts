// Many calls at once, some of which fail.
import { Agent } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code, RpcError } from "../../src/index.ts";
import type { BackendCall } from "./support/gateway.ts";
import { plan } from "./support/gateway.ts";
import { encodings, startPeer } from "./support/peer.ts";

const ways = [
  ["cleartext HTTP/1.1", {}],
  ["TLS with HTTP/2", { tls: true }],
] as const;

const idOf = ({ request }: BackendCall) => (request as { jobId: string }).jobId;

describe.each(ways)("over %s", (_way, settings) => {
  test("a thousand runs in JSON, through the user's own Agent: each is executed once", async () => {
    const { gateway, jobs } = await startPeer(settings);
    const { certificate: ca } = gateway;
    const dispatcher = new Agent({ connections: 32, ...(ca !== undefined && { connect: { ca } }) });
    onTestFinished(() => dispatcher.destroy());
    const client = jobs({ encoding: "json", dispatcher });
    const ids = Array.from({ length: 1_000 }, (_, i) => `job-${i}`);
    const responses = await Promise.all(ids.map((id, i) => client.run(id, { taskTimeout: i + 1 })));
    expect(responses.map(({ message }) => message)).toEqual(ids.map((id) => `${id} is running`));
    const seen = (await gateway.calls()).map(({ request }) => request as { jobId: string });
    expect(seen.toSorted((a, b) => Number(a.jobId.slice(4)) - Number(b.jobId.slice(4)))).toEqual(
      ids.map((jobId, i) => ({ jobId, config: { taskTimeout: `${i + 1}` } })),
    );
  });

  test.each(encodings)(
    "a third given up, a third failing, a third well: none runs twice, in %s",
    async (encoding) => {
      const { gateway, jobs } = await startPeer(settings);
      const client = jobs({ encoding });
      const giveUp = new AbortController();
      const ids = Array.from({ length: 300 }, (_, i) => `job-${i}`);
      const ends = ids.map((id, i) => {
        const kind = i % 3;
        const metadata = kind === 0 ? plan({ hang: true }) : kind === 1 ? plan({ status: "CA4=" }) : {};
        const options = { metadata, ...(kind === 0 && { signal: giveUp.signal }) };
        return client.run(id, undefined, options).then(
          () => ({ id, kind, end: "ran" }),
          (error: unknown) => ({ id, kind, end: error instanceof RpcError ? error : new Error("odd") }),
        );
      });
      await Promise.all(ends.filter((_, i) => i % 3 === 1));
      await gateway.callThat(({ ended }) => ended === null);
      giveUp.abort();

      const seen = new Map<string, number>();
      const all = await Promise.all(ends);
      for (const call of await gateway.calls()) seen.set(idOf(call), (seen.get(idOf(call)) ?? 0) + 1);
      for (const { id, kind, end } of all) {
        if (kind === 2) {
          expect(end).toBe("ran");
          expect(seen.get(id), id).toBe(1);
        } else if (kind === 1) {
          expect(end).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 1 });
          expect(seen.get(id), id).toBe(1);
        } else {
          const { code, outcome } = end as RpcError;
          expect(code).toBe(Code.Cancelled);
          // A call with the outcome not_sent was not executed; an unknown one was executed once at most.
          expect(seen.get(id) ?? 0, `${id} ${outcome}`).toBeLessThanOrEqual(outcome === "not_sent" ? 0 : 1);
        }
      }
      expect(await client.abort("job-1")).toMatchObject({ ok: true });
    },
  );
});
