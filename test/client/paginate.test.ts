import { inspect } from "node:util";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createClient as createConnectClient } from "@connectrpc/connect";
import { describe, expect, expectTypeOf, onTestFinished, test } from "vitest";
import {
  type Book,
  LibraryService,
  type ListBooksRequestSchema,
  type ListBooksResponse,
} from "../../examples/gen/library/v1/library_pb.js";
import { libraryService } from "../../examples/support/library-service.ts";
import { createRestTransport as createConnectTransport } from "../../src/connect/index.ts";
import { type ServiceImplementation, startServer } from "../../src/testing/index.ts";
import {
  type Client,
  Code,
  createClient,
  createRestTransport,
  type PaginateOptions,
  pages,
  paginate,
} from "../../src/transport.ts";
import {
  ListEventsRequestSchema,
  ListService,
  type ListTasksResponse,
  type Store,
} from "../gen/lists/v1/lists_pb.js";
import { caught } from "../support/caught.ts";

const parent = "shelves/1";
const ids = ["a", "b", "c", "d", "e"];

/** A library with five books. */
async function library(encoding: "protobuf" | "json" = "protobuf") {
  const server = await startServer(LibraryService, libraryService());
  onTestFinished(() => server.close());
  const transport = createRestTransport({ baseUrl: server.baseUrl, encoding });
  onTestFinished(() => transport.close());
  const client = createClient(LibraryService, transport);
  for (const bookId of ids) await client.createBook({ parent, bookId, book: { title: bookId } });
  const created = server.requests.length;
  const paths = () => server.requests.slice(created).map(({ path }) => path);
  return { server, client, paths };
}

