// Servers that respond as products do: what goes over the socket, and what the client makes of it.
import { create, fromBinary } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { Customer } from "../../gen/bytenite/customer/customer_pb.js";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { JobsClient } from "../../src/index.ts";
import {
  Code,
  createMemoryJobsServer,
  type ErrorFormat,
  type GatewayOptions,
  type HandlerContext,
  StatusError,
  startJobsServer,
  startServer,
} from "../../src/testing/index.ts";
import { createClient, createRestTransport } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { type HttpCall, type HttpResponse, httpCall, jsonOf } from "./http-call.ts";
import { clientOptions, openService, type Side, sides } from "./sides.ts";

const PB = "application/x-protobuf";
const JSON_TYPE = "application/json";
const TEXT = "text/plain; charset=utf-8";
const asBinary = { "content-type": PB, accept: PB };

/** Starts a server whose jobs run, unless a handler is given. */
async function start(
  options: GatewayOptions = {},
  runJob = (_: unknown, context: HandlerContext) => ok(context),
) {
  const server = await startServer(Customer, { runJob }, options);
  onTestFinished(() => server.close());
  return server;
}

function ok(_context: HandlerContext) {
  return { ok: true, requestId: "r-1" };
}

function notFound(): never {
  throw new StatusError(Code.NotFound, 'no job "a"');
}

function run({ baseUrl }: { readonly baseUrl: string }, headers: HttpCall["headers"] = {}) {
  return httpCall(`${baseUrl}/jobs/a/run`, { headers, ...(headers === asBinary ? {} : { body: "{}" }) });
}

function shown({ status, headers, body }: HttpResponse): unknown[] {
  return [status, headers["content-type"], Buffer.from(body).toString()];
}

const okInJson = '{"ok":true,"requestId":"r-1","message":"","error":null}';
const statusInJson = '{"code":5,"message":"no job \\"a\\"","details":[]}';

describe("a content type of another kind", () => {
  test.each([TEXT, "application/octet-stream", "application/x-foo"])(
    "%s labels JSON",
    async (jsonContentType) => {
      const server = await start({ jsonContentType });
      expect(shown(await run(server))).toEqual([200, jsonContentType, okInJson]);
      expect(shown(await httpCall(`${server.baseUrl}/jobs/a`, { method: "DELETE" }))).toEqual([
        501,
        jsonContentType,
        expect.stringContaining("is not implemented"),
      ]);
      expect((await run(server, asBinary)).headers["content-type"]).toBe(PB);
    },
  );

  test("may be none at all, in each encoding", async () => {
    const server = await start({ jsonContentType: "", binaryContentType: "" });
    for (const headers of [{}, asBinary]) {
      const { rawHeaders, body } = await run(server, headers);
      expect(rawHeaders.map((text) => text.toLowerCase())).not.toContain("content-type");
      expect(body.length).toBeGreaterThan(0);
    }
  });

  test("may be that of errors only, in each encoding", async () => {
    const server = await start({ errorContentType: TEXT }, (_, { headers }) =>
      headers["x-fail"] === undefined ? { ok: true, requestId: "r-1" } : notFound(),
    );
    expect(shown(await run(server))).toEqual([200, JSON_TYPE, okInJson]);
    expect(shown(await run(server, { "x-fail": "1" }))).toEqual([404, TEXT, statusInJson]);
    const binary = await httpCall(`${server.baseUrl}/jobs/a/run`, {
      headers: { ...asBinary, "x-fail": "1" },
    });
    expect(binary.headers["content-type"]).toBe(TEXT);
    expect(fromBinary(StatusSchema, binary.body)).toMatchObject({ code: 5, message: 'no job "a"' });
    const untyped = await start({ errorContentType: "" }, notFound);
    expect(shown(await run(untyped))).toEqual([404, undefined, statusInJson]);
  });
});

/** What each form is for a NotFound. */
const formats: readonly [format: ErrorFormat, contentType: string, body: string, code?: Code][] = [
  ["google", JSON_TYPE, '{"error":{"code":404,"message":"no job \\"a\\"","status":"NOT_FOUND"}}'],
  ["openfga", JSON_TYPE, '{"code":"not_found","message":"no job \\"a\\""}'],
  [
    "problem",
    "application/problem+json",
    '{"type":"about:blank","title":"Not Found","status":404,"detail":"no job \\"a\\""}',
  ],
  ["oauth", JSON_TYPE, '{"error":"not_found","error_description":"no job \\"a\\""}'],
  ["text", TEXT, 'no job "a"'],
  [
    ({ code, message }) => ({ errors: [{ code, message }] }),
    JSON_TYPE,
    '{"errors":[{"code":5,"message":"no job \\"a\\""}]}',
  ],
  [({ message }) => message, TEXT, 'no job "a"'],
];

