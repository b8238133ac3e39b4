// Retries of nginx when a gateway fails, and their effect on a job that must not run twice.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { startNginx } from "./nginx/start-nginx.ts";
import { type Gateway, plan, startGateway } from "./support/gateway.ts";
import { encodings, type Peer, peerOf } from "./support/peer.ts";

async function aGateway(): Promise<Gateway> {
  const gateway = await startGateway();
  onTestFinished(() => gateway.close());
  return gateway;
}

/** Starts a server that closes the connection after each request, and records their methods and targets. */
async function breakingServer(): Promise<{ origin: string; received: string[] }> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", (data) => {
      received.push(data.toString("latin1").split(" HTTP/")[0] ?? "");
      socket.destroy();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

/** Makes clients that use nginx, which has another gateway for when the upstream fails. */
async function withBackup(upstream: string, directives = ""): Promise<Peer> {
  const gateway = await aGateway();
  return peerOf(gateway, await startNginx({ upstream, backup: gateway.origin, directives }));
}

describe.each(encodings)("in %s", (encoding) => {
  test("a gateway that cannot be reached: nginx uses the other one, for any call", async () => {
    const closed = await aGateway();
    await closed.close();
    const { gateway, jobs } = await withBackup(closed.origin);
    const client = jobs({ encoding });
    await client.run("job-1", { taskTimeout: 7 });
    await client.delete("job-1");
    expect((await gateway.calls()).map(({ rpc }) => rpc.split("/")[1])).toEqual(["RunJob", "DeleteJob"]);
  });

  test("a gateway that closes the connection: nginx uses the other one for a DELETE, but not for a POST", async () => {
    const { origin, received } = await breakingServer();
    const { gateway, jobs } = await withBackup(origin);
    const client = jobs({ encoding });
    expect(await caught(client.run("job-1", { taskTimeout: 7 }))).toMatchObject({
      code: Code.Unavailable,
      status: 502,
      outcome: "unknown",
      attempts: 1,
    });
    expect(received).toEqual(["POST /v1/customer/jobs/job-1/run"]);
    expect(await gateway.calls()).toEqual([]);
    // The client retries by its policy, and nginx does not retry.
    expect(await caught(client.abort("job-1"))).toMatchObject({ status: 502, attempts: 4 });
    expect(await gateway.calls()).toEqual([]);

    expect(await client.delete("job-1")).toMatchObject({ message: "job-1 is deleted" });
    expect(received.at(-1)).toBe("DELETE /v1/customer/jobs/job-1");
    expect((await gateway.calls()).map(({ rpc }) => rpc.split("/")[1])).toEqual(["DeleteJob"]);
  });

  test("with non_idempotent, nginx runs a job twice, and nobody notices", async () => {
    const first = await aGateway();
    const { gateway, jobs } = await withBackup(
      first.origin,
      "proxy_next_upstream error timeout non_idempotent; proxy_read_timeout 300ms;",
    );
    // nginx times out on the first gateway, and then on the second one.
    const run = await caught(
      jobs({ encoding }).run("job-1", { taskTimeout: 7 }, { metadata: plan({ delayMs: 2_000 }) }),
    );
    expect(run).toMatchObject({ status: 504, outcome: "unknown", attempts: 1 });
    expect((await first.calls()).map(({ rpc }) => rpc.split("/")[1])).toEqual(["RunJob"]);
    expect((await gateway.calls()).map(({ rpc }) => rpc.split("/")[1])).toEqual(["RunJob"]);
  });

  test("a gateway that ends during a run: 502, unknown, and nginx does not use the other one", async () => {
    const first = await aGateway();
    const { gateway, jobs } = await withBackup(first.origin);
    const client = jobs({ encoding });
    const run = caught(client.run("job-1", { taskTimeout: 7 }, { metadata: plan({ hang: true }) }));
    const { request } = await first.callThat(({ ended }) => ended === null);
    expect(request).toEqual({ jobId: "job-1", config: { taskTimeout: "7" } });
    await first.close();
    expect(await run).toMatchObject({ code: Code.Unavailable, status: 502, outcome: "unknown", attempts: 1 });
    expect(await gateway.calls()).toEqual([]);
    expect(await client.abort("job-1")).toMatchObject({ ok: true });
  });

  test("a NUL in an id passes a gateway, but not nginx: 400, and nothing arrives", async () => {
    const gateway = await aGateway();
    const id = "job-\u0000";
    await peerOf(gateway, gateway.origin).jobs({ encoding }).delete(id);
    expect((await gateway.calls()).map(({ request }) => request)).toEqual([{ jobId: id }]);
    await gateway.clear();
    const { jobs } = peerOf(gateway, await startNginx({ upstream: gateway.origin }));
    const client = jobs({ encoding });
    for (const call of [() => client.run(id, { taskTimeout: 7 }), () => client.delete(id)]) {
      expect(await caught(call())).toMatchObject({
        code: Code.InvalidArgument,
        status: 400,
        outcome: "rejected",
        reason: "400 Bad Request",
      });
    }
    expect(await gateway.calls()).toEqual([]);
  });
});
