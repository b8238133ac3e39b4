import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { startServer } from "../../src/testing/index.ts";
import { createClient, createRestTransport } from "../../src/transport.ts";
import { httpCall, jsonOf } from "./http-call.ts";
import { clientOptions, openService, sides } from "./sides.ts";

const compressRequests = "gzip";
const name = "shelves/1/books/2";
const reader = "Ada".repeat(1_000);
const implementation = { checkOutBook: ({ reader }: { reader: string }) => ({ reader }) };

describe.each(sides)("%s", (side) => {
  async function open(options = {}) {
    const server = await openService(side, LibraryService, implementation, options);
    const transport = createRestTransport({ ...clientOptions(server), compressRequests });
    onTestFinished(() => transport.close());
    return { server, client: createClient(LibraryService, transport) };
  }

  test.each(["protobuf", "json"] as const)("reads a compressed request in %s", async (encoding) => {
    const { server, client } = await open();
    expect(await client.checkOutBook({ name, reader }, { encoding })).toMatchObject({ reader });
    expect(server.requests.map(({ status }) => status)).toEqual([200]);
    const [{ requestBytes } = { requestBytes: new Uint8Array() }] = server.requests;
    expect([...requestBytes.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
  });

  test.each(["protobuf", "json"] as const)("refuses it without gzipRequests, in %s", async (encoding) => {
    const { server, client } = await open({ gzipRequests: false });
    for (let i = 0; i < 2; i++) {
      expect(await client.checkOutBook({ name, reader }, { encoding })).toMatchObject({ reader });
    }
    const seen = server.requests.map(({ status, headers }) => [status, headers["content-encoding"]]);
    expect(seen).toEqual([
      [400, "gzip"],
      [200, undefined],
      [200, undefined],
    ]);
  });

  test("has its limit also for what the bytes decompress to", async () => {
    const { server, client } = await open({ maxRequestBytes: 2_000 });
    await expect(client.checkOutBook({ name, reader })).rejects.toMatchObject({ status: 429 });
    expect(server.requests[0]?.requestBytes.length).toBeLessThan(100);
    expect(await client.checkOutBook({ name, reader: reader.slice(0, 1_500) })).toBeDefined();
  });
});

test.each([
  ["no gzip", Buffer.from("{}")],
  ["a part of it", gzipSync(JSON.stringify({ reader })).subarray(0, 30)],
])("a body labelled gzip that is %s is a malformed request", async (_what, body) => {
  await using server = await startServer(LibraryService, implementation);
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  const response = await httpCall(`${server.baseUrl}/v1/${name}:checkOut`, { headers, body });
  expect(response.status).toBe(400);
  expect(jsonOf(response)).toMatchObject({ code: 3, message: expect.stringMatching(/^gzip: /) });
});