describe("errors in another form", () => {
  test.each(formats)("%s", async (errorFormat, contentType, body) => {
    const server = await start({ errorFormat }, notFound);
    expect(shown(await run(server))).toEqual([404, contentType, body]);
    // The encoding that the client wants does not matter.
    expect(shown(await run(server, asBinary))).toEqual([404, contentType, body]);
  });

  test.each(formats)("%s gives the client the code and the sentence", async (errorFormat) => {
    for (const encoding of ["protobuf", "json"] as const) {
      for (const errorContentType of [undefined, TEXT, "application/octet-stream", ""]) {
        const server = await start({ errorFormat, errorContentType }, notFound);
        const transport = createRestTransport({ baseUrl: server.baseUrl, encoding });
        onTestFinished(() => transport.close());
        const error = await caught(createClient(Customer, transport).runJob({ jobId: "a" }));
        expect(error).toMatchObject({ code: Code.NotFound, reason: 'no job "a"', outcome: "rejected" });
      }
    }
  });

  test("google has the details", async () => {
    const details = [create(RetryInfoSchema, { retryDelay: { seconds: 3n } })];
    const server = await start({ errorFormat: "google" }, () => {
      throw new StatusError(Code.Unavailable, "later", { details });
    });
    expect(jsonOf(await run(server))).toEqual({
      error: {
        code: 503,
        message: "later",
        status: "UNAVAILABLE",
        details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "3s" }],
      },
    });
  });

  test("are those of routing and of faults, too, with the status of the fault", async () => {
    const server = await start({ errorFormat: "problem" });
    expect(shown(await httpCall(`${server.baseUrl}/none`))).toEqual([
      404,
      "application/problem+json",
      '{"type":"about:blank","title":"Not Found","status":404,"detail":"Not Found"}',
    ]);
    server.fault({ kind: "status", status: 418, message: "no coffee" });
    expect(jsonOf(await run(server))).toEqual({
      type: "about:blank",
      title: "I'm a Teapot",
      status: 418,
      detail: "no coffee",
    });
  });

  test("a code that gRPC does not have is unknown", async () => {
    const server = await start({ errorFormat: "openfga" }, () => {
      throw new StatusError(99, "what?");
    });
    expect(shown(await run(server))).toEqual([500, JSON_TYPE, '{"code":"unknown","message":"what?"}']);
  });

  test("a function that throws is recorded, and the response is that of a gateway that cannot write its error", async () => {
    const thrown = new Error("broken");
    const errorFormat = () => {
      throw thrown;
    };
    const server = await start({ errorFormat }, notFound);
    const text = '{"code": 13, "message": "failed to marshal error message"}';
    expect(shown(await run(server))).toEqual([500, JSON_TYPE, text]);
    expect(server.requests[0]?.thrown).toBe(thrown);
  });

  test("are those of a jobs server and of its token exchange", async () => {
    await using server = await startJobsServer({ errorFormat: "oauth" });
    const invalid = (reason: string) => ({ error: "unauthenticated", error_description: reason });
    expect(jsonOf(await run(server, { authorization: "wrong" }))).toEqual(
      invalid("the access token is not valid"),
    );
    const exchange = await httpCall(server.tokenUrl, { body: '{"apiKey":"wrong"}' });
    expect(jsonOf(exchange)).toEqual(invalid("the API key is not valid"));
  });
});

describe("JSON in another form", () => {
  test("has the names of the .proto file", async () => {
    const server = await start({ useProtoNames: true });
    expect(shown(await run(server))[2]).toBe('{"ok":true,"request_id":"r-1","message":"","error":null}');
  });

  test("leaves out unset fields", async () => {
    const server = await start({ useProtoNames: true, emitUnpopulated: false }, () => ({}) as never);
    expect(shown(await run(server))[2]).toBe("{}");
  });

  test.each([
    [undefined, '{"ok":true,"requestId":"request-1","message":"job a is running"}'],
    [true, '{"ok":true,"requestId":"request-1","message":"job a is running","error":null}'],
    [false, '{"ok":true,"requestId":"request-1","message":"job a is running"}'],
  ])("of a jobs server, with emitUnpopulated %s", async (emitUnpopulated, body) => {
    await using server = await startJobsServer({ jobs: ["a"], emitUnpopulated });
    expect(shown(await run(server, { authorization: server.accessToken }))[2]).toBe(body);
  });

  test("is read by the client", async () => {
    const { baseUrl, accessToken, dispatcher } = createMemoryJobsServer({
      jobs: ["a"],
      encodings: "json",
      useProtoNames: true,
      emitUnpopulated: false,
      jsonContentType: TEXT,
    });
    await using jobs = new JobsClient({ baseUrl, accessToken, dispatcher });
    expect(await jobs.run("a")).toMatchObject({ ok: true, requestId: "request-1" });
  });
});

