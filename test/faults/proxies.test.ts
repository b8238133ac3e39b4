import { ProxyAgent } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { startConnectProxy } from "../../examples/support/connect-proxy.ts";
import { Code } from "../../src/index.ts";
import { startJobsServer } from "../../src/testing/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { closedPort } from "../support/loopback.ts";

/** A client behind a proxy, optionally with tunnels for `http:` too. */
async function behindProxy(proxyTunnel: boolean) {
  const api = await startJobsServer({ jobs: ["job-1"], accessToken: "token-1" });
  const proxy = await startConnectProxy();
  const dispatcher = new ProxyAgent({ uri: proxy.url, proxyTunnel });
  onTestFinished(async () => {
    await dispatcher.destroy();
    await proxy[Symbol.asyncDispose]();
    await api.close();
  });
  return { api, proxy, dispatcher, client: jobsClient(api.baseUrl, { dispatcher }) };
}

describe("a proxy with a tunnel", () => {
  test("forwards the call", async () => {
    const { api, proxy, client } = await behindProxy(true);
    await client.run("job-1", { isTestJob: true });
    await client.delete("job-1");
    // One tunnel for each connection of undici's pool.
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT 127.0.0.1:${api.port}`]));
    expect(api.executions).toHaveLength(2);
  });

  test.each([407, 403, 502])("that refuses with %i: not sent", async (status) => {
    const { api, proxy, client } = await behindProxy(true);
    proxy.refuseWith(status);
    const error = await caught(client.run("job-1"));
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "not_sent", status: undefined });
    expect(error.reason).toContain(String(status));
    expect(proxy.asked).toHaveLength(4);
    expect(api.connections).toBe(0);
  });

  test("that refuses once is retried, and the job runs once", async () => {
    const { api, proxy, dispatcher } = await behindProxy(true);
    proxy.refuseWith(502);
    const onRetry = () => proxy.refuseWith(undefined);
    const client = jobsClient(api.baseUrl, { dispatcher, retry: { initialBackoffMs: 1, onRetry } });
    await client.run("job-1");
    expect(proxy.asked).toHaveLength(2);
    expect(api.executions).toHaveLength(1);
  });
});

describe("a proxy that forwards requests", () => {
  test("gets the whole URL, and forwards the call", async () => {
    const { api, proxy, client } = await behindProxy(false);
    await client.run("job-1", { taskTimeout: 3600 });
    expect(proxy.asked).toEqual([`POST ${api.baseUrl}/jobs/job-1/run`]);
    expect(api.executions).toMatchObject([{ rpc: "RunJob", config: { taskTimeout: 3600n } }]);
  });

  test.each(["run", "delete"] as const)(
    "and requires credentials rejects %s with another code than InvalidArgument",
    async (call) => {
      const { api, proxy, client } = await behindProxy(false);
      proxy.refuseWith(407);
      const error = await caught(client[call]("job-1"));
      expect(error).toMatchObject({
        code: Code.FailedPrecondition,
        outcome: "rejected",
        status: 407,
        attempts: 1,
        reason: "Proxy Authentication Required (407)",
      });
      expect(api.requests).toHaveLength(0);
    },
  );

  test("and has lost the server: unknown", async () => {
    const { proxy, client } = await behindProxy(false);
    proxy.refuseWith(502);
    expect(await caught(client.run("job-1"))).toMatchObject({
      code: Code.Unavailable,
      outcome: "unknown",
      status: 502,
      attempts: 1,
    });
  });
});

test.each([true, false])(
  "a proxy that fails in the middle of a call: unknown (tunnel: %s)",
  async (tunnel) => {
    const { api, proxy, client } = await behindProxy(tunnel);
    api.fault({ kind: "delay", until: new Promise(() => {}), execute: true });
    const error = caught(client.run("job-1"));
    await api.received(1);
    await proxy[Symbol.asyncDispose]();
    expect(await error).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 1 });
    expect(api.executions).toHaveLength(1);
  },
);

test.each([true, false])(
  "several values of a metadata key pass a proxy (tunnel: %s)",
  async (proxyTunnel) => {
    const { api, client } = await behindProxy(proxyTunnel);
    const metadata = {
      "x-one": ["1", "2"],
      "x-two": "3",
      "x-none": [],
      "x-bin": [Uint8Array.of(1), Uint8Array.of(2)],
    };
    await client.run("job-1", undefined, { metadata });
    const sent = api.requests[0]?.rawHeaders ?? [];
    const values = (name: string) => sent.filter((_, i) => sent[i - 1] === `grpc-metadata-${name}`);
    expect(values("x-one")).toEqual(["1", "2"]);
    expect(values("x-two")).toEqual(["3"]);
    expect(values("x-none")).toEqual([]);
    expect(values("x-bin")).toEqual(["AQ==", "Ag=="]);
  },
);

test.each([true, false])("a proxy that does not listen: not sent (tunnel: %s)", async (proxyTunnel) => {
  const dispatcher = new ProxyAgent({ uri: `http://127.0.0.1:${await closedPort()}`, proxyTunnel });
  onTestFinished(() => dispatcher.destroy());
  const client = jobsClient("http://127.0.0.1:1", { dispatcher });
  expect(await caught(client.run("job-1"))).toMatchObject({ code: Code.Unavailable, outcome: "not_sent" });
});

test("closing the client does not close the caller's dispatcher", async () => {
  const { api, dispatcher, client } = await behindProxy(true);
  await client.run("job-1");
  await client.close();
  await jobsClient(api.baseUrl, { dispatcher }).delete("job-1");
  expect(api.executions).toHaveLength(2);
});
