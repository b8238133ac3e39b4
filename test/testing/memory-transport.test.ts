import { describe, expect, test } from "vitest";
import { LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { codeName } from "../../src/index.ts";
import { createMemoryTransport, type MemoryTransportOptions } from "../../src/testing/index.ts";
import { createClient, HttpRuleError, type Interceptor } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { deferred } from "../support/deferred.ts";
import { thingsService } from "./things-service.ts";

const name = "shelves/1/books/2";
const getBook = () => ({ name, title: "Emma" });

test("a client calls the implementation", async () => {
  await using transport = createMemoryTransport(LibraryService, { getBook });
  const library = createClient(LibraryService, transport);
  expect(await library.getBook({ name })).toMatchObject({ title: "Emma" });
  expect(transport.server.requests).toMatchObject([
    { rpc: "library.v1.LibraryService/GetBook", method: "GET", path: `/v1/${name}`, status: 200 },
  ]);
});

test("interceptors wrap a call with its attempts, the first one outermost", async () => {
  const log: string[] = [];
  const logging =
    (who: string): Interceptor =>
    (next) =>
    async (request) => {
      log.push(`${who}: ${request.method.name}`);
      const response = await next(request);
      log.push(`${who}: ${response.attempts} attempts`);
      return response;
    };
  await using transport = createMemoryTransport(
    LibraryService,
    {
      getBook() {
        log.push("handler");
        return { title: "Emma" };
      },
    },
    { interceptors: [logging("outer"), logging("inner")], retry: { initialBackoffMs: 1 } },
  );
  transport.server.fault({ kind: "reset" });
  await transport.unary(LibraryService.method.getBook, { name });
  expect(log).toEqual([
    "outer: GetBook",
    "inner: GetBook",
    "handler",
    "inner: 2 attempts",
    "outer: 2 attempts",
  ]);
});

test("the options of the transport and of its server apply", async () => {
  await using transport = createMemoryTransport(
    LibraryService,
    { getBook },
    { encoding: "json", headers: { "x-a": "b" }, server: { basePath: "/api", recordLimit: 1 } },
  );
  await transport.unary(LibraryService.method.getBook, { name });
  await transport.unary(LibraryService.method.getBook, { name });
  expect(transport.server.requests).toMatchObject([
    { path: `/api/v1/${name}`, headers: { accept: "application/json", "x-a": "b" } },
  ]);
});

test("an rpc of another service is not found", async () => {
  await using transport = createMemoryTransport(thingsService(), {});
  const error = await caught(transport.unary(LibraryService.method.getBook, { name }));
  expect(error).toMatchObject({ status: 404, outcome: "rejected" });
});

describe("rejects at creation:", () => {
  test("a service with a wrong http rule", () => {
    expect(() => createMemoryTransport(thingsService("/things/{nothing}"), {})).toThrow(HttpRuleError);
  });

  test("an implementation of an unknown rpc", () => {
    expect(() => createMemoryTransport(LibraryService, { sing: () => ({}) } as object)).toThrow(
      "library.v1.LibraryService has no rpc sing",
    );
  });

  test.each<[object, string]>([
    [{ baseUrl: "https://library.example.com" }, "baseUrl: a memory transport has its own"],
    [{ dispatcher: {} }, "dispatcher: a memory transport has its own"],
    [{ timeout: 5 }, 'there is no option "timeout"'],
    [{ server: { port: 0 } }, 'there is no option "port"'],
  ])("the options %o", (options, message) => {
    expect(() => createMemoryTransport(LibraryService, {}, options as MemoryTransportOptions)).toThrow(
      message,
    );
  });
});

test("closing lets the calls in flight finish, and then closes the server too", async () => {
  const { promise: reader, resolve: arrive } = deferred<string>();
  const transport = createMemoryTransport(LibraryService, {
    getBook: async () => ({ reader: await reader }),
  });
  const { server } = transport;
  const call = transport.unary(LibraryService.method.getBook, { name });
  await server.received(1);
  const closed = transport.close();
  arrive("Ann");
  expect((await call).message.reader).toBe("Ann");
  await closed;
  const error = await caught(transport.unary(LibraryService.method.getBook, { name }));
  expect(codeName(error.code)).toBe("FailedPrecondition");
});