describe("another status of a success", () => {
  test("may be a 204, which has a content type and no body", async () => {
    const server = await start({}, (_, context) => {
      context.setStatus(204);
      context.addTrailer("late", "1");
      return ok(context);
    });
    for (const headers of [{}, asBinary, { te: "trailers" }]) {
      const response = await run(server, headers);
      expect(shown(response)).toEqual([204, headers === asBinary ? PB : JSON_TYPE, ""]);
      expect(response.headers["content-length"]).toBeUndefined();
      expect(response.headers["transfer-encoding"]).toBeUndefined();
    }
    expect(server.requests[0]).toMatchObject({ status: 204, responseBytes: new Uint8Array() });
  });

  test("is not that of a failure", async () => {
    const server = await start({}, (_, context) => {
      context.setStatus(201);
      return context.headers["x-fail"] === undefined ? ok(context) : notFound();
    });
    expect(shown(await run(server))).toEqual([201, JSON_TYPE, okInJson]);
    expect(shown(await run(server, { "x-fail": "1" }))).toEqual([404, JSON_TYPE, statusInJson]);
  });

  test.each([199, 300, 404, 200.5, Number.NaN, "204"])("%j is no status of a success", async (status) => {
    const server = await start({}, (_, context) => {
      context.setStatus(status as number);
      return ok(context);
    });
    expect((await run(server)).status).toBe(500);
    expect(server.requests[0]?.thrown).toBeInstanceOf(RangeError);
  });

  test.each(sides)("can be set in onRequest, and the client reads it (%s)", async (side: Side) => {
    const onRequest = (context: HandlerContext) => context.setStatus(204);
    const server = await openService(side, Customer, { runJob: (_, context) => ok(context) }, { onRequest });
    const transport = createRestTransport(clientOptions(server));
    onTestFinished(() => transport.close());
    const response = await createClient(Customer, transport).runJob({ jobId: "a" });
    expect(response).toEqual(create(GenericResponseSchema));
    expect(server.requests[0]?.status).toBe(204);
  });
});

describe("the status fault", () => {
  test("has the content type of its headers, or none", async () => {
    const server = await start();
    const body = '{"ok":true}';
    server.fault({ kind: "status", status: 200, body, headers: { "Content-Type": "application/x-foo" } });
    server.fault({ kind: "status", status: 200, body, contentType: "" });
    server.fault({ kind: "status", status: 503, contentType: "" });
    server.fault({ kind: "status", status: 204, contentType: JSON_TYPE });
    expect(shown(await run(server))).toEqual([200, "application/x-foo", body]);
    expect(shown(await run(server))).toEqual([200, undefined, body]);
    expect(shown(await run(server))).toEqual([503, undefined, expect.stringContaining("injected fault")]);
    expect(shown(await run(server))).toEqual([204, JSON_TYPE, ""]);
  });
});

test.each<[object, string]>([
  [
    { errorFormat: "xml" },
    "errorFormat must be a function or one of status, google, openfga, problem, oauth, text",
  ],
  [{ errorFormat: { message: 1 } }, "errorFormat must be a function or one of"],
  [{ useProtoNames: 1 }, "useProtoNames must be true or false"],
  [{ emitUnpopulated: "no" }, "emitUnpopulated must be true or false"],
  [{ jsonContentType: 1 }, "jsonContentType must be a string"],
  [{ errorContentType: null }, "errorContentType must be a string"],
  [{ binaryContentType: "a\nb" }, "binaryContentType must be a string"],
])("the options %o are rejected", async (options, message) => {
  await expect(startServer(Customer, {}, options)).rejects.toThrow(RangeError);
  await expect(startServer(Customer, {}, options)).rejects.toThrow(message);
});
