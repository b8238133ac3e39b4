import { once } from "node:events";
import { Agent } from "node:http";
import { connect } from "node:net";
import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, expectTypeOf, test } from "vitest";
import { Customer, RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import type { JobConfig } from "../../gen/bytenite/job/job_pb.js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import {
  Code,
  type HandlerContext,
  type ServerHandle,
  type ServerOptions,
  type ServiceImplementation,
  StatusError,
  startServer,
} from "../../src/testing/index.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";
import { type HttpCall, type HttpResponse, httpCall, jsonOf } from "./http-call.ts";
import { thingsService } from "./things-service.ts";

const PB = "application/x-protobuf";
const asBinary = { "content-type": PB, accept: PB };
const asJson = { "content-type": "application/json", accept: "application/json" };

/** Starts a server with this handler for RunJob. */
function startRunning(
  runJob: NonNullable<ServiceImplementation<typeof Customer>["runJob"]>,
  options: ServerOptions = {},
): Promise<ServerHandle> {
  return startServer(Customer, { runJob }, options);
}

const run = (server: ServerHandle, init: HttpCall = {}) => httpCall(`${server.baseUrl}/jobs/a/run`, init);

const statusOf = ({ body }: HttpResponse) => fromBinary(StatusSchema, body);

describe("a handler", () => {
  test("gets a typed message, and returns an init object or a promise of one", async () => {
    await using server = await startServer(Customer, {
      runJob({ jobId, config }, context) {
        expectTypeOf(jobId).toEqualTypeOf<string>();
        expectTypeOf(config).toEqualTypeOf<JobConfig | undefined>();
        expectTypeOf(context).toEqualTypeOf<HandlerContext>();
        return { ok: true, message: `${jobId} ${config?.taskTimeout}` };
      },
      abortJob: async () => ({ ok: true }),
    });
    const body = '{"config":{"taskTimeout":"7"}}';
    expect(jsonOf(await run(server, { body }))).toMatchObject({ ok: true, message: "a 7" });
    expect((await httpCall(`${server.baseUrl}/jobs/a/abort`, { headers: asBinary })).body).toEqual(
      new Uint8Array([8, 1]),
    );
  });

  test("that is missing means Unimplemented", async () => {
    await using server = await startServer(Customer, {});
    const response = await run(server, { headers: asBinary });
    expect(response.status).toBe(501);
    expect(statusOf(response)).toMatchObject({
      code: Code.Unimplemented,
      message: "bytenite.customer.Customer/RunJob is not implemented",
    });
  });

  test("for an unknown rpc is rejected at once", async () => {
    const implementation = { walkJob: () => ({}) } as ServiceImplementation<typeof Customer>;
    await expect(startServer(Customer, implementation)).rejects.toThrow(
      "bytenite.customer.Customer has no rpc walkJob",
    );
  });

  test("that returns defaults sends no bytes in binary, and every field in JSON", async () => {
    await using server = await startRunning(() => ({}));
    const binary = await run(server, { headers: asBinary });
    expect(binary).toMatchObject({ status: 200, body: new Uint8Array() });
    expect(binary.headers["content-length"]).toBe("0");
    expect(Buffer.from((await run(server, { headers: asJson })).body).toString()).toBe(
      '{"ok":false,"requestId":"","message":"","error":null}',
    );
  });

  test("fails the call with a StatusError, with details and headers", async () => {
    const info = create(ErrorInfoSchema, { reason: "BUSY", domain: "test" });
    await using server = await startRunning(() => {
      throw new StatusError(Code.Unavailable, "not now", {
        details: [info],
        headers: { "retry-after": "3" },
      });
    });
    const binary = await run(server, { headers: asBinary });
    expect(binary.status).toBe(503);
    expect(binary.headers).toMatchObject({ "content-type": PB, "retry-after": "3" });
    const [detail] = statusOf(binary).details;
    expect(detail?.typeUrl).toBe("type.googleapis.com/google.rpc.ErrorInfo");
    expect(fromBinary(ErrorInfoSchema, detail?.value ?? new Uint8Array())).toEqual(info);
    expect(jsonOf(await run(server, { headers: asJson }))).toEqual({
      code: 14,
      message: "not now",
      details: [
        { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "BUSY", domain: "test", metadata: {} },
      ],
    });
    expect(server.requests[0]?.thrown).toBeUndefined();
  });

  // wire-facts.md, section 3: the same error in binary does not change.
  test("cannot send a detail of an unknown type in JSON", async () => {
    const detail = {
      $typeName: "google.protobuf.Any",
      typeUrl: "x/test.Unknown",
      value: new Uint8Array([8, 1]),
    };
    await using server = await startRunning(() => {
      throw new StatusError(Code.NotFound, "gone", { details: [detail as Message] });
    });
    expect(await run(server, { headers: asBinary })).toMatchObject({ status: 404 });
    const response = await run(server, { headers: asJson });
    expect(response.status).toBe(500);
    expect(Buffer.from(response.body).toString()).toBe(
      '{"code": 13, "message": "failed to marshal error message"}',
    );
  });

  test("may use a code that gRPC does not know", async () => {
    await using server = await startRunning(() => {
      throw new StatusError(99, "odd");
    });
    const response = await run(server, { headers: asBinary });
    expect(response.status).toBe(500);
    expect(statusOf(response).code).toBe(99);
  });

  test("that throws anything else has the error in the record, not in the response", async () => {
    const bug = new TypeError("secret");
    await using server = await startRunning(() => Promise.reject(bug));
    const response = await run(server, { headers: asBinary });
    expect(response.status).toBe(500);
    expect(statusOf(response)).toMatchObject({ code: Code.Unknown, message: "the handler failed" });
    expect(server.requests[0]?.thrown).toBe(bug);
  });
});

