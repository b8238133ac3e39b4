// Metadata that a gateway changes or drops.
import { describe, expect, test } from "vitest";
import { type CallOptions, Code, type IncomingMetadata } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { plan } from "./support/gateway.ts";
import { encodings, peerOf, startPeer } from "./support/peer.ts";

describe.each(encodings)("in %s", (encoding) => {
  test("errors carry the backend's metadata too", async () => {
    const { gateway, jobs } = await startPeer();
    const seen: IncomingMetadata[] = [];
    const options: CallOptions = {
      metadata: plan({ header: { "x-one": ["1", "2"] }, status: "CAUSAm5v" }), // NotFound
      onResponse: ({ metadata }) => seen.push(metadata),
    };
    const error = await caught(jobs({ encoding }).run("job-1", undefined, options));
    expect(error).toMatchObject({ code: Code.NotFound, status: 404 });
    expect(error.headers["grpc-metadata-x-one"]).toEqual(["1", "2"]);
    expect(seen).toMatchObject([{ "x-one": ["1", "2"] }]);
    expect((await gateway.calls()).map(({ ended }) => ended?.code)).toEqual([Code.NotFound]);
  });

  test("a gateway does not write bytes as base64: bytes that are valid in a header arrive unchanged", async () => {
    const { gateway, jobs } = await startPeer();
    const seen: IncomingMetadata[] = [];
    await jobs({ encoding }).run("job-1", undefined, {
      metadata: plan({ header: { "x-bytes-bin": ["ab~"] } }),
      onResponse: ({ metadata }) => seen.push(metadata),
    });
    expect(seen).toMatchObject([{ "x-bytes-bin": ["ab~"] }]);
    expect(await gateway.calls()).toHaveLength(1);
  });

  test("a gateway drops metadata by default, but neither the token nor the deadline", async () => {
    const { gateway, jobs } = await startPeer({ metadata: "dropped" });
    await jobs({ encoding }).run(
      "job-1",
      { taskTimeout: 7 },
      { metadata: { "x-one": "1" }, timeoutMs: 600_000 },
    );
    const [call] = await gateway.calls();
    expect(call?.request).toEqual({ jobId: "job-1", config: { taskTimeout: "7" } });
    expect(call?.metadata["x-one"]).toBeUndefined();
    expect(call?.metadata.authorization).toEqual([gateway.accessToken]);
    expect(call?.deadlineLeftMs).toBeGreaterThan(300_000);
    expect(call?.deadlineLeftMs).toBeLessThanOrEqual(600_000);
  });

  test("custom headers that a gateway knows reach the backend, others do not", async () => {
    const { gateway, jobs } = await startPeer();
    const headers = { "accept-language": "de", "x-request-id": "1", traceparent: "00-1" };
    await jobs({ encoding }).run("job-1", undefined, { headers, idempotencyKey: "key-1" });
    const metadata = (await gateway.calls())[0]?.metadata ?? {};
    expect(metadata["grpcgateway-accept-language"]).toEqual(["de"]);
    const all = JSON.stringify(metadata);
    for (const dropped of ["key-1", "x-request-id", "traceparent"]) expect(all).not.toContain(dropped);
  });
});

test("bytes that are not valid in a header make the response unreadable: the job ran, and is not retried", async () => {
  const { gateway, jobs } = await startPeer();
  const client = jobs();
  const call = client.run("job-1", undefined, { metadata: plan({ header: { "x-bytes-bin": ["\u0000"] } }) });
  const error = await caught(call);
  expect(error).toMatchObject({ outcome: "unknown", attempts: 1 });
  expect((await gateway.calls()).map(({ ended }) => ended?.code)).toEqual([Code.OK]);
  expect(await client.abort("job-1")).toMatchObject({ ok: true });
});

describe.each([
  ["HTTP/1.1", { tls: true, http2: false }],
  ["HTTP/2", { tls: true }],
] as const)("several values of a key over TLS with %s", (way, settings) => {
  const isJoined = way === "HTTP/2";

  test("text, in both directions", async () => {
    const { gateway } = await startPeer(settings);
    // Not through a proxy, which has no TLS.
    const { jobs } = peerOf(gateway, gateway.origin);
    const seen: IncomingMetadata[] = [];
    await jobs().run("job-1", undefined, {
      metadata: { "x-one": ["1", "2, 3"], ...plan({ header: { "x-two": ["a", "b, c"] } }) },
      onResponse: ({ metadata }) => seen.push(metadata),
    });
    // undici joins repeated headers of a request, and Node those of a response.
    expect(seen).toMatchObject([{ "x-two": isJoined ? ["a, b, c"] : ["a", "b, c"] }]);
    expect((await gateway.calls())[0]?.metadata["x-one"]).toEqual(isJoined ? ["1, 2, 3"] : ["1", "2, 3"]);
  });

  test("bytes", async () => {
    const { gateway } = await startPeer(settings);
    const { jobs } = peerOf(gateway, gateway.origin);
    const metadata = { "x-bytes-bin": [Uint8Array.of(1), Uint8Array.of(2)] };
    const run = jobs().run("job-1", undefined, { metadata });
    // Joined, they are not base64, and the gateway rejects the call.
    if (isJoined) expect(await caught(run)).toMatchObject({ status: 400, outcome: "rejected" });
    else await run;
    expect((await gateway.calls()).map((call) => call.metadata["x-bytes-bin"])).toEqual(
      isJoined ? [] : [["AQ==", "Ag=="]],
    );
  });
});
