import { channel } from "node:diagnostics_channel";
import type { TLSSocket } from "node:tls";
import { create, toBinary } from "@bufbuild/protobuf";
import { Pool } from "undici";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { type CallOptions, Code, JobsClient, JobsError, type RpcError } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { type Gateway, type GatewaySettings, plan, startGateway } from "./support/gateway.ts";

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

describe("the options of the gateway and the plans of its backend", () => {
  const options = (gateway: Gateway, encoding: "protobuf" | "json") => ({
    baseUrl: gateway.customerUrl,
    accessToken: gateway.accessToken,
    encoding,
  });

  test("plans of calls, in sequence", async () => {
    await using gateway = await startGateway();
    await using jobs = new JobsClient(options(gateway, "protobuf"));

    const shaped = await jobs.run("job-1", {}, { metadata: plan({ message: "é", delayMs: 1 }) });
    expect(shaped.message).toBe("é");
    const long = await jobs.run("job-1", {}, { metadata: plan({ messageBytes: 1000 }) });
    expect(long.message).toBe("m".repeat(1000));
    expect(await caught(jobs.run("job-1", {}, { metadata: plan({ ok: false }) }))).toBeInstanceOf(JobsError);

    const status = create(StatusSchema, { code: Code.Aborted, message: "lost the race" });
    const failing = { status: Buffer.from(toBinary(StatusSchema, status)).toString("base64") };
    expect(await caught(jobs.run("job-1", {}, { metadata: plan(failing) }))).toMatchObject({
      code: Code.Aborted,
      status: 409,
    });

    const lost = await caught(jobs.run("job-1", {}, { metadata: plan({ dropConnection: true }) }));
    expect(lost).toMatchObject({ code: Code.Unavailable, status: 503, outcome: "unknown" });
    expect(await jobs.run("job-1")).toMatchObject({ ok: true }); // over a new connection

    const back: unknown[] = [];
    const metadata = plan({ header: { "x-a": ["1", "2"] }, trailer: { "x-b": ["3"] } });
    await jobs.run("job-1", {}, { metadata, onResponse: (response) => back.push(response.metadata) });
    expect(back).toMatchObject([{ "x-a": ["1", "2"] }]);

    const headers = { te: "trailers" };
    await jobs.run(
      "job-1",
      {},
      { metadata, headers, onResponse: (response) => back.push(response.metadata) },
    );
    expect(back[1]).toMatchObject({ "x-a": ["1", "2"], "x-b": ["3"] });

    const ended = (await gateway.calls()).map((call) => call.ended);
    expect(ended).toMatchObject([0, 0, 0, Code.Aborted, Code.Cancelled, 0, 0, 0].map((code) => ({ code })));
  });

  test("a hanging call ends when the client disconnects", async () => {
    await using gateway = await startGateway();
    await using jobs = new JobsClient(options(gateway, "protobuf"));
    const going = new AbortController();
    const cancelled = caught(jobs.run("job-1", {}, { metadata: plan({ hang: true }), signal: going.signal }));
    await gateway.callThat((call) => call.ended === null);
    going.abort();
    expect(await cancelled).toMatchObject({ code: Code.Cancelled, outcome: "unknown" });
    const { ended } = await gateway.callThat((call) => call.ended !== null);
    expect(ended).toEqual({ code: Code.Cancelled, cancelled: true });
  });

  test("a deadline reaches the backend", async () => {
    await using gateway = await startGateway();
    await using jobs = new JobsClient({ ...options(gateway, "protobuf"), timeoutMs: 600_000 });
    await jobs.run("job-1");
    const [call] = await gateway.calls();
    expect(call?.deadlineLeftMs).toBeGreaterThan(300_000);
    expect(call?.deadlineLeftMs).toBeLessThanOrEqual(600_000);
    await jobs.run("job-1", {}, { timeoutMs: 0 });
    expect((await gateway.calls())[1]?.deadlineLeftMs).toBeNull();
  });

  test.each(["protobuf", "json"] as const)("errors as a GenericResponse in %s", async (encoding) => {
    await using gateway = await startGateway({ errors: "generic-response" });
    await using jobs = new JobsClient(options(gateway, encoding));
    const error = await caught(jobs.run("no-such-job"));
    expect(error).toBeInstanceOf(JobsError);
    expect(error).toMatchObject({
      status: 404,
      error: { code: 404n, message: 'there is no job "no-such-job"' },
    });
    expect(error.headers["content-type"]).toBe(
      encoding === "json" ? "application/json" : "application/octet-stream",
    );
    expect(await gateway.calls()).toMatchObject([{ ended: { code: Code.NotFound } }]);
  });

  test("JSON only", async () => {
    await using gateway = await startGateway({ encodings: "json" });
    await using jobs = new JobsClient({ ...options(gateway, "protobuf"), jsonFallback: false });
    const error = await caught(jobs.run("job-1", { taskTimeout: 1 }));
    expect(error.status).toBe(400);
    expect(error.headers["content-type"]).toBe("application/json");
    expect(await gateway.calls()).toEqual([]);
  });

  test("another content type of binary responses", async () => {
    await using gateway = await startGateway({ binaryContentType: "application/protobuf" });
    await using jobs = new JobsClient(options(gateway, "protobuf"));
    const contentTypes: unknown[] = [];
    await jobs.run("job-1", {}, { onResponse: ({ headers }) => contentTypes.push(headers["content-type"]) });
    expect(contentTypes).toEqual(["application/protobuf"]);
    expect(await gateway.calls()).toHaveLength(1);
  });

  test("other field numbers", async () => {
    await using gateway = await startGateway({ numbers: "other" });
    await using binary = new JobsClient(options(gateway, "protobuf"));
    await using json = new JobsClient(options(gateway, "json"));
    await binary.run("job-1", { taskTimeout: 1 });
    await json.run("job-1", { taskTimeout: 1 });
    expect((await gateway.calls()).map((call) => call.request)).toEqual([
      { jobId: "job-1" },
      { jobId: "job-1", config: { taskTimeout: "1" } },
    ]);
  });

  test.each([
    { unescaping: "legacy", received: "job-a b" },
    { unescaping: "all-except-reserved", received: "job-a b/c" },
    { unescaping: "all-except-slash", received: "job-a b/c" },
    { unescaping: "all-characters", received: "job-a b" },
  ] as const)("unescaping mode $unescaping", async ({ unescaping, received }) => {
    await using gateway = await startGateway({ unescaping });
    await using jobs = new JobsClient(options(gateway, "protobuf"));
    await jobs.delete("job-a b");
    // A slash reaches the rpc in two of the modes, and finds no route in the others.
    const slash = await jobs.delete("job-a b/c").then(
      () => "found",
      (error: RpcError) => error.status,
    );
    const ids = (await gateway.calls()).map((call) => (call.request as { jobId: string }).jobId);
    expect(ids.at(-1)).toBe(received);
    expect(slash).toBe(received.includes("/") ? "found" : 404);
  });

  test.each(["forwarded", "dropped"] as const)("metadata that is %s", async (metadata) => {
    await using gateway = await startGateway({ metadata });
    await using jobs = new JobsClient(options(gateway, "protobuf"));
    await jobs.run(
      "job-1",
      {},
      { metadata: { "x-key": ["1", "2"], "x-bytes-bin": new Uint8Array([0, 255]) } },
    );
    const [call] = await gateway.calls();
    const passedOn = { "x-key": ["1", "2"], "x-bytes-bin": ["AP8="] };
    expect(call?.metadata.authorization).toEqual([gateway.accessToken]);
    expect({ "x-key": call?.metadata["x-key"], "x-bytes-bin": call?.metadata["x-bytes-bin"] }).toEqual(
      metadata === "forwarded" ? passedOn : { "x-key": undefined, "x-bytes-bin": undefined },
    );
  });

  test("the record waits for a call, and can be cleared", async () => {
    await using gateway = await startGateway();
    await using jobs = new JobsClient(options(gateway, "protobuf"));
    const awaited = gateway.callThat(({ rpc }) => rpc === "bytenite.customer.Customer/DeleteJob");
    await jobs.run("job-1");
    await jobs.delete("job-2");
    expect((await awaited).request).toEqual({ jobId: "job-2" });
    await gateway.clear();
    expect(await gateway.calls()).toEqual([]);
  });

  test("a wrong token is rejected, and the library requires none", async () => {
    await using gateway = await startGateway();
    await using jobs = new JobsClient({ ...options(gateway, "protobuf"), accessToken: "another-token" });
    expect(await caught(jobs.run("job-1"))).toMatchObject({ code: Code.Unauthenticated, status: 401 });
    const response = await fetch(`${gateway.libraryUrl}/v1/shelves/1/books`);
    expect(await response.json()).toEqual({ books: [], nextPageToken: "" });
    expect((await gateway.calls()).map((call) => [call.rpc, call.ended?.code])).toEqual([
      ["bytenite.customer.Customer/RunJob", Code.Unauthenticated],
      ["library.v1.LibraryService/ListBooks", Code.OK],
    ]);
  });

  test("nothing serves after close()", async () => {
    const gateway = await startGateway();
    await gateway.close();
    await gateway.close();
    await using jobs = new JobsClient({ ...options(gateway, "protobuf"), retry: false });
    expect(await caught(jobs.run("job-1"))).toMatchObject({ outcome: "not_sent" });
  });
});

/** Records the ALPN protocol of each connection that undici opens during this test. */
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
