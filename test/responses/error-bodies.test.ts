import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code } from "../../src/index.ts";
import { statusFromBinary } from "../../src/responses/status-from-binary.ts";
import { statusFromJson } from "../../src/responses/status-from-json.ts";
import { InnermostSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { scriptedServer } from "../support/scripted-server.ts";

describe("details", () => {
  const info = create(ErrorInfoSchema, { reason: "QUOTA", metadata: { unit: "s" } });

  test("of known and unknown types are kept in binary", async () => {
    const unknown = { typeUrl: "type.googleapis.com/not.Known", value: Uint8Array.of(8, 1) };
    const status = create(StatusSchema, { code: 9, details: [anyPack(ErrorInfoSchema, info), unknown] });
    const headers = { "content-type": "application/x-protobuf" };
    const server = await scriptedServer({ status: 400, headers, body: toBinary(StatusSchema, status) });
    const error = await caught(jobsClient(server.baseUrl).abort("job-1"));
    expect(error.findDetails(ErrorInfoSchema)).toEqual([info]);
    expect(error.details[1]).toMatchObject({ typeUrl: unknown.typeUrl, value: unknown.value });
  });

  test("of known and unknown types are kept in JSON", async () => {
    const body = JSON.stringify({
      code: 9,
      message: "m",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "QUOTA",
          metadata: { unit: "s" },
          new: 1,
        },
        { "@type": "type.googleapis.com/not.Known", a: { b: 1 } },
        "not a message",
      ],
    });
    const server = await scriptedServer({
      status: 400,
      headers: { "content-type": "application/json" },
      body,
    });
    const error = await caught(jobsClient(server.baseUrl).abort("job-1"));
    expect(error.findDetails(ErrorInfoSchema)).toEqual([info]);
    expect(error.details.slice(1)).toEqual([
      { typeUrl: "type.googleapis.com/not.Known", json: { a: { b: 1 } } },
    ]);
  });
});

describe("a binary body is a Status", () => {
  test.each([
    ["with a code and a message", { code: 5, message: "no" }, { code: 5, reason: "no" }],
    ["with only a code", { code: 14 }, { code: 14, reason: "" }],
    [
      "with a code that gRPC does not define",
      { code: 77, message: "x" },
      { code: Code.Unknown, reason: "x" },
    ],
  ])("%s", (_name, init, info) => {
    expect(statusFromBinary(toBinary(StatusSchema, create(StatusSchema, init)))).toMatchObject(info);
  });

  test.each([
    ["a GenericResponse with only a message", { message: "no such job" }],
    ["a GenericResponse with an error", { message: "m", error: { code: 5n } }],
    ["a GenericResponse that is ok and has an error", { ok: true, error: { code: 5n } }],
  ])("unless it is %s", (_name, init) => {
    expect(
      statusFromBinary(toBinary(GenericResponseSchema, create(GenericResponseSchema, init))),
    ).toBeUndefined();
  });

  test("unless it has no code", () => {
    expect(statusFromBinary(new Uint8Array())).toBeUndefined();
    expect(statusFromBinary(toBinary(StatusSchema, create(StatusSchema, { message: "m" })))).toBeUndefined();
  });
});

describe("a JSON body is a Status", () => {
  test.each([
    [{ code: 5, message: "m" }, Code.NotFound],
    [{ code: 404, message: "m" }, Code.NotFound],
    [{ code: 77 }, Code.Unknown],
    [{ error: { code: 404, status: "ABORTED", message: "m" } }, Code.Aborted],
    [{ error: { code: 404, status: "NEW_STATUS" } }, Code.NotFound],
    [{ error: { code: 5 } }, Code.NotFound],
    [{ error: { status: "UNAVAILABLE" } }, Code.Unavailable],
    [[{ error: { code: 404, status: "NOT_FOUND", message: "m" } }], Code.NotFound],
    [[{ code: 5, message: "m" }], Code.NotFound],
  ])("%j", (json, code) => {
    expect(statusFromJson(json)?.code).toBe(code);
  });

  test.each([
    [{ ok: false, error: { code: "5", message: "m" } }],
    [{ code: "5" }],
    [{ code: 0, message: "" }],
    [{ code: 5, message: { text: "m" } }],
    [{ error: "invalid_grant" }],
    [{}],
    [[]],
    [[{ error: { code: 5 } }, { error: { code: 6 } }]],
    [[[{ error: { code: 5 } }]]],
    [null],
    ["x"],
  ])("unless it is %j", (json) => {
    expect(statusFromJson(json)).toBeUndefined();
  });
});

