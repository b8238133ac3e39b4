import { gunzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createClient as createConnectClient } from "@connectrpc/connect";
import * as fc from "fast-check";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  BookSchema,
  CheckOutBookRequestSchema,
  LibraryService,
} from "../../examples/gen/library/v1/library_pb.js";
import { Customer, RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import { createRestTransport as createConnectTransport } from "../../src/connect/index.ts";
import { Code, JobsClient } from "../../src/index.ts";
import { createClient, createRestTransport, type RestTransportOptions } from "../../src/transport.ts";
import { anyCharacter } from "../support/any-character.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { ok, okJson, type Scripted, type SeenRequest, scriptedServer } from "../support/scripted-server.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const everything = { encoding: "gzip", minBytes: 0 } as const;
const config = { taskTimeout: 5 };

/** How each request was encoded: `"gzip protobuf"`, `"json"`. It fails if the bytes are something else. */
function forms(seen: readonly SeenRequest[]): string[] {
  return seen.map(({ headers, body }) => {
    const coding = headers["content-encoding"];
    const bytes = coding === undefined ? body : gunzipSync(body);
    expect(headers["content-length"]).toBe(String(body.length));
    if (headers["content-type"] === "application/json") {
      expect(JSON.parse(bytes.toString())).toEqual({ config });
    } else {
      expect(fromBinary(RunJobRequestSchema, bytes).config?.taskTimeout).toBe(5n);
    }
    const encoding = headers["content-type"] === "application/json" ? "json" : "protobuf";
    return coding === undefined ? encoding : `${coding} ${encoding}`;
  });
}

function libraryClient(baseUrl: string, options: Partial<RestTransportOptions>) {
  const transport = createRestTransport({ baseUrl, ...options });
  onTestFinished(() => transport.close());
  return createClient(LibraryService, transport);
}

const book: Scripted = {
  headers: { "content-type": "application/x-protobuf" },
  body: toBinary(BookSchema, create(BookSchema, { title: "Emma" })),
};
const name = "shelves/1/books/2";

test("bodies of at least 1,024 bytes are compressed, shorter ones are not", async () => {
  const server = await scriptedServer(book);
  const client = libraryClient(server.origin, { compressRequests: "gzip" });
  const overhead =
    toBinary(CheckOutBookRequestSchema, create(CheckOutBookRequestSchema, { reader: "x".repeat(1000) }))
      .length - 1000;
  for (const length of [1_023, 1_024]) {
    expect(await client.checkOutBook({ name, reader: "x".repeat(length - overhead) })).toMatchObject({
      title: "Emma",
    });
  }
  const [short, long] = server.seen;
  expect([short?.headers["content-encoding"], short?.body.length]).toEqual([undefined, 1_023]);
  expect(long?.headers["content-encoding"]).toBe("gzip");
  expect(long?.body.length).toBeLessThan(100);
  expect(gunzipSync(long?.body ?? "").length).toBe(1_024);
});

test("any request arrives as it would without compression, but for the compression", async () => {
  const server = await scriptedServer(book);
  const plain = libraryClient(server.origin, {});
  const compressing = libraryClient(server.origin, { compressRequests: everything });
  const calls = fc.record({
    reader: fc.string({ unit: anyCharacter, maxLength: 3_000, size: "max" }),
    encoding: fc.constantFrom("protobuf" as const, "json" as const),
  });
  await fc.assert(
    fc.asyncProperty(calls, async ({ reader, encoding }) => {
      const before = server.seen.length;
      for (const client of [plain, compressing]) {
        await client.checkOutBook({ name, reader }, { encoding, timeoutMs: 0 });
      }
      const [expected, seen] = server.seen.slice(before) as [SeenRequest, SeenRequest];
      const { "content-encoding": coding, "content-length": length, ...headers } = seen.headers;
      const { "content-length": _, ...expectedHeaders } = expected.headers;
      expect(headers).toEqual(expectedHeaders);
      // No body at all stays none.
      expect(coding).toBe(expected.body.length === 0 ? undefined : "gzip");
      expect(coding === undefined ? seen.body : gunzipSync(seen.body)).toEqual(expected.body);
    }),
    { numRuns: 50 },
  );
});

test("a call without a body is not compressed", async () => {
  const server = await scriptedServer(ok);
  await jobsClient(server.baseUrl, { compressRequests: everything }).abort("job-1");
  expect(server.seen[0]?.headers).not.toHaveProperty("content-encoding");
});

test("retries and a renewed token send the same compressed bytes", async () => {
  const token = vi.fn().mockReturnValueOnce("old").mockReturnValue("new");
  const server = await scriptedServer({ status: 401 }, { status: 503 }, ok);
  const client = new JobsClient({
    baseUrl: server.baseUrl,
    accessToken: token,
    compressRequests: everything,
    retry: { initialBackoffMs: 1 },
  });
  onTestFinished(() => client.close());
  await client.run("job-1", config, { idempotencyKey: "key" });
  expect(forms(server.seen)).toEqual(Array(3).fill("gzip protobuf"));
  expect(new Set(server.seen.map(({ body }) => body.toString("hex"))).size).toBe(1);
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(["old", "new", "new"]);
});

const refused415: Scripted = { status: 415, headers: { "content-type": "text/plain" } };
const malformed: Scripted = {
  status: 400,
  headers: { "content-type": "application/json" },
  body: '{"code":3,"message":"invalid character \'\\\\x1f\'"}',
};
/** A google.rpc.Status with code 3, from a gateway that reads binary. */
const malformedBinary: Scripted = {
  status: 400,
  headers: { "content-type": "application/octet-stream" },
  body: Buffer.from("0803", "hex"),
};
const notFound: Scripted = {
  status: 404,
  headers: { "content-type": "application/octet-stream" },
  body: Buffer.from("0805", "hex"),
};

const gatewayTimeout: Scripted = { status: 504 };

describe("a server that takes no compressed requests", () => {
  test.each([
    ["415", refused415],
    ["400", malformed],
    ["400 in binary", malformedBinary],
  ])(
    "and responds with %s gets the request again uncompressed, and is remembered",
    async (_name, refusal) => {
      const server = await scriptedServer(refusal, ok);
      const client = jobsClient(server.baseUrl, { compressRequests: everything, retry: false });
      for (let i = 0; i < 3; i++) await client.run("job-1", config);
      expect(forms(server.seen)).toEqual(["gzip protobuf", "protobuf", "protobuf", "protobuf"]);
    },
  );

  test("is remembered also if the service then fails the call itself", async () => {
    const server = await scriptedServer(refused415, notFound);
    const client = jobsClient(server.baseUrl, { compressRequests: everything });
    expect(await caught(client.run("job-1", config))).toMatchObject({ code: Code.NotFound, attempts: 2 });
    expect(await caught(client.run("job-1", config))).toMatchObject({ code: Code.NotFound, attempts: 1 });
  });

  test("gets compressed requests again after five minutes", async () => {
    const server = await scriptedServer(refused415, ok);
    const client = jobsClient(server.baseUrl, { compressRequests: everything });
    await client.run("job-1", config);
    const now = performance.now.bind(performance);
    const later = vi.spyOn(performance, "now").mockImplementation(() => now() + 5 * 60_000);
    await client.run("job-1", config);
    later.mockRestore();
    expect(forms(server.seen)).toEqual(["gzip protobuf", "protobuf", "gzip protobuf"]);
  });

  test("does not use up the attempts of the retry policy", async () => {
    const server = await scriptedServer(refused415, { status: 503 }, { status: 503 }, ok);
    const client = jobsClient(server.baseUrl, {
      compressRequests: everything,
      retry: { maxAttempts: 3, initialBackoffMs: 1 },
    });
    await client.run("job-1", config, { idempotencyKey: "key" });
    expect(forms(server.seen)).toEqual(["gzip protobuf", "protobuf", "protobuf", "protobuf"]);
  });

  test("and fails the uncompressed request too is not remembered", async () => {
    for (const second of [refused415, malformedBinary, gatewayTimeout, "reset", { status: 404 }] as const) {
      const server = await scriptedServer(refused415, second, ok);
      const client = jobsClient(server.baseUrl, { compressRequests: everything, jsonFallback: false });
      expect(await caught(client.run("job-1", config))).toMatchObject({ attempts: 2 });
      await client.run("job-1", config);
      expect(forms(server.seen)).toEqual(["gzip protobuf", "protobuf", "gzip protobuf"]);
    }
  });
});

describe("compression and binary are each given up only if it is the reason", () => {
  test.each<readonly [what: string, script: readonly Scripted[], forms: readonly string[]]>([
    [
      "a server of JSON without gzip",
      [malformed, malformed, okJson, malformed, okJson, okJson],
      ["gzip protobuf", "protobuf", "json", "gzip json", "json", "json"],
    ],
    [
      "a server of JSON with gzip",
      [refused415, refused415, okJson, okJson, okJson],
      ["gzip protobuf", "protobuf", "json", "gzip json", "gzip json"],
    ],
    [
      "a server that does not send binary, without gzip",
      [{ status: 406 }, refused415, okJson, okJson, okJson],
      ["gzip protobuf", "gzip json", "json", "json", "json"],
    ],
    [
      "a server of binary with gzip, and a malformed request later",
      [ok, malformedBinary, ok],
      ["gzip protobuf", "gzip protobuf", "gzip protobuf"],
    ],
    [
      "a server of binary with gzip that is replaced by one without",
      [ok, refused415, ok],
      ["gzip protobuf", "gzip protobuf", "protobuf"],
    ],
  ])("%s", async (_what, script, expected) => {
    const server = await scriptedServer(...script);
    const client = jobsClient(server.baseUrl, { compressRequests: everything });
    while (server.seen.length < script.length) await client.run("job-1", config).catch(() => undefined);
    expect(forms(server.seen)).toEqual(expected);
  });
});

test.each([
  ["404", notFound],
  ["a failed precondition", { ...malformedBinary, body: Buffer.from("0809", "hex") }],
  ["406", { status: 406 }],
])("a compressed request is not sent again uncompressed after %s", async (_name, response) => {
  const server = await scriptedServer(response);
  const client = jobsClient(server.baseUrl, { compressRequests: everything, jsonFallback: false });
  expect(await caught(client.run("job-1", config))).toMatchObject({ attempts: 1, outcome: "rejected" });
});

test("the attempts of a call include the compressed one", async () => {
  const server = await scriptedServer(refused415, ok);
  const transport = createRestTransport({ baseUrl: server.baseUrl, compressRequests: everything });
  onTestFinished(() => transport.close());
  const { attempts, history } = await transport.unary(Customer.method.runJob, {
    jobId: "job-1",
    config: { taskTimeout: 5n },
  });
  expect([attempts, history.map(({ status }) => status)]).toEqual([2, [415, 200]]);
});

describe("a call that ends while its body is compressed", () => {
  const reader = "x".repeat(4_000_000);

  test("is cancelled at once, and was not sent", async () => {
    const server = await scriptedServer(book);
    const client = libraryClient(server.origin, { compressRequests: "gzip" });
    const controller = new AbortController();
    const call = client.checkOutBook({ name, reader }, { signal: controller.signal });
    controller.abort();
    const rejected = caught(call);
    const nextTurn = new Promise((resolve) => setImmediate(resolve, "still compressing"));
    expect(await Promise.race([rejected, nextTurn])).toBe(await rejected);
    expect(await rejected).toMatchObject({ code: Code.Cancelled, outcome: "not_sent", attempts: 0 });
    expect(server.seen).toEqual([]);
  });

  test("fails when its deadline passes", async () => {
    const server = await scriptedServer(book);
    const client = libraryClient(server.origin, { compressRequests: "gzip" });
    const call = client.checkOutBook({ name, reader }, { timeoutMs: 1 });
    expect(await caught(call)).toMatchObject({ code: Code.DeadlineExceeded, outcome: "not_sent" });
    expect(server.seen).toEqual([]);
  });
});

test("the request is as it was when the call began, even if the caller changes the message afterwards", async () => {
  const server = await scriptedServer(refused415, ok);
  const client = jobsClient(server.baseUrl, { compressRequests: everything });
  const message = { taskTimeout: 5 };
  const called = client.run("job-1", message);
  message.taskTimeout = 6;
  await called;
  expect(forms(server.seen)).toEqual(["gzip protobuf", "protobuf"]);
});

test.each([
  "br",
  true,
  null,
  {},
  { encoding: "zstd" },
  { minBytes: 1 },
  { encoding: "gzip", minbytes: 1 },
  { encoding: "gzip", minBytes: -1 },
  { encoding: "gzip", minBytes: 1.5 },
  { encoding: "gzip", minBytes: "1" },
])("compressRequests cannot be %j", (compressRequests) => {
  const options = { baseUrl: "http://127.0.0.1", compressRequests } as unknown as RestTransportOptions;
  for (const create of [
    () => createRestTransport(options),
    () => createConnectTransport(options as never),
    () => new JobsClient({ ...options, accessToken: "token-1" }),
  ]) {
    expect(create).toThrow(/^InvalidArgument: compressRequests/);
  }
});

test("Connect's transport compresses too", async () => {
  const server = await scriptedServer(ok);
  const transport = createConnectTransport({ baseUrl: server.baseUrl, compressRequests: everything });
  onTestFinished(() => transport.close());
  await createConnectClient(Customer, transport).runJob({ jobId: "job-1", config: { taskTimeout: 5n } });
  expect(forms(server.seen)).toEqual(["gzip protobuf"]);
});