describe("the context", () => {
  test("has the method, headers and metadata of the request", async () => {
    let seen: HandlerContext | undefined;
    await using server = await startRunning((_, context) => {
      seen = context;
      return { ok: true };
    });
    const headers = [
      ["Grpc-Metadata-Color", "red"],
      ["grpc-metadata-color", "blue"],
      ["Grpc-Metadata-Key-Bin", "AQI"],
      ["Authorization", "t"],
    ].flat();
    await run(server, { headers: ["host", "h", "content-length", "0", ...headers] });
    expect(seen?.method).toBe(Customer.method.runJob);
    expect(seen?.headers).toMatchObject({ authorization: "t" });
    expect(seen?.metadata).toEqual({ color: ["red", "blue"], "key-bin": ["AQI"] });
    expect(seen?.deadline).toBeUndefined();
    expect(seen?.signal.aborted).toBe(false);
  });

  test("sets headers and metadata, and trailers for callers that accept them", async () => {
    await using server = await startRunning((_, context) => {
      context.setHeader("X-Answer", "42");
      context.addMetadata("Color", "red");
      context.addMetadata("color", "blue");
      context.addMetadata("key-bin", new Uint8Array([1, 2]));
      context.addTrailer("Checksum", "7");
      return { ok: true };
    });
    const plain = await run(server, { headers: asBinary });
    expect(plain.headers).toMatchObject({
      "x-answer": "42",
      "grpc-metadata-color": "red, blue",
      "grpc-metadata-key-bin": "AQI=",
      "grpc-metadata-content-type": "application/grpc",
    });
    expect(plain.trailers).toEqual({});
    const trailing = await run(server, { headers: { ...asBinary, te: "trailers" } });
    expect(trailing.trailers).toEqual({ "grpc-trailer-checksum": "7" });
    expect(trailing.body).toEqual(new Uint8Array([8, 1]));
  });

  test("keeps headers with the names of object properties", async () => {
    let seen: HandlerContext | undefined;
    await using server = await startRunning((_, context) => {
      seen = context;
      context.setHeader("__proto__", "own");
      context.setHeader("constructor", "own");
      return { ok: true };
    });
    const headers = ["constructor", "x", "__proto__", "y", "__proto__", "z"];
    const response = await run(server, { headers: ["host", "h", "content-length", "0", ...headers] });
    expect(response.status).toBe(200);
    for (const record of [seen?.headers ?? {}, server.requests[0]?.headers ?? {}]) {
      expect(Object.entries(record)).toEqual([
        ["host", "h"],
        ["content-length", "0"],
        ["constructor", "x"],
        ["__proto__", ["y", "z"]],
        ["connection", "close"],
      ]);
      expect("toString" in record).toBe(false);
    }
    const sent = Object.entries(server.requests[0]?.responseHeaders ?? {});
    expect(sent).toEqual(
      expect.arrayContaining([
        ["__proto__", "own"],
        ["constructor", "own"],
      ]),
    );
    expect(response.rawHeaders.join()).toContain("__proto__,own,constructor,own");
  });

  test("rejects an invalid header where it is set", async () => {
    await using server = await startRunning((_, context) => {
      expect(() => context.setHeader("x y", "1")).toThrow("valid HTTP token");
      expect(() => context.setHeader("x", "1\n2")).toThrow("Invalid character");
      expect(() => context.addMetadata("x", "\u20ac")).toThrow("Invalid character");
      return { ok: true };
    });
    expect((await run(server)).status).toBe(200);
  });

  test.each([
    ["grpc-timeout", "500ms", "invalid grpc-timeout: 500ms"],
    ["grpc-metadata-x-bin", "?", "invalid binary header x-bin: ?"],
  ])("needs a valid %s", async (name, value, message) => {
    await using server = await startRunning(() => ({ ok: true }));
    const response = await run(server, { headers: { ...asBinary, [name]: value } });
    expect(response.status).toBe(400);
    expect(statusOf(response)).toMatchObject({ code: Code.InvalidArgument, message });
  });

  test("ends the call at the deadline, even if the handler goes on", async () => {
    const moveOn = stopClock();
    let seen: HandlerContext | undefined;
    await using server = await startRunning((_, context) => {
      seen = context;
      return new Promise(() => {});
    });
    const ended = run(server, { headers: { ...asBinary, "grpc-timeout": "20m" } });
    await until(() => seen !== undefined);
    expect(seen?.signal.aborted).toBe(false);
    await moveOn(20);
    const response = await ended;
    expect(response.status).toBe(504);
    expect(statusOf(response).code).toBe(Code.DeadlineExceeded);
    expect(seen?.signal.aborted).toBe(true);
    expect(seen?.deadline).toBeInstanceOf(Date);
  });

  test("runs nothing if the deadline has already passed", async () => {
    let isRun = false;
    await using server = await startRunning(() => {
      isRun = true;
      return {};
    });
    expect((await run(server, { headers: { "grpc-timeout": "-1S" } })).status).toBe(504);
    expect((await run(server, { headers: { "grpc-timeout": "1n" } })).status).toBe(504);
    expect(isRun).toBe(false);
  });

  test("has a signal that aborts when the caller disconnects", async () => {
    let onReason = (_reason: unknown) => {};
    const reason = new Promise<unknown>((resolve) => {
      onReason = resolve;
    });
    await using server = await startRunning(
      (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            onReason(signal.reason);
            resolve({ ok: true });
          });
        }),
    );
    const abort = new AbortController();
    const response = run(server, { signal: abort.signal });
    await server.received(1);
    abort.abort();
    await expect(response).rejects.toThrow();
    expect(await reason).toMatchObject({ code: Code.Cancelled });
    expect(server.requests[0]?.status).toBeUndefined();
  });
});

