import { gzipSync } from "node:zlib";
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { type Scripted, scriptedServer } from "../support/scripted-server.ts";

const message = create(GenericResponseSchema, { ok: true, requestId: "r-1", message: "queued" });
const binary = toBinary(GenericResponseSchema, message);
const json = toJsonString(GenericResponseSchema, message);
const status = toBinary(StatusSchema, create(StatusSchema, { code: 5, message: "not found" }));

async function abort(response: Scripted) {
  const server = await scriptedServer(response);
  return jobsClient(server.baseUrl, { retry: false, maxResponseBytes: 1_000 }).abort("job-1");
}

describe("a response is decoded by its own content type", () => {
  test.each([
    ["application/x-protobuf", binary],
    ["application/protobuf", binary],
    ["application/vnd.google.protobuf", binary],
    ["application/x-protobuffer", binary],
    ["application/proto", binary],
    ["application/x-google-protobuf", binary],
    [["application/x-protobuf", "application/x-protobuf"], binary],
    ["application/json, application/json", json],
    ["application/octet-stream", binary],
    ["Application/X-Protobuf; charset=x", binary],
    ["application/json", json],
    ["application/json; charset=utf-8", json],
    ["application/hal+json", json],
    ["application/json", '{"ok":true,"request_id":"r-1","message":"queued","new":[1]}'],
  ])("%s", async (contentType, body) => {
    expect(await abort({ headers: { "content-type": contentType }, body })).toEqual(message);
  });

  test("compressed by a proxy", async () => {
    const headers = { "content-type": "application/x-protobuf", "content-encoding": "gzip" };
    expect(await abort({ headers, body: gzipSync(binary) })).toEqual(message);
  });

  test("with a status between 200 and 299", async () => {
    expect(await abort({ status: 202, headers: { "content-type": "application/json" }, body: json })).toEqual(
      message,
    );
  });
});

describe("an empty response is the message with all defaults", () => {
  test.each([
    [204, "application/x-protobuf"],
    [204, "application/json"],
    [204, "text/html"],
    [204, undefined],
    [200, "application/x-protobuf"],
    [202, "application/octet-stream"],
    [200, "text/plain; charset=utf-8"],
    [200, undefined],
  ])("with status %d and content type %s", async (status, contentType) => {
    const headers: Record<string, string> = contentType === undefined ? {} : { "content-type": contentType };
    // This message is not ok.
    const error = await caught(abort({ status, headers, body: "" }));
    expect(error).toMatchObject({ name: "JobsError", response: create(GenericResponseSchema), status });
  });
});

describe("a response that cannot be decoded is an error", () => {
  test.each([
    ["a Status", "application/x-protobuf", status],
    ["binary as JSON", "application/json", binary],
    ["JSON as binary", "application/x-protobuf", json],
    ["truncated binary", "application/x-protobuf", binary.subarray(0, -1)],
    ["truncated JSON", "application/json", json.slice(0, -1)],
    ["JSON of another type", "application/json", '{"ok":"yes"}'],
    ["JSON that is not an object", "application/json", "null"],
    ["JSON that is not UTF-8", "application/json", Buffer.from('{"message":"\xff"}', "latin1")],
    ["no bytes as JSON", "application/json", ""],
    ["HTML", "text/html", "<p>welcome"],
    ["no bytes as HTML", "text/html; charset=utf-8", ""],
    ["two content types", ["application/x-protobuf", "application/json"], binary],
    ["no content type", undefined, binary],
  ])("%s", async (_name, contentType, body) => {
    const headers: Record<string, string | string[]> =
      contentType === undefined ? {} : { "content-type": contentType };
    expect(await caught(abort({ headers, body }))).toMatchObject({
      code: Code.DataLoss,
      outcome: "unknown",
      status: 200,
      attempts: 1,
      body: new Uint8Array(Buffer.from(body)),
    });
  });

  test.each([
    [
      "too long",
      { headers: { "content-type": "application/json" }, body: "x".repeat(1_001) },
      Code.ResourceExhausted,
    ],
    [
      "too long after decompression",
      {
        headers: { "content-type": "application/json", "content-encoding": "gzip" },
        body: gzipSync(Buffer.alloc(100_000)),
      },
      Code.ResourceExhausted,
    ],
    ["an unknown content-encoding", { headers: { "content-encoding": "lzma" }, body: binary }, Code.DataLoss],
  ] as [string, Scripted, Code][])("%s", async (_name, response, code) => {
    expect(await caught(abort(response))).toMatchObject({
      code,
      outcome: "unknown",
      status: 200,
      attempts: 1,
    });
  });

  test("an error keeps the first 64 KiB of the body", async () => {
    const server = await scriptedServer({
      headers: { "content-type": "text/html" },
      body: "x".repeat(100_000),
    });
    const error = await caught(jobsClient(server.baseUrl).abort("job-1"));
    expect(error).toMatchObject({ code: Code.DataLoss });
    expect(error.body).toHaveLength(65_536);
  });

  test("an error response that is too long keeps the outcome of its status", async () => {
    expect(await caught(abort({ status: 404, body: "x".repeat(1_001) }))).toMatchObject({
      code: Code.ResourceExhausted,
      outcome: "rejected",
      status: 404,
    });
  });
});
