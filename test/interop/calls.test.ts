// Credentials, and the API's own errors.
import { describe, expect, test } from "vitest";
import { Code, JobsError } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { calls } from "../support/clients.ts";
import { plan } from "./support/gateway.ts";
import { encodings, type Peer, startPeer } from "./support/peer.ts";

const rpcs = ["RunJob", "AbortJob", "DeleteJob"];

async function rpcsSeen({ gateway }: Peer): Promise<unknown[]> {
  return (await gateway.calls()).map(({ rpc, ended }) => [rpc.split("/")[1], ended?.code]);
}

describe.each(encodings)("in %s", (encoding) => {
  test("each call with a wrong token is rejected, without a retry", async () => {
    const peer = await startPeer();
    const client = peer.jobs({ encoding, accessToken: "another-token" });
    for (const call of Object.values(calls)) {
      expect(await caught(call(client))).toMatchObject({
        code: Code.Unauthenticated,
        status: 401,
        outcome: "rejected",
        attempts: 1,
      });
    }
    expect(await rpcsSeen(peer)).toEqual(rpcs.map((rpc) => [rpc, Code.Unauthenticated]));
  });

  test("an expired token is renewed once, and then the job runs once", async () => {
    const peer = await startPeer();
    const tokens = ["expired", peer.gateway.accessToken];
    const accessToken = async () => tokens.shift() ?? "none left";
    const client = peer.jobs({ encoding, retry: false, accessToken });
    expect(await client.run("job-1", { taskTimeout: 7 })).toMatchObject({ message: "job-1 is running" });
    expect((await peer.gateway.calls()).map(({ metadata }) => metadata.authorization)).toEqual([
      ["expired"],
      [peer.gateway.accessToken],
    ]);
    expect(await rpcsSeen(peer)).toEqual([
      ["RunJob", Code.Unauthenticated],
      ["RunJob", Code.OK],
    ]);
  });

  test("each call for an unknown job is rejected", async () => {
    const peer = await startPeer();
    const client = peer.jobs({ encoding });
    for (const call of ["run", "abort", "delete"] as const) {
      const error = await caught(client[call]("no-such-job"));
      expect(error).toMatchObject({ code: Code.NotFound, status: 404, outcome: "rejected", attempts: 1 });
      expect(error).not.toBeInstanceOf(JobsError);
    }
    expect(await rpcsSeen(peer)).toEqual(rpcs.map((rpc) => [rpc, Code.NotFound]));
  });

  test("errors as GenericResponses are JobsErrors, with the code of the API", async () => {
    const peer = await startPeer({ errors: "generic-response" });
    const client = peer.jobs({ encoding });
    const rejected = await caught(client.run("no-such-job", { taskTimeout: 7 }));
    expect(rejected).toBeInstanceOf(JobsError);
    expect(rejected).toMatchObject({
      code: Code.NotFound,
      status: 404,
      outcome: "rejected",
      response: { ok: false },
    });
    // PermissionDenied, then Unavailable, for which the client retries abort.
    const denied = await caught(client.delete("job-1", { metadata: plan({ status: "CAcSAm5v" }) }));
    expect(denied).toBeInstanceOf(JobsError);
    expect(denied).toMatchObject({ code: Code.PermissionDenied, status: 403, outcome: "rejected" });
    const away = await caught(client.abort("job-1", { metadata: plan({ status: "CA4=" }) }));
    expect(away).toMatchObject({ code: Code.Unavailable, status: 503, outcome: "unknown", attempts: 4 });
    expect(await rpcsSeen(peer)).toEqual([
      ["RunJob", Code.NotFound],
      ["DeleteJob", Code.PermissionDenied],
      ...Array.from({ length: 4 }, () => ["AbortJob", Code.Unavailable]),
    ]);
  });
});
