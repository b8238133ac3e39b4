import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type Empty, EmptySchema } from "@bufbuild/protobuf/wkt";
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
  type UnaryResponse,
} from "../../src/transport.ts";
import { type Everything, EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { caught } from "../support/caught.ts";
import { type Scripted, scriptedServer } from "../support/scripted-server.ts";
import { type RuleText, ruleMethod } from "../transcoding/support/rule-method.ts";

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

test("a client is typed by the generated descriptor", () => {
  type Library = Client<typeof LibraryService>;
  expectTypeOf<Library["getBook"]>()
    .parameter(0)
    .toEqualTypeOf<MessageInitShape<typeof GetBookRequestSchema>>();
  expectTypeOf<Library["getBook"]>().parameter(1).toEqualTypeOf<CallOptions | undefined>();
  expectTypeOf<Library["getBook"]>().returns.resolves.toEqualTypeOf<Book>();
  expectTypeOf<Library["deleteBook"]>().returns.resolves.toEqualTypeOf<Empty>();
  expectTypeOf<keyof Library>().toEqualTypeOf<
    "getBook" | "listBooks" | "createBook" | "updateBook" | "batchUpdateBooks" | "checkOutBook" | "deleteBook"
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
  test("requests and responses are encoded and decoded", async () => {
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

  test("the body of a body: field rule is JSON, and the response has the requested encoding", async () => {
    const { client, server } = await library({ encoding });
    await client.updateBook({ book: { name, title: "Persuasion" }, updateMask: { paths: ["title"] } });
    const request = server.requests.at(-1);
    expect(request?.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(Buffer.from(request?.requestBytes ?? []).toString())).toEqual({ title: "Persuasion" });
    expect(request?.headers.accept).toBe(encoding === "json" ? "application/json" : "application/x-protobuf");
    expect(request?.path).toBe(`/v1/${name}?updateMask=title`);
  });
});

describe("a FieldMask", () => {
  const book = { name, authors: ["Jane Austen"], pageCount: 474 };
  const updateMask = { paths: ["authors", "page_count"] };

  test.each([
    [undefined, "authors%2Cpage_count"],
    ["snake_case", "authors%2Cpage_count"],
    ["camelCase", "authors%2CpageCount"],
  ] as const)(
    "goes into a query with queryFieldMask: %j, and the server reads the same paths",
    async (form, text) => {
      const { client, server } = await library({ queryFieldMask: form });
      const changed = await client.updateBook({ book, updateMask });
      expect(changed).toMatchObject({ title: "Emma", pageCount: 474 });
      expect(server.requests.at(-1)?.path).toBe(`/v1/${name}?updateMask=${text}`);
    },
  );

  test.each(["snake_case", "camelCase"] as const)("is in camelCase in a JSON body (%s)", async (form) => {
    const { client, server } = await library({ queryFieldMask: form, encoding: "json" });
    await client.batchUpdateBooks({ parent: "shelves/1", requests: [{ book, updateMask }] });
    expect(JSON.parse(Buffer.from(server.requests.at(-1)?.requestBytes ?? []).toString())).toEqual({
      requests: [{ book, updateMask: "authors,pageCount" }],
    });
  });

  test("that cannot be written in this form is rejected", async () => {
    const { client, server } = await library({ queryFieldMask: "camelCase" });
    const before = server.requests.length;
    const error = await caught(client.updateBook({ book, updateMask: { paths: ["line_2"] } }));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(error.reason).toBe('update_mask has the path "line_2", which cannot be written in camelCase');
    expect(server.requests).toHaveLength(before);
  });

  test.each([
    ["kebab-case", ', not "kebab-case"'],
    ["", ', not ""'],
    [true, ""],
    [["camelCase"], ""],
  ])("has no form %j", (form, given) => {
    const options = { baseUrl: "http://127.0.0.1:1", queryFieldMask: form as "camelCase" };
    expect(() => createRestTransport(options)).toThrow(
      expect.objectContaining({
        code: Code.InvalidArgument,
        reason: `queryFieldMask must be "snake_case" or "camelCase"${given}`,
      }),
    );
  });
});

test("the caller's message is not changed", async () => {
  const { client } = await library();
  const request = { name, reader: "Ada" };
  await client.checkOutBook(request);
  expect(request).toEqual({ name, reader: "Ada" });
});

describe("an invalid message is rejected with the field's name", () => {
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

  test("a value that protobuf-es rejects", async () => {
    const { client } = await library();
    const error = await caught(client.checkOutBook({ name, days: 2 ** 40 }));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(error.message).toContain("days");
    expect(await caught(client.checkOutBook(5 as never))).toMatchObject({ code: Code.InvalidArgument });
  });
});

test("createClient throws for an invalid rule", () => {
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

test("a method without a usable rule does not affect the other methods of its service", async () => {
  const headers = { "content-type": "application/json" };
  const server = await scriptedServer({ headers, body: '{"title":"Emma"}' });
  const transport = createRestTransport({ baseUrl: server.baseUrl });
  onTestFinished(() => transport.close());
  const { parent: service } = ruleMethod("GET /v1/{name}", BookSchema);
  const [call] = service.methods as [DescMethodUnary];
  const bare = { ...call, name: "Bare", localName: "bare", proto: { ...call.proto, options: undefined } };
  const streams = { ...call, name: "Streams", localName: "streams", methodKind: "client_streaming" };
  const methods = [call, bare, streams] as unknown as DescMethodUnary[];
  const client = createClient({ ...service, methods }, transport) as unknown as Record<
    string,
    (request: object) => Promise<unknown>
  >;
  expect(await client.call?.({ name: "x" })).toMatchObject({ title: "Emma" });
  for (const [name, reason] of [
    ["bare", "example.Service/Bare: the method has no google.api.http rule"],
    ["streams", 'a stream of requests needs a rule with body: "*" and without path variables'],
  ] as const) {
    const input = name === "streams" ? [{ name: "x" }] : { name: "x" };
    const error = await caught(client[name]?.(input) ?? Promise.resolve());
    expect(error).toMatchObject({ code: Code.Unimplemented, outcome: "not_sent" });
    expect(error.message).toContain(reason);
  }
  expect(server.seen).toHaveLength(1);
});

test("a call of a method with an invalid rule rejects with an RpcError", async () => {
  const server = await scriptedServer({});
  const transport = createRestTransport({ baseUrl: server.baseUrl });
  onTestFinished(() => transport.close());
  const method = ruleMethod("GET /v1/{nme}", BookSchema) as DescMethodUnary;
  const error = await caught(transport.unary(method, {}));
  expect(error).toMatchObject({ code: Code.Unimplemented, outcome: "not_sent" });
  expect(error.message).toContain('"/v1/{nme}"');
});

describe("interceptors", () => {
  test("wrap the call, the first one outermost", async () => {
    const log: string[] = [];
    const logging =
      (who: string): Interceptor =>
      (next) =>
      async (request) => {
        log.push(`${who} calls ${request.method.name}`);
        const response = await next(request);
        log.push(`${who} receives ${response.status} after ${response.attempts}`);
        return response;
      };
    const { client } = await library({ interceptors: [logging("outer"), logging("inner")] });
    log.length = 0;
    await client.getBook({ name });
    expect(log).toEqual([
      "outer calls GetBook",
      "inner calls GetBook",
      "inner receives 200 after 1",
      "outer receives 200 after 1",
    ]);
  });

  test("may change the request, respond themselves, and retry", async () => {
    const server = await scriptedServer({ status: 500 }, { status: 200 });
    const tryAgain: Interceptor = (next) => (request) => next(request).catch(() => next(request));
    const addHeader: Interceptor = (next) => (request) => next({ ...request, headers: { "x-added": "1" } });
    const transport = createRestTransport({ baseUrl: server.baseUrl, interceptors: [tryAgain, addHeader] });
    onTestFinished(() => transport.close());
    await createClient(LibraryService, transport).getBook({ name });
    expect(server.seen.map(({ headers }) => headers["x-added"])).toEqual(["1", "1"]);
  });

  test("see the metadata and the history of a response", async () => {
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

  test("may return a changed copy of the response, which keeps its metadata", async () => {
    const server = await scriptedServer({ status: 200, headers: { "grpc-metadata-x-a": "1" } });
    const renaming: Interceptor = (next) => async (request) => {
      const response = await next(request);
      if (response.stream) return response;
      return { ...response, message: create(BookSchema, { title: "changed" }) };
    };
    const transport = createRestTransport({ baseUrl: server.baseUrl, interceptors: [renaming] });
    onTestFinished(() => transport.close());
    expect(await transport.unary(LibraryService.method.getBook, { name })).toMatchObject({
      message: { title: "changed" },
      metadata: { "x-a": ["1"] },
      history: [{ status: 200 }],
    });
  });

  test.each<[string, Interceptor, object]>([
    [
      "forget to return",
      (next) => async (request) => void (await next(request)) as never,
      {
        code: Code.Internal,
        outcome: "unknown",
        reason: expect.stringContaining("no response with a library.v1.Book"),
      },
    ],
    [
      "respond with another message",
      (next) => async (request) =>
        ({ ...(await next(request)), message: create(EmptySchema) }) as UnaryResponse,
      {
        code: Code.Internal,
        outcome: "unknown",
        reason: expect.stringContaining("no response with a library.v1.Book"),
      },
    ],
    [
      "pass no request on",
      (next) => () => next(undefined as never),
      {
        code: Code.InvalidArgument,
        outcome: "not_sent",
        reason: expect.stringContaining("must be called with the request"),
      },
    ],
  ])("that %s end the call with an error that names interceptors", async (_what, interceptor, expected) => {
    const server = await scriptedServer({ status: 200 });
    const transport = createRestTransport({ baseUrl: server.baseUrl, interceptors: [interceptor] });
    onTestFinished(() => transport.close());
    expect(await caught(transport.unary(LibraryService.method.getBook, { name }))).toMatchObject(expected);
  });

  test("must be functions that return functions", () => {
    const interceptors = [() => undefined as never];
    expect(() => createRestTransport({ baseUrl: "http://127.0.0.1:1", interceptors })).toThrow(
      "an interceptor must return a function",
    );
  });
});

/** A transport to a scripted server, and a method with an unusual rule. */
async function odd(rule: RuleText, ...script: readonly Scripted[]) {
  const server = await scriptedServer(...script);
  const transport = createRestTransport({ baseUrl: server.baseUrl });
  onTestFinished(() => transport.close());
  return { server, transport, call: (output: DescMessage) => ruleMethod(rule, EverythingSchema, output) };
}

describe("a HEAD rule", () => {
  const headResponse = { status: 200, headers: { "content-type": "application/x-protobuf" } };

  test("responds with a message that has no fields", async () => {
    const { server, transport, call } = await odd("HEAD /v1/{string_value}", headResponse);
    const method = call(EmptySchema) as DescMethodUnary;
    const { message } = await transport.unary(method, { stringValue: "a" });
    expect(message).toEqual(create(EmptySchema));
    expect(server.seen).toMatchObject([{ method: "HEAD" }]);
  });

  test("never responds with fields that the server did not send", async () => {
    const { transport, call } = await odd("HEAD /v1/{string_value}", headResponse);
    const error = await caught(transport.unary(call(BookSchema) as DescMethodUnary, { stringValue: "a" }));
    expect(error).toMatchObject({ code: Code.DataLoss, outcome: "unknown" });
    expect(error.reason).toContain("HEAD request has no body");
  });
});

test.each([
  ["application/x-protobuf", ""],
  ["application/json", "{}"],
])("a response_body that is an empty message is set (%s)", async (contentType, body) => {
  const headers = { "content-type": contentType };
  const { transport, call } = await odd("GET /v1 response_body:inner", { status: 200, headers, body });
  const { message } = await transport.unary(call(EverythingSchema) as DescMethodUnary, {});
  expect(message).toMatchObject({ inner: { $typeName: "bytenite.test.v1.Inner" } });
});

test("bytes in a binary response are a plain Uint8Array", async () => {
  const body = toBinary(EverythingSchema, create(EverythingSchema, { bytesValue: Uint8Array.of(1, 2) }));
  const headers = { "content-type": "application/x-protobuf" };
  const { transport, call } = await odd("GET /v1", { status: 200, headers, body });
  const { message } = await transport.unary(call(EverythingSchema) as DescMethodUnary, {});
  expect((message as Everything).bytesValue).toStrictEqual(Uint8Array.of(1, 2));
  expect(Buffer.isBuffer((message as Everything).bytesValue)).toBe(false);
});

test("a message that contains itself is rejected with a readable error", async () => {
  const { server, transport, call } = await odd("POST /v1 body:*", { status: 200 });
  const input = create(EverythingSchema);
  input.self = input;
  const error = await caught(transport.unary(call(BookSchema) as DescMethodUnary, input));
  expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
  expect(error.reason).toBe("the message is nested too deeply, or holds itself");
  expect(server.seen).toHaveLength(0);
});

describe("headers and metadata that are not plain objects", () => {
  const kinds = [new Headers({ a: "b" }), new Map([["a", "b"]]), [["a", "b"]], "a: b", 1] as never[];

  test.each(
    kinds.flatMap((kind) => (["headers", "metadata"] as const).map((option) => [option, kind] as const)),
  )("%s: %o are rejected, because nothing of them would be sent", async (option, kind) => {
    const { server, client } = await library();
    const before = server.requests.length;
    const error = await caught(client.getBook({ name }, { [option]: kind }));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(error.reason).toContain(`${option} must be a plain object`);
    expect(server.requests).toHaveLength(before);
  });

  test.each(kinds)("%o are rejected as headers of a transport", (headers) => {
    expect(() => createRestTransport({ baseUrl: "http://127.0.0.1:1", headers })).toThrow(
      "headers must be a plain object",
    );
  });
});