describe("the encodings of requests and responses", () => {
  const bytes = toBinary(RunJobRequestSchema, create(RunJobRequestSchema, { config: { taskTimeout: 7n } }));
  const json = '{"config":{"taskTimeout":"7"}}';

  test.each([
    ["binary", asBinary, bytes, 200, PB],
    ["binary, anything accepted", { "content-type": PB, accept: "*/*" }, bytes, 200, PB],
    ["binary, a list accepted", { "content-type": PB, accept: `${PB}, application/json` }, bytes, 200, PB],
    [
      "binary, JSON wished for by its name, which is no key",
      { "content-type": PB, accept: "application/json" },
      bytes,
      200,
      PB,
    ],
    [
      "binary, JSON wished for by its key",
      { "content-type": PB, accept: "*" },
      bytes,
      200,
      "application/json",
    ],
    ["JSON, binary wished for", { "content-type": "application/json", accept: PB }, json, 200, PB],
    ["JSON", asJson, json, 200, "application/json"],
    ["JSON without a content type", {}, json, 200, "application/json"],
    ["binary under another name", { "content-type": "application/protobuf" }, bytes, 400, "application/json"],
    ["binary without a content type: the error is binary", { accept: PB }, bytes, 400, PB],
    ["binary that is none", asBinary, "\x12\x01\x08", 400, PB],
    ["JSON that is none", asJson, "{", 400, "application/json"],
    ["JSON null", asJson, "null", 400, "application/json"],
    ["JSON with an unknown field", asJson, '{"nobody":1}', 200, "application/json"],
    ["JSON that does not fit", asJson, '{"config":{"taskTimeout":"x"}}', 400, "application/json"],
  ])("%s", async (_, headers, body, status, contentType) => {
    await using server = await startRunning(({ config }) => ({ ok: config?.taskTimeout === 7n }));
    const response = await run(server, { headers, body });
    expect(response.status).toBe(status);
    expect(response.headers["content-type"]).toBe(contentType);
    const isBinary = contentType === PB;
    if (status === 400) {
      expect((isBinary ? statusOf(response) : jsonOf(response)) as object).toMatchObject({ code: 3 });
      expect(server.requests[0]?.responseBytes).toEqual(response.body);
    } else if (isBinary) expect(response.body).toEqual(new Uint8Array([8, 1]));
  });

  test("a known field with a wrong wire type is ignored like an unknown one", async () => {
    await using server = await startRunning(({ jobId, config }) => ({ message: `${jobId} ${config}` }));
    const response = await run(server, {
      headers: { ...asBinary, accept: "*" },
      body: new Uint8Array([0x10, 5]),
    });
    expect(jsonOf(response)).toMatchObject({ message: "a undefined" });
  });

  test("binary responses can have the content type of a stock gateway", async () => {
    await using server = await startRunning(() => ({ ok: true }), {
      binaryContentType: "application/octet-stream",
    });
    const response = await run(server, { headers: asBinary });
    expect(response.headers["content-type"]).toBe("application/octet-stream");
    const missing = await httpCall(`${server.baseUrl}/nowhere`, { headers: asBinary });
    expect(missing.headers["content-type"]).toBe("application/octet-stream");
  });

  test("binary can have other media types", async () => {
    const options = { binaryMediaTypes: ["application/protobuf"], binaryContentType: "application/protobuf" };
    await using server = await startRunning(() => ({ ok: true }), options);
    const response = await run(server, { headers: { "content-type": "application/protobuf" }, body: bytes });
    expect(response.headers["content-type"]).toBe("application/protobuf");
    expect((await run(server, { headers: asBinary, body: bytes })).status).toBe(400);
  });

  test("a JSON-only server accepts only an empty binary body", async () => {
    await using server = await startRunning(() => ({ ok: true }), { encodings: "json" });
    expect(await run(server, { headers: asBinary })).toMatchObject({ status: 200 });
    const response = await run(server, { headers: asBinary, body: bytes });
    expect(response.status).toBe(400);
    expect(response.headers["content-type"]).toBe("application/json");
  });

  // wire-facts.md, section 3: 0A and 20 are white space in JSON.
  test("a JSON-only server may take a binary body for JSON", async () => {
    await using server = await startRunning(() => ({ ok: true }), { encodings: "json" });
    expect((await run(server, { headers: asBinary, body: "\n {}" })).status).toBe(200);
  });
});

