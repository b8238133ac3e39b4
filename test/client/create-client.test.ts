import type { DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import type { Empty } from "@bufbuild/protobuf/wkt";
import { describe, expect, expectTypeOf, onTestFinished, test } from "vitest";
import {
  type Book,
  BookSchema,
  Genre,
  type GetBookRequestSchema,
  LibraryService,
} from "../../examples/gen/library/v1/library_pb.js";
import { libraryService } from "../../examples/support/library-service.ts";
import { startServer } from "../../src/testing/index.ts";
import {
  type CallOptions,
  type Client,
  Code,
  createClient,
  createRestTransport,
  HttpRuleError,
  type Interceptor,
  type RestTransportOptions,
  type Transport,
} from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { ruleMethod } from "../transcoding/support/rule-method.ts";

const name = "shelves/1/books/2";

async function library(options: Partial<RestTransportOptions> = {}) {
  const server = await startServer(LibraryService, libraryService());
  onTestFinished(() => server.close());
  const transport = createRestTransport({ baseUrl: server.baseUrl, ...options });
  onTestFinished(() => transport.close());
  const client = createClient(LibraryService, transport);
  await client.createBook({ parent: "shelves/1", bookId: "2", book: { title: "Emma" } });
  return { server, transport, client };
}

test("a client is typed from the generated descriptor alone", () => {
  type Library = Client<typeof LibraryService>;
  expectTypeOf<Library["getBook"]>()
    .parameter(0)
    .toEqualTypeOf<MessageInitShape<typeof GetBookRequestSchema>>();
  expectTypeOf<Library["getBook"]>().parameter(1).toEqualTypeOf<CallOptions | undefined>();
  expectTypeOf<Library["getBook"]>().returns.resolves.toEqualTypeOf<Book>();
  expectTypeOf<Library["deleteBook"]>().returns.resolves.toEqualTypeOf<Empty>();
  expectTypeOf<keyof Library>().toEqualTypeOf<
    "getBook" | "listBooks" | "createBook" | "updateBook" | "checkOutBook" | "deleteBook"
  >();
  const wrong = (client: Library) => [
    // @ts-expect-error: a field that the request does not have
    client.getBook({ nam: "x" }),
    // @ts-expect-error: a field of another type
    client.listBooks({ pageSize: "10" }),
    // @ts-expect-error: an enum of another type
    client.createBook({ book: { genre: "FICTION" } }),
    // @ts-expect-error: an rpc that the service does not have
    client.burnBook({ name: "x" }),
  ];
  expectTypeOf(wrong).toBeFunction();
});

describe.each(["protobuf", "json"] as const)("in %s", (encoding) => {
  test("messages go out and come back", async () => {
    const { client, server } = await library({ encoding });
    const book = await client.getBook({ name });
    expect(book).toMatchObject({ $typeName: "library.v1.Book", name, title: "Emma" });
    const page = await client.listBooks({
      parent: "shelves/1",
      filter: { genres: [Genre.FICTION, Genre.SCIENCE] },
    });
    expect(page.books).toEqual([]);
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1/shelves/1/books?bookId=2",
      `GET /v1/${name}`,
      "GET /v1/shelves/1/books?filter.genres=GENRE_FICTION&filter.genres=GENRE_SCIENCE",
    ]);
  });

  test("a body that is a field is JSON, and its answer is what was asked for", async () => {
    const { client, server } = await library({ encoding });
    await client.updateBook({ book: { name, title: "Persuasion" }, updateMask: { paths: ["title"] } });
    const request = server.requests.at(-1);
    expect(request?.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(Buffer.from(request?.requestBytes ?? []).toString())).toEqual({ title: "Persuasion" });
    expect(request?.headers.accept).toBe(encoding === "json" ? "application/json" : "application/x-protobuf");
    expect(request?.path).toBe(`/v1/${name}?updateMask=title`);
  });
});

test("the caller's message is not touched", async () => {
  const { client } = await library();
  const request = { name, reader: "Ada" };
  await client.checkOutBook(request);
  expect(request).toEqual({ name, reader: "Ada" });
});

