// What nginx does by itself when a gateway fails it, and what that means for a job that must not run twice.
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

/** Takes a request, and then the connection breaks. It says what it was asked. */
async function breakingServer(): Promise<{ origin: string; asked: string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", (data) => {
      asked.push(data.toString("latin1").split(" HTTP/")[0] ?? "");
      socket.destroy();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Clients by way of nginx, which has a gateway to turn to when the upstream fails. */
async function withBackup(upstream: string, directives = ""): Promise<Peer> {
  const gateway = await aGateway();
  return peerOf(gateway, await startNginx({ upstream, backup: gateway.origin, directives }));
}

describe.each(encodings)("in %s", (encoding) => {
  test("a gateway that is not there: nginx asks the other one, for any call", async () => {
    const gone = await aGateway();
    await gone.close();
    const { gateway, jobs } = await withBackup(gone.origin);
    const client = jobs({ encoding });
    await client.run("job-1", { taskTimeout: 7 });
    await client.delete("job-1");
    expect((await gateway.calls()).map(({ rpc }) => rpc.split("/")[1])).toEqual(["RunJob", "DeleteJob"]);
  });

  test("a gateway that breaks off: nginx asks the other one for a DELETE, and for a POST it does not", async () => {
    const { origin, asked } = await breakingServer();
    const { gateway, jobs } = await withBackup(origin);
    const client = jobs({ encoding });
    expect(await caught(client.run("job-1", { taskTimeout: 7 }))).toMatchObject({
      code: Code.Unavailable,
      status: 502,
      outcome: "unknown",
      attempts: 1,
    });
    expect(asked).toEqual(["POST /v1/customer/jobs/job-1/run"]);
    expect(await gateway.calls()).toEqual([]);
    // Made again by us, as far as the policy goes, and each time nginx leaves it at that.
    expect(await caught(client.abort("job-1"))).toMatchObject({ status: 502, attempts: 4 });
    expect(await gateway.calls()).toEqual([]);

    expect(await client.delete("job-1")).toMatchObject({ message: "job-1 is deleted" });
    expect(asked.at(-1)).toBe("DELETE /v1/customer/jobs/job-1");
    expect((await gateway.calls()).map(({ rpc }) => rpc.split("/")[1])).toEqual(["DeleteJob"]);
  });

  test("told to ask again for a POST too, nginx runs a job twice, and nobody learns of it", async () => {
    const first = await aGateway();
    const { gateway, jobs } = await withBackup(
      first.origin,
      "proxy_next_upstream error timeout non_idempotent; proxy_read_timeout 300ms;",
    );
    // nginx stops waiting for the first gateway, and then for the second one, which is as slow.
    const run = await caught(
      jobs({ encoding }).run("job-1", { taskTimeout: 7 }, { metadata: plan({ delayMs: 2_000 }) }),
    );
    expect(run).toMatchObject({ status: 504, outcome: "unknown", attempts: 1 });
    expect((await first.calls()).map(({ rpc }) => rpc.split("/")[1])).toEqual(["RunJob"]);
    expect((await gateway.calls()).map(({ rpc }) => rpc.split("/")[1])).toEqual(["RunJob"]);
  });

  test("a gateway that ends in the middle of a run: 502, unknown, and the other one is not asked", async () => {
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

  test("a NUL in an id passes a gateway, and not nginx: 400, and nothing arrives", async () => {
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