describe("routes of another service", () => {
  type Thing = Message & { id: string; tags: string[]; count: number; item?: Message };
  const echo = (thing: Message) => thing as Thing;
  const implementation = { get: echo, make: echo, put: echo, tag: echo, item: echo };
  const startThings = (options: ServerOptions = {}) => startServer(thingsService(), implementation, options);

  test.each<
    [what: string, method: string, path: string, body: string | undefined, status: number, json: unknown]
  >([
    [
      "a query",
      "GET",
      "/things/a%2Fb?item.name=n&tags=1&tags=2&count=3&nobody=4",
      undefined,
      200,
      { id: "a/b", item: { name: "n", size: "0" }, tags: ["1", "2"], count: 3 },
    ],
    ["a query that does not fit", "GET", "/things/a?count=x", undefined, 400, { code: 3 }],
    [
      "a whole body, where the query is not looked at",
      "POST",
      "/things?count=3",
      '{"id":"a"}',
      200,
      { id: "a", item: null, tags: [], count: 0 },
    ],
    [
      "a field as body",
      "PUT",
      "/things/a?count=3&item.size=1",
      '{"size":"9"}',
      200,
      { id: "a", item: { name: "", size: "9" }, tags: [], count: 3 },
    ],
    [
      "a field as body, without a body",
      "PUT",
      "/things/a",
      undefined,
      200,
      { id: "a", item: null, tags: [], count: 0 },
    ],
    ["a list as body and response", "PUT", "/things/a/tags", '["x","y"]', 200, ["x", "y"]],
    ["an empty list as response", "PUT", "/things/a/tags", undefined, 200, []],
    [
      "a verb after many segments, a field as response",
      "GET",
      "/things/a/b/c:item?item.name=n",
      undefined,
      200,
      { name: "n", size: "0" },
    ],
    ["another letter case", "GET", "/Things/a", undefined, 404, { code: 5, message: "Not Found" }],
    ["another method", "DELETE", "/things/a", undefined, 501, { code: 12, message: "Method Not Allowed" }],
    ["nothing", "GET", "/", undefined, 404, { code: 5 }],
    ["an escape that is none", "GET", "/things/%zz", undefined, 400, { code: 3 }],
  ])("%s, in JSON", async (_, method, path, body, status, json) => {
    await using server = await startThings({ basePath: "/v1" });
    const response = await httpCall(server.baseUrl + path, {
      method,
      headers: asJson,
      ...(body && { body }),
    });
    expect(response.status).toBe(status);
    if (status === 200) expect(jsonOf(response)).toEqual(json);
    else expect(jsonOf(response)).toMatchObject(json as object);
  });

  test("binary bodies can only be messages", async () => {
    await using server = await startThings();
    const get = (path: string) => httpCall(server.baseUrl + path, { method: "GET", headers: { accept: PB } });
    const thing = await get("/things/a?count=3");
    expect([...thing.body]).toEqual([0x0a, 1, 0x61, 0x20, 3]);
    expect([...(await get("/things/a/b:item?item.name=n")).body]).toEqual([0x0a, 1, 0x6e]);
    expect((await get("/things/a/b:item")).body).toHaveLength(0);
    const field = await httpCall(`${server.baseUrl}/things/a`, { method: "PUT", headers: asBinary });
    expect(field.status).toBe(400);
    expect(statusOf(field)).toMatchObject({ code: 3, message: "unable to unmarshal non proto field" });
    const list = await httpCall(`${server.baseUrl}/things/a/tags`, {
      method: "PUT",
      headers: { accept: PB },
    });
    expect(list.status).toBe(500);
    expect(statusOf(list)).toMatchObject({ code: 2, message: "unable to marshal non proto field" });
  });

  test("the base path is part of every route", async () => {
    await using server = await startThings({ basePath: "/v1" });
    for (const path of ["/things/a", "/v1things/a", "/v2/things/a"]) {
      const response = await httpCall(`http://127.0.0.1:${server.port}${path}`, { method: "GET" });
      expect(response.status).toBe(404);
    }
  });
});