describe("what cannot be sent is refused, with the field's name", () => {
  test.each([
    ["a name of another pattern", { name: "books/2" }, "name"],
    ["an empty name", { name: "" }, "name"],
    ["a name with a dot segment", { name: "shelves/../books/2" }, "name"],
    ["a number", { name: 7 as unknown as string }, "name"],
  ])("%s", async (_name, request, field) => {
    const { client, server } = await library();
    const error = await caught(client.getBook(request));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent", attempts: 0 });
    expect(error.message).toMatch(`library.v1.LibraryService/GetBook: InvalidArgument: ${field}`);
    expect(server.requests).toHaveLength(1);
  });

  test("what protobuf-es refuses to write", async () => {
    const { client } = await library();
    const error = await caught(client.checkOutBook({ name, days: 2 ** 40 }));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(error.message).toContain("days");
    expect(await caught(client.checkOutBook(5 as never))).toMatchObject({ code: Code.InvalidArgument });
  });
});

test("a client for a rule that is wrong is refused when it is made", () => {
  const { parent: service } = ruleMethod(["GET /v1/{nme}", "POST v1"], BookSchema);
  let thrown: unknown;
  try {
    createClient(service, {} as Transport);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(HttpRuleError);
  expect((thrown as HttpRuleError).problems).toMatchObject([
    { method: "example.Service/Call", rule: "/v1/{nme}", column: expect.any(Number) },
    { method: "example.Service/Call", rule: "v1", column: 1 },
  ]);
});

test("a single call by a rule that is wrong is an RpcError", async () => {
  const server = await scriptedServer({});
  const transport = createRestTransport({ baseUrl: server.baseUrl });
  onTestFinished(() => transport.close());
  const method = ruleMethod("GET /v1/{nme}", BookSchema) as DescMethodUnary;
  const error = await caught(transport.unary(method, {}));
  expect(error).toMatchObject({ code: Code.Unimplemented, outcome: "not_sent" });
  expect(error.message).toContain('"/v1/{nme}"');
});

describe("interceptors", () => {
  test("stand around the call, the first one outermost", async () => {
    const log: string[] = [];
    const logging =
      (who: string): Interceptor =>
      (next) =>
      async (request) => {
        log.push(`${who} asks ${request.method.name}`);
        const response = await next(request);
        log.push(`${who} hears ${response.status} after ${response.attempts}`);
        return response;
      };
    const { client } = await library({ interceptors: [logging("outer"), logging("inner")] });
    log.length = 0;
    await client.getBook({ name });
    expect(log).toEqual([
      "outer asks GetBook",
      "inner asks GetBook",
      "inner hears 200 after 1",
      "outer hears 200 after 1",
    ]);
  });

  test("may change the request, answer themselves, and try again", async () => {
    const server = await scriptedServer({ status: 500 }, { status: 200 });
    const tryAgain: Interceptor = (next) => (request) => next(request).catch(() => next(request));
    const addHeader: Interceptor = (next) => (request) => next({ ...request, headers: { "x-added": "1" } });
    const transport = createRestTransport({ baseUrl: server.baseUrl, interceptors: [tryAgain, addHeader] });
    onTestFinished(() => transport.close());
    await createClient(LibraryService, transport).getBook({ name });
    expect(server.seen.map(({ headers }) => headers["x-added"])).toEqual(["1", "1"]);
  });

  test("see the metadata and the history of an answer", async () => {
    const server = await scriptedServer(
      { status: 503 },
      { status: 200, headers: { "grpc-metadata-x-a": ["1", "2"] } },
    );
    const transport = createRestTransport({ baseUrl: server.baseUrl, retry: { initialBackoffMs: 1 } });
    onTestFinished(() => transport.close());
    const response = await transport.unary(LibraryService.method.getBook, { name });
    expect(response).toMatchObject({ status: 200, attempts: 2, metadata: { "x-a": ["1", "2"] } });
    expect(response.history).toMatchObject([
      { status: 503, code: Code.Unavailable, outcome: "unknown", waitedMs: expect.any(Number) },
      { status: 200, code: Code.OK },
    ]);
  });
});
