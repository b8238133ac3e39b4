// HTTP/2 to nginx, which uses HTTP/1.1 to the gateway.
import { H2CClient } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code, JobsClient } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { startNginx } from "./nginx/start-nginx.ts";
import { type Gateway, plan, startGateway } from "./support/gateway.ts";
import { type Encoding, encodings } from "./support/peer.ts";

async function jobsOverHttp2(encoding: Encoding): Promise<{ gateway: Gateway; client: JobsClient }> {
  const gateway = await startGateway();
  onTestFinished(() => gateway.close());
  const origin = await startNginx({ upstream: gateway.origin, http2: true });
  const dispatcher = new H2CClient(origin);
  onTestFinished(() => dispatcher.destroy());
  const baseUrl = `${origin}/v1/customer`;
  const client = new JobsClient({ baseUrl, accessToken: gateway.accessToken, encoding, dispatcher });
  onTestFinished(() => client.close());
  return { gateway, client };
}

describe.each(encodings)("in %s", (encoding) => {
  test("the three calls, an error, metadata and the deadline", async () => {
    const { gateway, client } = await jobsOverHttp2(encoding);
    const back: unknown[] = [];
    await client.run(
      "job-é b",
      { taskTimeout: 7 },
      {
        timeoutMs: 600_000,
        metadata: { "x-one": "1", ...plan({ header: { "x-two": ["2", "3"] } }) },
        onResponse: ({ metadata }) => back.push(metadata),
      },
    );
    await client.abort("job-1");
    await client.delete("job-1");
    expect(await caught(client.run("no-such-job"))).toMatchObject({
      code: Code.NotFound,
      status: 404,
      outcome: "rejected",
    });
    // Node's HTTP/2 joins the two values of a repeated header.
    expect(back).toMatchObject([{ "x-two": ["2, 3"] }]);
    const calls = await gateway.calls();
    expect(calls.map(({ rpc, request }) => [rpc.split("/")[1], request])).toEqual([
      ["RunJob", { jobId: "job-é b", config: { taskTimeout: "7" } }],
      ["AbortJob", { jobId: "job-1" }],
      ["DeleteJob", { jobId: "job-1" }],
      ["RunJob", { jobId: "no-such-job" }],
    ]);
    expect(calls[0]?.metadata["x-one"]).toEqual(["1"]);
    expect(calls[0]?.deadlineLeftMs).toBeLessThanOrEqual(600_000);
    expect(calls[0]?.deadlineLeftMs).toBeGreaterThan(300_000);
  });

  test("an aborted call cancels its stream and its backend, and no other call", async () => {
    const { gateway, client } = await jobsOverHttp2(encoding);
    const giveUp = new AbortController();
    const metadata = plan({ hang: true });
    const given = caught(client.run("job-1", undefined, { metadata, signal: giveUp.signal }));
    await gateway.callThat(({ ended }) => ended === null);
    const other = client.run("job-2", undefined, { metadata: plan({ delayMs: 200 }) });
    await gateway.callThat(({ id }) => id === 2);
    giveUp.abort();
    expect(await given).toMatchObject({ code: Code.Cancelled, outcome: "unknown", attempts: 1 });
    const { request, ended } = await gateway.callThat((each) => each.ended?.cancelled === true);
    expect({ request, ended }).toEqual({
      request: { jobId: "job-1" },
      ended: { code: Code.Cancelled, cancelled: true },
    });
    expect(await other).toMatchObject({ message: "job-2 is running" });
    expect(await gateway.calls()).toHaveLength(2);
  });

  test("three hundred runs at once on one connection: each is executed once", async () => {
    const { gateway, client } = await jobsOverHttp2(encoding);
    const ids = Array.from({ length: 300 }, (_, i) => `job-${i}`);
    await Promise.all(ids.map((id) => client.run(id, { taskTimeout: 1 })));
    const seen = (await gateway.calls()).map(({ request }) => (request as { jobId: string }).jobId);
    expect(seen.toSorted()).toEqual(ids.toSorted());
  });
});