describe("limits", () => {
  test("a body may not be longer than the limit", async () => {
    await using server = await startRunning(() => ({ ok: true }), { maxRequestBytes: 100 });
    expect((await run(server, { body: `{}${" ".repeat(98)}` })).status).toBe(200);
    const response = await run(server, { headers: asBinary, body: new Uint8Array(1_000_000) });
    expect(response.status).toBe(429);
    expect(statusOf(response).code).toBe(Code.ResourceExhausted);
    expect(server.requests[1]?.requestBytes).toHaveLength(0);
  });

  test.each<[ServerOptions, string]>([
    [{ host: "0.0.0.0" }, 'host must be a loopback address, not "0.0.0.0"'],
    [{ basePath: "v1" }, "basePath must begin with a slash"],
    [{ recordLimit: -1 }, "recordLimit must be a number that is not negative, not -1"],
    [{ maxRequestBytes: Number.NaN }, "maxRequestBytes must be a number that is not negative, not NaN"],
    [{ gzipRequests: "yes" as unknown as boolean }, "gzipRequests must be true or false"],
    [{ encodings: "xml" as "json" }, 'encodings must be "both" or "json"'],
  ])("%o is rejected", async (options, message) => {
    await expect(startServer(Customer, {}, options)).rejects.toThrow(new RangeError(message));
  });
});