/** A client of a server with the lists of other products. */
async function lists(implementation: ServiceImplementation<typeof ListService>) {
  const server = await startServer(ListService, implementation);
  onTestFinished(() => server.close());
  const transport = createRestTransport({ baseUrl: server.baseUrl });
  onTestFinished(() => transport.close());
  return { server, client: createClient(ListService, transport) };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const titles = async (books: AsyncIterable<Book>) => (await all(books)).map(({ title }) => title);

describe.each(["protobuf", "json"] as const)("in %s", (encoding) => {
  test("paginate gives the items of all pages", async () => {
    const { client, paths } = await library(encoding);
    expect(await titles(paginate(client.listBooks, { parent, pageSize: 2 }))).toEqual(ids);
    expect(paths()).toEqual([
      "/v1/shelves/1/books?pageSize=2",
      "/v1/shelves/1/books?pageSize=2&pageToken=2",
      "/v1/shelves/1/books?pageSize=2&pageToken=4",
    ]);
  });

  test("pages gives the responses", async () => {
    const { client } = await library(encoding);
    const responses = await all(pages(client.listBooks, { parent, pageSize: 2 }));
    expect(responses.map(({ books, nextPageToken }) => [books.length, nextPageToken])).toEqual([
      [2, "2"],
      [2, "4"],
      [1, ""],
    ]);
  });
});

test("the page size is left to the caller, and the first page token says where to begin", async () => {
  const { client, paths } = await library();
  expect(await titles(paginate(client.listBooks, { parent, pageToken: "3" }))).toEqual(["d", "e"]);
  expect(paths()).toEqual(["/v1/shelves/1/books?pageToken=3"]);
});

test("the request is not changed", async () => {
  const { client } = await library();
  const request = Object.freeze({ parent, pageSize: 2 });
  await all(paginate(client.listBooks, request));
  expect(request).toEqual({ parent, pageSize: 2 });
});

test("a page is requested when it is needed, and none after the loop is left", async () => {
  const { client, paths } = await library();
  const books = paginate(client.listBooks, { parent, pageSize: 2 });
  expect(paths().length).toBe(0);
  const counts: [string, number][] = [];
  for await (const { title } of books) {
    counts.push([title, paths().length]);
    if (title === "d") break;
  }
  expect(counts).toEqual([
    ["a", 1],
    ["b", 1],
    ["c", 2],
    ["d", 2],
  ]);
  expect(await books.next()).toEqual({ done: true, value: undefined });
  expect(paths().length).toBe(2);
});

test.each<
  [
    Pick<PaginateOptions<Client<typeof LibraryService>["listBooks"]>, "maxItems" | "maxPages">,
    string[],
    number,
  ]
>([
  [{ maxItems: 1 }, ["a"], 1],
  [{ maxItems: 2 }, ["a", "b"], 1],
  [{ maxItems: 3 }, ["a", "b", "c"], 2],
  [{ maxItems: 6 }, ids, 3],
  [{ maxPages: 1 }, ["a", "b"], 1],
  [{ maxPages: 2 }, ["a", "b", "c", "d"], 2],
  [{ maxPages: 4 }, ids, 3],
  [{ maxPages: 2, maxItems: 1 }, ["a"], 1],
  [{ maxPages: 1, maxItems: 4 }, ["a", "b"], 1],
  [{ maxPages: Number.POSITIVE_INFINITY, maxItems: undefined }, ids, 3],
])("with %j it takes so many requests", async (options, expected, requests) => {
  const { client, paths } = await library();
  expect(await titles(paginate(client.listBooks, { parent, pageSize: 2 }, options))).toEqual(expected);
  expect(paths().length).toBe(requests);
});

test("each call gets the call's options", async () => {
  const { client, server } = await library();
  const statuses: number[] = [];
  const options = {
    headers: { "x-request-for": "page" },
    timeoutMs: 5_000,
    onResponse: ({ status }: { status: number }) => statuses.push(status),
  };
  await all(paginate(client.listBooks, { parent, pageSize: 3 }, options));
  const sent = server.requests.slice(-2).map(({ headers }) => headers);
  expect(sent.map((headers) => headers["x-request-for"])).toEqual(["page", "page"]);
  expect(sent.every((headers) => /^\d+[mu]$/.test(String(headers["grpc-timeout"])))).toBe(true);
  expect(statuses).toEqual([200, 200]);
});

test("a signal that aborts between two pages ends the iteration before the next request", async () => {
  const { client, paths } = await library();
  const controller = new AbortController();
  const seen: string[] = [];
  const loop = async () => {
    for await (const { title } of paginate(
      client.listBooks,
      { parent, pageSize: 2 },
      { signal: controller.signal },
    )) {
      seen.push(title);
      if (title === "b") controller.abort();
    }
  };
  expect(await caught(loop())).toMatchObject({ code: Code.Cancelled, outcome: "not_sent" });
  expect(seen).toEqual(["a", "b"]);
  expect(paths().length).toBe(1);
});

test("an error of a page comes after the items of the pages before, with a stack that leads to the loop", async () => {
  const { client, server } = await library();
  const seen: string[] = [];
  const lineOfTheCaller = async () => {
    for await (const { title } of paginate(client.listBooks, { parent, pageSize: 2 }, { retry: false })) {
      seen.push(title);
      if (title === "b") server.fault({ kind: "status", status: 403 });
    }
  };
  const error = await caught(lineOfTheCaller());
  expect(error).toMatchObject({ code: Code.PermissionDenied, method: "library.v1.LibraryService/ListBooks" });
  expect(error.stack).toMatch(/lineOfTheCaller .*paginate\.test\.ts/);
  expect(seen).toEqual(["a", "b"]);
});

describe("the page tokens of other products", () => {
  test("one name on both sides, as in OpenFGA; an empty page with a token goes on", async () => {
    const { client, server } = await lists({
      listStores: ({ continuationToken }) =>
        ({
          "": { stores: [{ id: "1" }], continuationToken: "one" },
          one: { stores: [], continuationToken: "two" },
          two: { stores: [{ id: "2" }, { id: "3" }], continuationToken: "" },
        })[continuationToken] ?? {},
    });
    const stores = await all(paginate(client.listStores, { pageSize: 2 }));
    expect(stores.map(({ id }) => id)).toEqual(["1", "2", "3"]);
    expect(server.requests.map(({ path }) => path)).toEqual([
      "/v1/stores?pageSize=2",
      "/v1/stores?pageSize=2&continuationToken=one",
      "/v1/stores?pageSize=2&continuationToken=two",
    ]);
  });

  test("an empty page with the token of its request is the end, as in OpenFGA's ReadChanges", async () => {
    const { client, server } = await lists({
      listStores: ({ continuationToken }) => {
        const at = Number(continuationToken);
        return { stores: at < 2 ? [{ id: `${at}` }] : [], continuationToken: `${Math.min(at + 1, 2)}` };
      },
    });
    const responses = await all(pages(client.listStores, {}));
    expect(responses.map(({ continuationToken }) => continuationToken)).toEqual(["1", "2", "2"]);
    expect(server.requests.length).toBe(3);
  });

  test("bytes, as in Temporal", async () => {
    const { client } = await lists({
      listTasks: ({ nextPageToken: [at = 0] }) => ({
        tasks: [`task ${at}`],
        nextPageToken: at < 2 ? Uint8Array.of(at + 1) : new Uint8Array(),
      }),
    });
    expect(await all(paginate(client.listTasks, {}))).toEqual(["task 0", "task 1", "task 2"]);
  });

  test("optional cursors, from a message", async () => {
    const { client } = await lists({
      listEvents: ({ cursor, maxResults }) =>
        cursor === undefined ? { events: [`${maxResults} at most`], nextCursor: "2" } : { events: [cursor] },
    });
    const request = create(ListEventsRequestSchema, { maxResults: 7 });
    expect(await all(paginate(client.listEvents, request, { items: "events" }))).toEqual(["7 at most", "2"]);
    expect(request.cursor).toBeUndefined();
  });

  test("wrappers, and a field of what was unreachable", async () => {
    const { client } = await lists({
      listRuns: ({ nextToken }) => ({
        runs: [nextToken ?? "first"],
        nextToken: nextToken === undefined ? "second" : undefined,
        unreachable: ["zones/1"],
      }),
    });
    expect(await all(paginate(client.listRuns, {}))).toEqual(["first", "second"]);
    expect(await all(paginate(client.listRuns, {}, { items: "unreachable", maxItems: 1 }))).toEqual([
      "zones/1",
    ]);
  });

  test("a map of items: pages gives the responses", async () => {
    const { client } = await lists({
      listZones: ({ pageToken }) => ({
        items: { [`zone ${pageToken}`]: { id: "1" } },
        nextPageToken: pageToken === "" ? "2" : "",
      }),
    });
    const responses = await all(pages(client.listZones, {}));
    expect(responses.flatMap(({ items }) => Object.keys(items))).toEqual(["zone ", "zone 2"]);
  });
});

describe("a token that was there before ends the iteration with an error", () => {
  test.each<[string, Record<string, string>, string, string[]]>([
    ["at once", { "": "a", a: "a" }, "", ["", "a"]],
    ["in a circle", { "": "a", a: "b", b: "c", c: "a" }, "", ["", "a", "b", "c"]],
    ["that the caller began with", { a: "b", b: "a" }, "a", ["a", "b"]],
  ])("%s", async (_name, next, continuationToken, expected) => {
    const { client, server } = await lists({
      listStores: (request) => ({
        stores: [{ id: request.continuationToken }],
        continuationToken: next[request.continuationToken] ?? "",
      }),
    });
    const seen: string[] = [];
    const loop = async () => {
      const limit = { maxPages: expected.length + 1 };
      for await (const { id } of paginate(client.listStores, { continuationToken }, limit)) seen.push(id);
    };
    expect(await caught(loop())).toMatchObject({
      code: Code.DataLoss,
      outcome: "unknown",
      method: "lists.v1.ListService/ListStores",
      reason: `page ${expected.length} has the continuationToken of an earlier page: the list would never end`,
    });
    expect(seen).toEqual(expected);
    expect(server.requests.length).toBe(expected.length);
  });

  test("in bytes", async () => {
    const { client } = await lists({
      listTasks: () => ({ tasks: ["a"], nextPageToken: Uint8Array.of(0xff) }),
    });
    const error = await caught(all(paginate(client.listTasks, {})));
    expect(error).toMatchObject({ code: Code.DataLoss });
  });

  test("not if the page limit ends it before", async () => {
    const { client } = await lists({ listStores: () => ({ stores: [{ id: "1" }], continuationToken: "a" }) });
    expect((await all(paginate(client.listStores, {}, { maxPages: 2 }))).length).toBe(2);
  });
});

describe("InvalidArgument, before anything is sent", () => {
  // The types refuse all of these, too.
  type Loose = (list: unknown, request: unknown, options?: unknown) => AsyncIterable<unknown>;
  const [looseItems, loosePages] = [paginate, pages] as unknown as [Loose, Loose];

  test.each<[string, (client: Client<typeof ListService>) => AsyncIterable<unknown>, string]>([
    [
      "numbers as tokens",
      ({ listOffsets }) => looseItems(listOffsets, {}),
      "not a list method: lists.v1.ListOffsetsRequest and lists.v1.ListOffsetsResponse have no page token",
    ],
    [
      "a token in a oneof",
      ({ listChoices }) => loosePages(listChoices, {}),
      "not a list method: lists.v1.ListChoicesRequest and lists.v1.ListChoicesResponse have no page token",
    ],
    [
      "a stream",
      ({ watchStores }) => loosePages(watchStores, {}),
      "not a list method: it is a streaming method",
    ],
    [
      "no repeated field",
      ({ listZones }) => looseItems(listZones, {}),
      "not a list method: lists.v1.ListZonesResponse has no repeated field",
    ],
    [
      "several repeated fields",
      ({ listEvents }) => looseItems(listEvents, {}),
      "lists.v1.ListEventsResponse has several repeated fields (events, numbers): name one with the option items",
    ],
    [
      "a misspelt field",
      ({ listEvents }) => looseItems(listEvents, {}, { items: "event" }),
      'items is "event", which is not a repeated field of lists.v1.ListEventsResponse: did you mean "events"?',
    ],
    [
      "an idempotency key",
      ({ listStores }) => looseItems(listStores, {}, { idempotencyKey: "1" }),
      "idempotencyKey is for one request, but every page is one",
    ],
    [
      "no page",
      ({ listStores }) => loosePages(listStores, {}, { maxPages: 0 }),
      "maxPages must be an integer of at least 1",
    ],
    [
      "half an item",
      ({ listStores }) => looseItems(listStores, {}, { maxItems: 1.5 }),
      "maxItems must be an integer of at least 1",
    ],
    [
      "a misspelt option",
      ({ listStores }) => looseItems(listStores, {}, { maxitems: 1 }),
      'there is no option "maxitems"',
    ],
    [
      "an invalid request",
      ({ listStores }) => looseItems(listStores, null),
      "the message has to be a lists.v1.ListStoresRequest, not null",
    ],
    [
      "a function of the caller's",
      () => looseItems(async () => ({}), {}),
      "the function is not from createClient of bytenite-jobs/transport: give the option method, its descriptor",
    ],
    ["no function", () => looseItems(undefined, {}), "the list method has to be a function, not undefined"],
  ])("%s", async (_name, iterate, reason) => {
    const { client, server } = await lists({});
    const error = await caught(all(iterate(client)));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent", reason });
    expect(server.requests).toEqual([]);
  });
});

test("a function of the caller's needs the descriptor", async () => {
  const { client } = await library();
  const listBooks = (request: MessageInitShape<typeof ListBooksRequestSchema>) => client.listBooks(request);
  const { method } = LibraryService;
  expect(
    await titles(paginate(listBooks, { parent, pageSize: 2 }, { method: method.listBooks, maxItems: 3 })),
  ).toEqual(["a", "b", "c"]);
});

test("a Connect client's function needs the descriptor, and gets Connect's options", async () => {
  const { server } = await library();
  const transport = createConnectTransport({ baseUrl: server.baseUrl });
  onTestFinished(() => transport.close());
  const client = createConnectClient(LibraryService, transport);
  let headers = 0;
  const books = paginate(
    client.listBooks,
    { parent, pageSize: 2 },
    { method: LibraryService.method.listBooks, maxItems: 3, onHeader: () => headers++ },
  );
  expect(await titles(books)).toEqual(["a", "b", "c"]);
  expect(headers).toBe(2);
});

test("a printed client does not show its descriptors", async () => {
  const { client } = await library();
  expect(inspect(client)).not.toContain("bytenite-jobs/method");
});

test("both are typed by the generated descriptor", () => {
  const right = (library: Client<typeof LibraryService>, client: Client<typeof ListService>) => {
    const options = { maxItems: 1, maxPages: 1, timeoutMs: 1, retry: false } as const;
    type Items<T> = AsyncGenerator<T, void, undefined>;
    expectTypeOf(paginate(library.listBooks, { parent })).toEqualTypeOf<Items<Book>>();
    expectTypeOf(paginate(library.listBooks, { parent }, options)).toEqualTypeOf<Items<Book>>();
    expectTypeOf(pages(library.listBooks, { parent })).toEqualTypeOf<Items<ListBooksResponse>>();
    expectTypeOf(paginate(client.listStores, {})).toEqualTypeOf<Items<Store>>();
    expectTypeOf(pages(client.listTasks, {})).toEqualTypeOf<Items<ListTasksResponse>>();
    expectTypeOf(paginate(client.listRuns, {})).toEqualTypeOf<Items<string>>();
    expectTypeOf(paginate(client.listEvents, {}, { items: "events" })).toEqualTypeOf<Items<string>>();
    expectTypeOf(paginate(client.listEvents, {}, { items: "numbers" })).toEqualTypeOf<Items<number>>();
  };
  const wrong = (library: Client<typeof LibraryService>, client: Client<typeof ListService>) => [
    // @ts-expect-error: no page tokens
    paginate(library.getBook, { name: "x" }),
    // @ts-expect-error: no page tokens
    pages(library.getBook, { name: "x" }),
    // @ts-expect-error: a repeated field, but no page tokens
    paginate(library.batchUpdateBooks, { parent }),
    // @ts-expect-error: numbers as tokens
    paginate(client.listOffsets, {}),
    // @ts-expect-error: a token in a oneof
    paginate(client.listChoices, {}),
    // @ts-expect-error: a stream
    paginate(client.watchStores, {}),
    // @ts-expect-error: no repeated field
    paginate(client.listZones, {}),
    // @ts-expect-error: which of the repeated fields?
    paginate(client.listEvents, {}),
    // @ts-expect-error: which of the repeated fields?
    paginate(client.listEvents, {}, { maxItems: 1 }),
    // @ts-expect-error: not a repeated field
    paginate(client.listEvents, {}, { items: "nextCursor" }),
    // @ts-expect-error: a field that the request does not have
    paginate(library.listBooks, { paren: "x" }),
    // @ts-expect-error: there is no such option
    paginate(library.listBooks, { parent }, { maxitems: 1 }),
    // @ts-expect-error: an idempotency key is for one request
    paginate(library.listBooks, { parent }, { idempotencyKey: "x" }),
    // @ts-expect-error: pages have no item limit
    pages(library.listBooks, { parent }, { maxItems: 1 }),
    // @ts-expect-error: the descriptor of another method
    paginate(library.listBooks, { parent }, { method: LibraryService.method.getBook }),
  ];
  expectTypeOf([right, wrong]).toBeArray();
});
