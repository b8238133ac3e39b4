import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import * as fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../src/index.ts";
import { createClient, createRestTransport, type RestTransportOptions } from "../../src/transport.ts";
import { FileService, PreviewFileResponseSchema, PutFileResponseSchema } from "../gen/files/v1/files_pb.js";
import { HttpBodySchema } from "../gen/google/api/httpbody_pb.js";
import { caught } from "../support/caught.ts";
import { httpServer, tcpServer } from "../support/loopback.ts";
import { type Scripted, scriptedServer } from "../support/scripted-server.ts";

function fileClient(baseUrl: string, options: Partial<RestTransportOptions> = {}) {
  const transport = createRestTransport({ baseUrl, retry: false, ...options });
  onTestFinished(() => transport.close());
  return createClient(FileService, transport);
}

const encodings = ["protobuf", "json"] as const;
const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0]);
const bodyOf = (contentType: string, data: Uint8Array) => create(HttpBodySchema, { contentType, data });
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

describe("a raw response", () => {
  test.each<readonly [contentType: string | string[], body: Uint8Array | string]>([
    ["image/png", png],
    ["text/html; charset=utf-8", "<h1>hello</h1>"],
    ["application/json", '{"contentType":"text/csv"}'],
    ["application/json", "{"],
    ["application/x-protobuf", toBinary(HttpBodySchema, bodyOf("text/csv", png))],
    ["application/octet-stream", '{"a":1}'],
    ["text/plain", ""],
    [["text/plain", "text/csv"], "a"],
  ])("of %s is the message, with its bytes as they are", async (contentType, body) => {
    const server = await scriptedServer({ headers: { "content-type": contentType }, body });
    const expected = bodyOf([contentType].flat().join(", "), new Uint8Array(Buffer.from(body)));
    for (const encoding of encodings) {
      const client = fileClient(server.origin, { encoding });
      expect(await client.getFile({ name: "a" })).toStrictEqual(expected);
      expect(await client.previewFile({ name: "a" })).toStrictEqual(
        create(PreviewFileResponseSchema, { file: expected }),
      );
    }
  });

  test.each([
    ["of 200 without a content type", { headers: {}, body: "a" }, bodyOf("", bytes("a"))],
    ["of 201", { status: 201, headers: { "content-type": "a/b" }, body: "a" }, bodyOf("a/b", bytes("a"))],
    ["of 204", { status: 204 }, bodyOf("", bytes(""))],
  ] satisfies [string, Scripted, unknown][])("%s", async (_what, response, expected) => {
    const server = await scriptedServer(response);
    expect(await fileClient(server.origin).getFile({ name: "a" })).toStrictEqual(expected);
  });

  test("is asked for with accept: */*, after a request in JSON", async () => {
    const server = await scriptedServer({ headers: { "content-type": "text/csv" }, body: "a,b" });
    for (const encoding of [...encodings, { request: "protobuf", response: "json" } as const]) {
      await fileClient(server.origin, { encoding }).renderFile({
        name: "a",
        contentType: "text/csv",
        data: png,
      });
    }
    expect(server.seen.map(({ headers }) => [headers.accept, headers["content-type"]])).toEqual(
      Array(3).fill(["*/*", "application/json"]),
    );
    expect(server.seen[0]?.body.toString()).toBe('{"contentType":"text/csv","data":"iVBORwA="}');
  });

  test.each(["application/json", "text/plain"])(
    "is an ordinary error if its status is 404, as %s",
    async (type) => {
      const headers = { "content-type": type };
      const server = await scriptedServer({
        status: 404,
        headers,
        body: '{"code":5,"message":"no such file"}',
      });
      expect(await caught(fileClient(server.origin).getFile({ name: "a" }))).toMatchObject({
        code: Code.NotFound,
        reason: "no such file",
      });
    },
  );

  test.each(["text/plain", "application/json"])(
    "that ends with its connection may be cut, also as %s",
    async (type) => {
      const server = await tcpServer((socket) => {
        socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n\r\n{"a":1}`));
      });
      expect(await caught(fileClient(server.origin).getFile({ name: "a" }))).toMatchObject({
        code: Code.DataLoss,
        outcome: "unknown",
      });
    },
  );

  test("may not be longer than the limit", async () => {
    const server = await scriptedServer({ headers: { "content-type": "image/png" }, body: png });
    const client = fileClient(server.origin, { maxResponseBytes: 4 });
    expect(await caught(client.getFile({ name: "a" }))).toMatchObject({ code: Code.ResourceExhausted });
  });
});

describe("a raw request", () => {
  const stored: Scripted = {
    headers: { "content-type": "application/x-protobuf" },
    body: toBinary(PutFileResponseSchema, create(PutFileResponseSchema, { request: { name: "a" } })),
  };

  test.each(encodings)("is the data under its content type, in %s", async (encoding) => {
    const server = await scriptedServer(stored);
    const client = fileClient(server.origin, { encoding });
    const file = { contentType: "image/png", data: png };
    expect(await client.putFile({ name: "a", file, note: "n" })).toMatchObject({ request: { name: "a" } });
    const [{ method, path, headers, body } = { headers: {} }] = server.seen;
    expect([method, path, headers["content-type"]]).toEqual(["PUT", "/v1/files/a?note=n", "image/png"]);
    expect(headers.accept).toBe(encoding === "json" ? "application/json" : "application/x-protobuf");
    expect(new Uint8Array(body as Buffer)).toEqual(png);
  });

  test("can be the whole message", async () => {
    const server = await httpServer((request, response) => {
      response.writeHead(200, { "content-type": request.headers["content-type"] });
      request.pipe(response);
    });
    const client = fileClient(server.origin);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("image/png", "application/json", "application/x-protobuf; a=b", 'text/plain; a="ü"'),
        fc.uint8Array({ maxLength: 3_000 }),
        async (contentType, data) => {
          const message = bodyOf(contentType, data);
          expect(await client.convertFile(message)).toStrictEqual(message);
        },
      ),
      { numRuns: 50 },
    );
  });

  test.each([
    ["no field", {}],
    ["no content type", { file: { data: png } }],
    ["no data", { file: { contentType: "image/png" } }],
  ])("with %s has only what is set", async (_what, request) => {
    const server = await scriptedServer(stored);
    await fileClient(server.origin).putFile({ name: "a", ...request });
    const file = "file" in request ? request.file : {};
    const [seen] = server.seen;
    expect(seen?.headers["content-type"]).toBe("contentType" in file ? file.contentType : undefined);
    expect(new Uint8Array(seen?.body ?? [1])).toEqual("data" in file ? file.data : new Uint8Array());
  });

  test("is as it was when the call began, on every attempt, and never compressed", async () => {
    const server = await scriptedServer(
      { status: 406 },
      { status: 503 },
      {
        headers: { "content-type": "application/json" },
        body: toJsonString(PutFileResponseSchema, create(PutFileResponseSchema)),
      },
    );
    const client = fileClient(server.origin, {
      retry: { initialBackoffMs: 1 },
      compressRequests: { encoding: "gzip", minBytes: 0 },
    });
    const data = png.slice();
    const call = client.putFile({ name: "a", file: { contentType: "image/png", data } });
    data.fill(0);
    await call;
    expect(
      server.seen.map(({ headers, body }) => [
        headers["content-type"],
        headers["content-encoding"],
        new Uint8Array(body),
      ]),
    ).toEqual(Array(3).fill(["image/png", undefined, png]));
  });

  test.each<readonly [what: string, file: object, reason: string]>([
    ["a content type with a line break", { contentType: "a/b\r\nx: y" }, "file.content_type"],
    ["a content type beyond latin1", { contentType: "a/b; name=→" }, "file.content_type"],
    ["extensions", { extensions: [create(AnySchema)] }, "file.extensions"],
  ])("with %s is not sent", async (_what, file, reason) => {
    const server = await scriptedServer(stored);
    const client = fileClient(server.origin);
    expect(await caught(client.putFile({ name: "a", file }))).toMatchObject({
      code: Code.InvalidArgument,
      outcome: "not_sent",
      reason: expect.stringContaining(reason),
    });
    const whole = await caught(client.convertFile(file));
    expect(whole).toMatchObject({ reason: expect.stringContaining(reason.replace("file.", "")) });
    const wrong = Object.assign(bodyOf("a/b", png), { data: "text" });
    expect(await caught(client.convertFile(wrong))).toMatchObject({ code: Code.InvalidArgument });
    expect(server.seen).toEqual([]);
  });
});