describe("authorisation", () => {
  test("runs before the handler, with the call's context", async () => {
    let isRun = false;
    const implementation = {
      runJob: () => {
        isRun = true;
        return {};
      },
    };
    await using server = await startServer(Customer, implementation, {
      onRequest({ method, headers }) {
        throw new StatusError(Code.PermissionDenied, `${method.name} is not for ${headers.from}`);
      },
    });
    const response = await run(server, { headers: { ...asBinary, from: "me" } });
    expect(response.status).toBe(403);
    expect(statusOf(response).message).toBe("RunJob is not for me");
    expect(isRun).toBe(false);
  });
});

describe("the lifetime of a server", () => {
  test("close() ends all connections and frees the port", async () => {
    const server = await startRunning(() => new Promise(() => {}));
    const agent = new Agent({ keepAlive: true });
    await httpCall(`${server.baseUrl}/nowhere`, { agent });
    const silent = connect(server.port, "127.0.0.1");
    await once(silent, "connect");
    const hanging = run(server).catch((error: Error) => error);
    await server.received(2);
    await expect.poll(() => server.connections).toBe(3);
    await Promise.all([server.close(), server.close()]);
    expect(server.connections).toBe(0);
    expect(await hanging).toBeInstanceOf(Error);
    silent.destroy();
    agent.destroy();
    await using again = await startServer(Customer, {}, { port: server.port });
    expect(again.port).toBe(server.port);
  });

  test("a port that is taken is an error", async () => {
    await using server = await startServer(Customer, {});
    await expect(startServer(Customer, {}, { port: server.port })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });

  test("it survives a caller that aborts its request", async () => {
    await using server = await startRunning(() => ({ ok: true }));
    const socket = connect(server.port, "127.0.0.1");
    socket.write("POST /jobs/a/run HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\n123");
    await expect.poll(() => server.connections).toBe(1);
    socket.resetAndDestroy();
    await expect.poll(() => server.connections).toBe(0);
    expect((await run(server)).status).toBe(200);
    expect(server.requests).toHaveLength(1);
  });

  test("it can listen on IPv6", async () => {
    await using server = await startServer(Customer, {}, { host: "::1" });
    expect(server.baseUrl).toBe(`http://[::1]:${server.port}`);
    expect((await run(server)).status).toBe(501);
  });

  test("any service can have faults", async () => {
    await using server = await startRunning(() => ({ ok: true }));
    const message = create(StringValueSchema, { value: "x" });
    server.fault({ kind: "message", schema: StringValueSchema, message, status: 202 }, { rpc: "RunJob" });
    const response = await run(server, { headers: asBinary });
    expect(response.status).toBe(202);
    expect(fromBinary(StringValueSchema, response.body).value).toBe("x");
  });
});

describe("mistakes", () => {
  test.each([
    [{ prot: 1 }, 'there is no option "prot"'],
    [{ port: "x" }, "port must"],
    [{ http2: 1 }, "http2 must be true or false"],
    [{ onRequest: 1 }, "onRequest must be a function"],
  ])("the options %o are rejected", async (options, reason) => {
    await expect(startRunning(() => ({ ok: true }), options as ServerOptions)).rejects.toThrow(reason);
  });

  test("a handler that returns nothing is an error, not an empty message", async () => {
    await using server = await startRunning(() => undefined as never);
    expect(await run(server, { headers: asJson, body: "{}" })).toMatchObject({ status: 500 });
    expect(server.requests.at(-1)?.thrown).toMatchObject({
      message:
        "the handler of bytenite.customer.Customer/RunJob did not return a valid message: " +
        "the message has to be a bytenite.common.GenericResponse, not undefined",
    });
  });
});
