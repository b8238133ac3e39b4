import { channel } from "node:diagnostics_channel";
import type { TLSSocket } from "node:tls";
import { Pool } from "undici";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type CallOptions, JobsClient } from "../../src/index.ts";
import { type Gateway, type GatewaySettings, startGateway } from "./support/gateway.ts";

const ways = [
  { way: "cleartext HTTP/1.1", settings: {}, protocol: undefined },
  { way: "TLS with HTTP/2", settings: { tls: true }, protocol: "h2" },
  { way: "TLS with HTTP/1.1", settings: { tls: true, http2: false }, protocol: "http/1.1" },
] as const satisfies { way: string; settings: GatewaySettings; protocol: string | undefined }[];

describe.each(ways)("a real grpc-gateway over $way", ({ settings, protocol }) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(settings);
  });
  afterAll(() => gateway.close());
  beforeEach(() => gateway.clear());

  describe.each(["protobuf", "json"] as const)("in %s", (encoding) => {
    const contentType = encoding === "json" ? "application/json" : "application/octet-stream";

    test("runs, aborts and deletes a job", async () => {
      const protocols = protocolsOfConnections();
      const { certificate } = gateway;
      const tls = certificate === undefined ? {} : { connect: { ca: certificate } };
      const dispatcher = new Pool(gateway.origin, tls);
      onTestFinished(() => dispatcher.close());
      const { accessToken, customerUrl: baseUrl } = gateway;
      await using jobs = new JobsClient({ baseUrl, accessToken, encoding, dispatcher });
      const contentTypes: unknown[] = [];
      const options: CallOptions = {
        onResponse: ({ headers }) => {
          contentTypes.push(headers["content-type"]);
        },
      };

      const run = await jobs.run(
        "job-1",
        { taskTimeout: 3600, jobTimeout: 86_400n, isTestJob: true },
        options,
      );
      const abort = await jobs.abort("job-1", options);
      const deleted = await jobs.delete("job-1", options);

      expect(run).toMatchObject({ ok: true, message: "job-1 is running" });
      expect(abort).toMatchObject({ ok: true, message: "job-1 is aborted" });
      expect(deleted).toMatchObject({ ok: true, message: "job-1 is deleted" });
      expect(contentTypes).toEqual([contentType, contentType, contentType]);
      expect([...new Set(protocols)]).toEqual([protocol]);

      const calls = await gateway.calls();
      const id = { jobId: "job-1" };
      const config = { taskTimeout: "3600", jobTimeout: "86400", isTestJob: true };
      expect(calls.map(({ rpc, request, ended }) => ({ rpc, request, ended }))).toEqual([
        {
          rpc: "bytenite.customer.Customer/RunJob",
          request: { ...id, config },
          ended: { code: 0, cancelled: false },
        },
        { rpc: "bytenite.customer.Customer/AbortJob", request: id, ended: { code: 0, cancelled: false } },
        { rpc: "bytenite.customer.Customer/DeleteJob", request: id, ended: { code: 0, cancelled: false } },
      ]);
      expect(calls.map((call) => `request-${call.id}`)).toEqual(
        [run, abort, deleted].map((r) => r.requestId),
      );
    });
  });
});

/** What undici agrees on in each connection that it opens, while this test runs. */
function protocolsOfConnections(): unknown[] {
  const protocols: unknown[] = [];
  const connected = channel("undici:client:connected");
  const note = (message: unknown) => {
    const { socket } = message as { socket: Partial<TLSSocket> };
    protocols.push(socket.alpnProtocol);
  };
  connected.subscribe(note);
  onTestFinished(() => {
    connected.unsubscribe(note);
  });
  return protocols;
}
