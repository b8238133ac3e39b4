import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { create, createRegistry } from "@bufbuild/protobuf";
import { type Empty, StringValueSchema } from "@bufbuild/protobuf/wkt";
import {
  type CallOptions,
  type Client,
  Code,
  ConnectError,
  createClient,
  createContextValues,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { describe, expect, expectTypeOf, onTestFinished, test } from "vitest";
import { type Book, BookSchema, LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { libraryService } from "../../examples/support/library-service.ts";
import { Customer } from "../../gen/bytenite/customer/customer_pb.js";
import {
  type ConnectTransportOptions,
  createRestTransport,
  restCallOptions,
  rpcErrorOf,
} from "../../src/connect/index.ts";
import type { CallEvent } from "../../src/index.ts";
import { type HandlerContext, StatusError, startServer } from "../../src/testing/index.ts";
import { deferred } from "../support/deferred.ts";
import { closedPort } from "../support/loopback.ts";
import { ok, type Scripted, scriptedServer } from "../support/scripted-server.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";

const name = "shelves/1/books/2";

const details = createRegistry(BookSchema, StringValueSchema);

function transportTo(baseUrl: string, options: Partial<ConnectTransportOptions> = {}) {
  const transport = createRestTransport({ baseUrl, retry: { initialBackoffMs: 1 }, ...options });
  onTestFinished(() => transport.close());
  return transport;
}

/** A Connect client of a library with one book, and its server. */
async function library(options: Partial<ConnectTransportOptions> = {}) {
  const contexts: HandlerContext[] = [];
  const { getBook, ...others } = libraryService();
  const server = await startServer(
    LibraryService,
    {
      ...others,
      getBook: (request, context) => {
        contexts.push(context);
        if (request.name !== name) {
          const what = [
            create(BookSchema, { name: request.name }),
            create(StringValueSchema, { value: "shelf 1" }),
          ];
          throw new StatusError(Code.NotFound, "no such book", {
            details: what,
            headers: { "x-shelf": "1" },
          });
        }
        context.setHeader("x-shelf", "1");
        context.addMetadata("seen-by", "the librarian");
        context.addTrailer("seen-last", "the door");
        return { name, title: "Emma" };
      },
    },
    { registry: details },
  );
  onTestFinished(() => server.close());
  const transport = transportTo(server.baseUrl, options);
  return { server, transport, contexts, client: createClient(LibraryService, transport) };
}

/** A Connect client of ByteNite's jobs, with a scripted server. */
async function jobs(script: readonly Scripted[], options: Partial<ConnectTransportOptions> = {}) {
  const server = await scriptedServer(...script);
  return { server, client: createClient(Customer, transportTo(server.baseUrl, options)) };
}

async function failed(promise: Promise<unknown>): Promise<ConnectError> {
  const error = await promise.then(
    () => new Error("the call did not fail"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConnectError);
  return error as ConnectError;
}

test("the transport is a Connect transport, and its clients are typed by the descriptor", () => {
  expectTypeOf(createRestTransport).returns.toExtend<Transport>();
  type Library = Client<typeof LibraryService>;
  expectTypeOf<Library["getBook"]>().returns.resolves.toEqualTypeOf<Book>();
  expectTypeOf<Library["deleteBook"]>().returns.resolves.toEqualTypeOf<Empty>();
  expectTypeOf<Library["getBook"]>().parameter(1).toEqualTypeOf<CallOptions | undefined>();
});

describe("a Connect client", () => {
  test("calls a google.api.http route in binary", async () => {
    stopClock();
    const { client, server } = await library();
    expect(await client.getBook({ name })).toMatchObject({ $typeName: "library.v1.Book", title: "Emma" });
    expect(server.requests).toMatchObject([
      {
        method: "GET",
        path: `/v1/${name}`,
        headers: {
          accept: "application/x-protobuf",
          "grpc-timeout": "30000m",
        },
      },
    ]);
  });

  test("sends a body in binary, and falls back to JSON", async () => {
    const { client, server } = await library();
    await client.createBook({ parent: "shelves/1", bookId: "3", book: { title: "Persuasion" } });
    expect(server.requests[0]?.headers["content-type"]).toBe("application/json");
    const { client: customer, server: scripted } = await jobs([{ status: 415 }, ok]);
    await customer.runJob({ jobId: "job-1", config: { taskTimeout: 60n } });
    expect(scripted.seen.map(({ headers }) => headers["content-type"])).toEqual([
      "application/x-protobuf",
      "application/json",
    ]);
  });

  test.each([
    [undefined, "page_count"],
    ["camelCase", "pageCount"],
  ] as const)("writes a FieldMask into a query with queryFieldMask: %j", async (queryFieldMask, path) => {
    const urls: string[] = [];
    const seeing: Interceptor = (next) => (request) => {
      urls.push(request.url);
      return next(request);
    };
    const { client, server } = await library({ queryFieldMask, interceptors: [seeing] });
    await client.createBook({ parent: "shelves/1", bookId: "2" });
    const changed = await client.updateBook({
      book: { name, pageCount: 474 },
      updateMask: { paths: ["page_count"] },
    });
    expect(changed.pageCount).toBe(474);
    expect(server.requests.at(-1)?.path).toBe(`/v1/${name}?updateMask=${path}`);
    expect(urls.at(-1)).toBe(`${server.baseUrl}/v1/${name}?updateMask=${path}`);
  });

  test("sends headers, and receives HTTP headers and the metadata of a grpc-gateway", async () => {
    const { client, contexts } = await library();
    let header = new Headers();
    let trailer: Headers | undefined;
    await client.getBook(
      { name },
      {
        headers: [
          ["x-reader", "Ada"],
          ["x-reader", "Jane"],
        ],
        onHeader: (headers) => {
          header = headers;
        },
        onTrailer: (trailers) => {
          trailer = trailers;
        },
      },
    );
    expect(contexts[0]?.headers["x-reader"]).toBe("Ada, Jane");
    expect(header.get("x-shelf")).toBe("1");
    expect(header.get("grpc-metadata-seen-by")).toBe("the librarian");
    expect(header.get("seen-by")).toBe("the librarian");
    expect([...(trailer ?? [])]).toEqual([]);
  });

  test("receives the HTTP header if the backend's metadata has the same name", async () => {
    const headers = {
      "content-type": "application/x-protobuf",
      "grpc-metadata-content-type": "application/grpc",
      "grpc-metadata-": "nothing",
      "grpc-metadata-team": "a",
    };
    const { client } = await jobs([
      { ...(ok as object), headers },
      { status: 404, headers },
    ]);
    const seen: Headers[] = [];
    await client.runJob({ jobId: "job-1" }, { onHeader: (header) => void seen.push(header) });
    const error = await failed(client.runJob({ jobId: "job-1" }));
    expect(seen).toHaveLength(1);
    for (const each of [...seen, error.metadata]) {
      expect([each.get("content-type"), each.get("team")]).toEqual(["application/x-protobuf", "a"]);
    }
  });

  test("receives the trailing metadata that a gateway sends for te: trailers", async () => {
    const { client } = await library();
    const seen: string[][] = [];
    const onTrailer = (trailers: Headers) => void seen.push([...trailers].flat());
    await client.getBook({ name }, { onTrailer });
    await client.getBook({ name }, { onTrailer, headers: { te: "trailers" } });
    expect(seen).toEqual([[], ["seen-last", "the door"]]);
  });

  test("receives several cookies as separate values", async () => {
    const { client } = await jobs([
      {
        ...(ok as object),
        headers: { "content-type": "application/x-protobuf", "set-cookie": ["a=1", "b=2"] },
      },
    ]);
    const cookies: string[] = [];
    await client.runJob(
      { jobId: "job-1" },
      { onHeader: (headers) => void cookies.push(...headers.getSetCookie()) },
    );
    expect(cookies).toEqual(["a=1", "b=2"]);
  });

  test("passes options that Connect lacks as a context value", async () => {
    const { client, server } = await jobs(["reset", ok], { encoding: "json" });
    const contextValues = createContextValues().set(restCallOptions, {
      idempotencyKey: "order-17",
      encoding: "protobuf",
      metadata: { "x-tenant": "blue" },
    });
    await client.runJob({ jobId: "job-1", config: {} }, { contextValues });
    expect(server.seen).toMatchObject(
      Array(2).fill({
        headers: {
          "idempotency-key": "order-17",
          "grpc-metadata-x-tenant": "blue",
          accept: "application/x-protobuf",
        },
      }),
    );
  });

  test("rejects a call after the transport is closed", async () => {
    const { client, transport, server } = await library();
    await transport.close();
    expect(await failed(client.getBook({ name }))).toMatchObject({ code: Code.FailedPrecondition });
    expect(server.requests).toEqual([]);
  });
});

describe("Connect's interceptors", () => {
  test("wrap the call, the first one outermost, and see the request", async () => {
    const log: string[] = [];
    const named =
      (label: string): Interceptor =>
      (next) =>
      async (request) => {
        log.push(`${label}: ${request.requestMethod} ${request.url}, ${request.service.typeName}`);
        const response = await next(request);
        log.push(`${label}: ${response.stream}`);
        return response;
      };
    const { client, server } = await library({ interceptors: [named("outer"), named("inner")] });
    await client.getBook({ name });
    const line = `GET ${server.baseUrl}/v1/${name}, library.v1.LibraryService`;
    expect(log).toEqual([`outer: ${line}`, `inner: ${line}`, "inner: false", "outer: false"]);
  });

  test("may complete a message that does not fit the route yet", async () => {
    const seen: string[] = [];
    const complete: Interceptor = (next) => (request) => {
      seen.push(request.url);
      if (request.stream) return next(request);
      return next({ ...request, message: create(request.method.input, { name } as never) });
    };
    const { client, server } = await library({ interceptors: [complete] });
    expect(await client.getBook({})).toMatchObject({ title: "Emma" });
    expect(seen).toEqual([`${server.baseUrl}/v1/{name=shelves/*/books/*}`]);
  });

  test("may add a credential, which no error shows and which is not sent over http to another host", async () => {
    const secret = "a-secret-token";
    const authorize: Interceptor = (next) => (request) => {
      request.header.set("authorization", `Bearer ${secret}`);
      return next(request);
    };
    const unauthorized = { status: 401, body: `no such token: Bearer ${secret}` };
    const { client, server } = await jobs([unauthorized], { interceptors: [authorize] });
    const error = await failed(client.runJob({ jobId: "job-1" }));
    expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${secret}`);
    expect(error).toMatchObject({ code: Code.Unauthenticated });
    expect(error.message).toContain("no such token");
    expect(error.message).not.toContain(secret);
    const elsewhere = createClient(
      Customer,
      transportTo("http://api.example.com", { interceptors: [authorize] }),
    );
    const rejected = await failed(elsewhere.runJob({ jobId: "job-1" }));
    expect(rejected).toMatchObject({ code: Code.InvalidArgument });
    expect(rpcErrorOf(rejected)?.outcome).toBe("not_sent");
  });

  test("may retry, within the deadline of the call", async () => {
    const again: Interceptor = (next) => async (request) => {
      for (;;) {
        try {
          return await next(request);
        } catch (error) {
          if (rpcErrorOf(error)?.outcome !== "rejected") throw error;
        }
      }
    };
    const busy = { status: 409 };
    const { client, server } = await jobs([busy, busy, ok], { interceptors: [again] });
    await client.runJob({ jobId: "job-1" }, { timeoutMs: 10_000 });
    const deadlines = server.seen.map(({ headers }) => Number.parseInt(String(headers["grpc-timeout"]), 10));
    expect(deadlines).toHaveLength(3);
    expect(String(server.seen[0]?.headers["grpc-timeout"])).toMatch(/^\d+[mu]$/);
  });

  test("that wait longer than the deadline are notified by the request's signal", async () => {
    const waiting: Interceptor = () => (request) =>
      new Promise((_resolve, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason));
      });
    const { client, server } = await jobs([ok], { interceptors: [waiting] });
    expect(await failed(client.runJob({ jobId: "job-1" }, { timeoutMs: 20 }))).toMatchObject({
      code: Code.DeadlineExceeded,
    });
    expect(server.seen).toEqual([]);
  });

  test("may throw anything, which becomes a ConnectError", async () => {
    const broken: Interceptor = () => () => Promise.reject(new Error("a bug"));
    const { client } = await jobs([ok], { interceptors: [broken] });
    const error = await failed(client.runJob({ jobId: "job-1" }));
    expect(error).toMatchObject({ code: Code.Unknown, rawMessage: "a bug" });
    expect(rpcErrorOf(error)).toBeUndefined();
  });
});

describe("invalid interceptors", () => {
  const passed: Interceptor = (next) => next;

  test.each<[string, unknown]>([
    ["a list with undefined", [undefined]],
    ["a list with a hole", Object.assign([passed], { length: 2 })],
    ["a list with null", [passed, null]],
    ["a list with a text", ["passed"]],
    ["a function", passed],
    ["a text", "passed"],
    ["an object", { 0: passed, length: 1 }],
    ["false", false],
  ])("%s are rejected when the transport is created", (_name, interceptors) => {
    const options = { interceptors: interceptors as Interceptor[] };
    const message = "interceptors must be an array of functions";
    expect(() => transportTo("http://127.0.0.1:1", options)).toThrow(message);
  });

  test("null is the default, as for every option", async () => {
    const interceptors = null as unknown as Interceptor[];
    const { client } = await jobs([ok], { interceptors });
    expect(await client.runJob({ jobId: "job-1" })).toMatchObject({ ok: true });
  });

  test("the list is copied: later changes have no effect", async () => {
    const interceptors: Interceptor[] = [];
    const { client } = await jobs([ok], { interceptors });
    interceptors.push(undefined as unknown as Interceptor);
    expect(await client.runJob({ jobId: "job-1" })).toMatchObject({ ok: true });
  });

  test("one that returns no function ends the call with an error that names it", async () => {
    const forgetful = (() => undefined) as unknown as Interceptor;
    const { client, server } = await jobs([ok], { interceptors: [forgetful] });
    const error = await failed(client.runJob({ jobId: "job-1" }));
    expect(error).toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: "interceptors: an interceptor must return a function of the request",
    });
    expect(rpcErrorOf(error)?.outcome).toBe("not_sent");
    expect(server.seen).toEqual([]);
  });
});

describe("the error of an interceptor is the error of the call:", () => {
  const mapped: Interceptor = (next) => (request) =>
    next(request).catch(() => {
      throw new ConnectError("try elsewhere", Code.FailedPrecondition);
    });

  test.each([408, 404, 504])("after status %d", async (status) => {
    const { client } = await jobs([{ status }], { interceptors: [mapped], retry: false });
    const error = await failed(client.runJob({ jobId: "job-1" }));
    expect(error).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "try elsewhere" });
    expect(rpcErrorOf(error)).toBeUndefined();
  });

  test("after its own timeout", async () => {
    const impatient: Interceptor = (next) => (request) => {
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(20)]);
      return mapped(next)({ ...request, signal });
    };
    const { client } = await jobs(["hang"], { interceptors: [impatient] });
    const error = await failed(client.runJob({ jobId: "job-1" }));
    expect(error).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "try elsewhere" });
  });

  test("unless the deadline ended the call, whose error has an outcome", async () => {
    const moveOn = stopClock();
    const { client, server } = await jobs(["hang"], { interceptors: [mapped] });
    const ended = failed(client.runJob({ jobId: "job-1" }, { timeoutMs: 50 }));
    await until(() => server.seen.length === 1);
    await moveOn(50);
    const error = await ended;
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(error.rawMessage).toMatch(/^no response within \d+ ms$/);
    expect(rpcErrorOf(error)?.outcome).toBe("unknown");
    expect(server.seen).toHaveLength(1);
  });

  test("with the details that it adds", async () => {
    const adding: Interceptor = (next) => (request) =>
      next(request).catch((error: ConnectError) => {
        error.details.push({ desc: StringValueSchema, value: { value: "look there" } });
        throw error;
      });
    for (const encoding of ["protobuf", "json"] as const) {
      const { client } = await library({ encoding, interceptors: [adding] });
      const error = await failed(client.getBook({ name: "shelves/1/books/9" }));
      const texts = error.findDetails(StringValueSchema).map(({ value }) => value);
      expect(texts.sort()).toEqual(["look there", "shelf 1"]);
    }
  });
});

describe("a call with interceptors is one call:", () => {
  const lingering =
    (begun: () => void, turn: Promise<void>): Interceptor =>
    (next) =>
    async (request) => {
      begun();
      await turn;
      const response = await next(request);
      await new Promise(setImmediate);
      return response;
    };

  test("close() waits for it", async () => {
    const turn = deferred();
    const server = await scriptedServer(ok);
    const order: string[] = [];
    const begun = deferred();
    const transport = transportTo(server.baseUrl, { interceptors: [lingering(begun.resolve, turn.promise)] });
    const called = createClient(Customer, transport)
      .runJob({ jobId: "job-1" })
      .then(() => order.push("ended"));
    await begun.promise;
    const closed = transport.close().then(() => order.push("closed"));
    turn.resolve();
    await Promise.all([called, closed]);
    expect(order).toEqual(["ended", "closed"]);
  });

  test("it has one event", async () => {
    const events: CallEvent[] = [];
    const onEnd = (event: unknown) => void events.push(event as CallEvent);
    subscribe("tracing:bytenite-jobs:call:asyncEnd", onEnd);
    onTestFinished(() => void unsubscribe("tracing:bytenite-jobs:call:asyncEnd", onEnd));
    const twice: Interceptor = (next) => async (request) => {
      await next(request).catch(() => undefined);
      return next(request);
    };
    const { client } = await jobs([{ status: 404 }, ok, { status: 404 }], { interceptors: [twice] });
    await client.runJob({ jobId: "job-1" });
    const error = await failed(client.abortJob({ jobId: "job-1" }));
    expect(events).toMatchObject([
      { method: "bytenite.customer.Customer/RunJob", code: 0, status: 200, attempts: 1 },
      { code: Code.NotFound, outcome: "rejected", attempts: 1, error },
    ]);
    expect(events).toHaveLength(2);
  });
});

describe("a ConnectError", () => {
  test.each(["protobuf", "json"] as const)(
    "has the server's message, details and headers (%s)",
    async (encoding) => {
      const { client } = await library({ encoding });
      const error = await failed(client.getBook({ name: "shelves/1/books/9" }));
      expect(error).toMatchObject({ code: Code.NotFound, rawMessage: "no such book" });
      expect(error.message).toBe("[not_found] no such book");
      expect(error.metadata.get("x-shelf")).toBe("1");
      expect(error.findDetails(StringValueSchema)).toMatchObject([{ value: "shelf 1" }]);
      expect(error.findDetails(BookSchema)).toMatchObject([{ name: "shelves/1/books/9" }]);
      const rpcError = rpcErrorOf(error);
      expect(rpcError).toMatchObject({ outcome: "rejected", status: 404, attempts: 1 });
      expect(error.cause).toBe(rpcError);
    },
  );

  test("has details from JSON if the registry has their types", async () => {
    const { client } = await library({ encoding: "json", registry: details });
    const error = await failed(client.getBook({ name: "shelves/1/books/9" }));
    expect(error.findDetails(details)).toMatchObject([{ name: "shelves/1/books/9" }, { value: "shelf 1" }]);
  });

  test.each<[string, readonly Scripted[], Code, string]>([
    ["a lost connection", ["reset"], Code.Unavailable, "unknown"],
    [
      "a proxy's page",
      [{ status: 502, headers: { "content-type": "text/html" }, body: "<h1>Bad</h1>" }],
      Code.Unavailable,
      "unknown",
    ],
    [
      "a response that cannot be decoded",
      [{ headers: { "content-type": "application/x-protobuf" }, body: "?" }],
      Code.DataLoss,
      "unknown",
    ],
    ["a 403", [{ status: 403 }], Code.PermissionDenied, "rejected"],
  ])("of %s has the outcome", async (_what, script, code, outcome) => {
    const { client } = await jobs(script);
    const error = await failed(client.runJob({ jobId: "job-1" }));
    expect(error.code).toBe(code);
    expect(rpcErrorOf(error)?.outcome).toBe(outcome);
  });

  test("of a server that does not listen has the outcome not_sent", async () => {
    const client = createClient(Customer, transportTo(`http://127.0.0.1:${await closedPort()}`));
    const error = await failed(client.runJob({ jobId: "job-1" }));
    expect(error.code).toBe(Code.Unavailable);
    expect(rpcErrorOf(error)).toMatchObject({ outcome: "not_sent", attempts: 4 });
  });

  test("of an invalid message is InvalidArgument", async () => {
    const { client, server } = await jobs([ok]);
    const error = await failed(client.runJob({ jobId: "" }));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(rpcErrorOf(error)?.outcome).toBe("not_sent");
    const wrong = await failed(client.runJob({ jobId: "job-1", config: { taskTimeout: "x" as never } }));
    expect(wrong.code).toBe(Code.InvalidArgument);
    expect(server.seen).toEqual([]);
  });

  test("of a deadline has the outcome unknown", async () => {
    const moveOn = stopClock();
    const { client, server } = await jobs(["hang"]);
    const ended = failed(client.runJob({ jobId: "job-1" }, { timeoutMs: 50 }));
    await until(() => server.seen.length === 1);
    await moveOn(50);
    const error = await ended;
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(rpcErrorOf(error)).toMatchObject({ code: Code.DeadlineExceeded, outcome: "unknown" });
    expect(server.seen).toHaveLength(1);
  });

  test("of the transport's own deadline, too; 0 is no deadline, as in Connect", async () => {
    const { client } = await jobs(["hang"], { timeoutMs: 50 });
    const error = await failed(client.runJob({ jobId: "job-1" }));
    expect(error.code).toBe(Code.DeadlineExceeded);
    const { client: patient, server } = await jobs([ok], { timeoutMs: 50 });
    await patient.runJob({ jobId: "job-1" }, { timeoutMs: 0 });
    expect(server.seen[0]?.headers).not.toHaveProperty("grpc-timeout");
  });

  test.each([
    [new ConnectError("too old", Code.Aborted), Code.Aborted, "too old"],
    [new Error("the user went away"), Code.Canceled, "the user went away"],
    ["the user went away", Code.Canceled, "the user went away"],
    [undefined, Code.Canceled, "This operation was aborted"],
  ])(
    "of a cancelled call has the reason, as in Connect's own transports (%s)",
    async (reason, code, message) => {
      const { client, server } = await jobs(["hang"]);
      const controller = new AbortController();
      const call = failed(client.runJob({ jobId: "job-1" }, { signal: controller.signal }));
      await until(() => server.seen.length === 1);
      controller.abort(reason);
      const error = await call;
      expect(error).toMatchObject({ code, rawMessage: message });
      expect(rpcErrorOf(error)?.outcome).toBe("unknown");
    },
  );

  test("of AbortSignal.timeout is Canceled, and its RpcError is DeadlineExceeded", async () => {
    const { client, server } = await jobs(["hang"]);
    const controller = new AbortController();
    const call = failed(client.runJob({ jobId: "job-1" }, { signal: AbortSignal.any([controller.signal]) }));
    while (server.seen.length === 0) await new Promise(setImmediate);
    controller.abort(new DOMException("too late", "TimeoutError"));
    const error = await call;
    expect(error).toMatchObject({ code: Code.Canceled, rawMessage: "too late" });
    expect(rpcErrorOf(error)).toMatchObject({ code: Code.DeadlineExceeded, outcome: "unknown" });
  });

  test.each([
    ["a bad name", { "a b": "1" }],
    ["a bad value", { "x-a": "1\n2" }],
    ["a header of the transport's own", { "content-type": "text/plain" }],
  ])("of invalid headers (%s) is InvalidArgument", async (_what, headers) => {
    const { client, server } = await jobs([ok]);
    const error = await failed(client.runJob({ jobId: "job-1" }, { headers }));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(rpcErrorOf(error)?.outcome).toBe("not_sent");
    expect(server.seen).toEqual([]);
  });

  test.each([2 ** 31, 1e12, Number.POSITIVE_INFINITY])(
    "does not come from a deadline too long for a timer (%d ms)",
    async (timeoutMs) => {
      const { client } = await jobs([ok]);
      expect(await client.runJob({ jobId: "job-1" }, { timeoutMs })).toMatchObject({ ok: true });
    },
  );

  test.each([undefined, "the user went away"])("of a cancelled call (%s) is Canceled", async (reason) => {
    const { client, server } = await jobs(["hang"]);
    const controller = new AbortController();
    const call = failed(client.runJob({ jobId: "job-1" }, { signal: controller.signal }));
    await until(() => server.seen.length === 1);
    controller.abort(reason);
    const error = await call;
    expect(error.code).toBe(Code.Canceled);
    expect(rpcErrorOf(error)).toMatchObject({ outcome: "unknown", cause: controller.signal.reason });
  });

  test("of a call with an aborted signal has the outcome not_sent", async () => {
    const { client, server } = await jobs([ok]);
    const error = await failed(client.runJob({ jobId: "job-1" }, { signal: AbortSignal.abort() }));
    expect(error.code).toBe(Code.Canceled);
    expect(server.seen).toEqual([]);
  });
});