test("a detail in JSON keeps all digits when it is decoded", async () => {
  const type = "type.googleapis.com/bytenite.test.v1.Innermost";
  const body = `{"code":5,"message":"m","details":[{"@type":"${type}","id":"a","size":9007199254740993}]}`;
  const server = await scriptedServer({ status: 404, headers: { "content-type": "application/json" }, body });
  const error = await caught(jobsClient(server.baseUrl).run("job-1"));
  expect(error.findDetails(InnermostSchema)).toMatchObject([{ id: "a", size: 9007199254740993n }]);
  // Undecoded, it is what JSON.parse returns.
  expect(error.details).toEqual([{ typeUrl: type, json: { id: "a", size: Number("9007199254740993") } }]);
});

test("a redirect is not followed", async () => {
  const elsewhere = await scriptedServer({ status: 200 });
  const headers = { location: `${elsewhere.origin}/sign-in?ticket=secret`, "content-type": "text/html" };
  const server = await scriptedServer({ status: 307, headers, body: "<title>Found</title>" });
  const error = await caught(jobsClient(server.baseUrl).run("job-1"));
  expect(error).toMatchObject({ code: Code.Unknown, status: 307, outcome: "unknown" });
  expect(error.reason).toMatch(/^redirected to 127\.0\.0\.1:\d+: redirects are not followed/);
  expect(error.message).not.toContain("secret");
  expect(elsewhere.seen).toHaveLength(0);
});

test("a 304 is not a redirect", async () => {
  const server = await scriptedServer({ status: 304, headers: { etag: '"1"', "content-length": "5000000" } });
  const error = await caught(jobsClient(server.baseUrl).run("job-1"));
  expect(error).toMatchObject({ code: Code.Unknown, status: 304, outcome: "unknown", attempts: 1 });
  expect(error.reason).toMatch(/^not modified/);
});

test("an error in a list is decoded", async () => {
  const body = JSON.stringify([{ error: { code: 429, status: "RESOURCE_EXHAUSTED", message: "slow down" } }]);
  const headers = { "content-type": "application/json; charset=UTF-8" };
  const server = await scriptedServer({ status: 429, headers, body });
  const error = await caught(jobsClient(server.baseUrl).run("job-1"));
  expect(error).toMatchObject({ code: Code.ResourceExhausted, reason: "slow down", outcome: "unknown" });
});

describe("an error body without text has no reason", () => {
  const bodies = [
    "null",
    '""',
    "[]",
    "{}",
    " {} \n",
    "502",
    "-1.5e3",
    "true",
    "[null]",
    '{"code":null,"errors":[]}',
    "  ",
    "",
  ];
  test.each(["application/json", "text/plain", "application/x-protobuf", undefined])(
    "as %s",
    async (contentType) => {
      const headers: Record<string, string> =
        contentType === undefined ? {} : { "content-type": contentType };
      for (const body of bodies) {
        const server = await scriptedServer({ status: 502, headers, body });
        const error = await caught(jobsClient(server.baseUrl).run("job-1"));
        expect([body, error.reason]).toEqual([body, "the server gave no reason"]);
        expect(Buffer.from(error.body ?? []).toString()).toBe(body);
      }
    },
  );
});

test.each([
  ["one line", 'data: {"error": {"code": 9, "message": "not yet"}}\n\n', "text/event-stream"],
  [
    "several",
    'data:{"error":\r\ndata: {"code": 9,\r\ndata: "message": "not yet"}}\r\n\r\n',
    "application/json",
  ],
])("an error in a server-sent event of %s is read as the error", async (_name, body, contentType) => {
  const server = await scriptedServer({ status: 400, headers: { "content-type": contentType }, body });
  expect(await caught(jobsClient(server.baseUrl).abort("job-1"))).toMatchObject({
    code: Code.FailedPrecondition,
    status: 400,
    reason: "not yet",
  });
});

test("a text that begins as an event but has no object is a text", async () => {
  const body = "data: not found";
  const server = await scriptedServer({ status: 400, headers: { "content-type": "text/plain" }, body });
  expect(await caught(jobsClient(server.baseUrl).abort("job-1"))).toMatchObject({ reason: body });
});
