import { create } from "@bufbuild/protobuf";
import { onTestFinished } from "vitest";
import { LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { BadRequestSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { JobsClient, type JobsClientOptions } from "../../src/index.ts";
import { Code, StatusError } from "../../src/testing/index.ts";
import {
  type Client,
  createClient,
  createRestTransport,
  type RestTransportOptions,
  type Transport,
} from "../../src/transport.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";
import {
  clientOptions,
  endOf,
  type JobsPeer,
  openJobs,
  openService,
  recordsOf,
  responseOf,
  type Side,
} from "./sides.ts";

/** The encoding of request and response bodies. */
export type Encoding = "protobuf" | "json";

/** Calls that run against both kinds of server, and must have the same result. */
export interface Scenario {
  readonly what: string;
  /** The names of the codes with which the calls end. */
  readonly ends: readonly string[];
  run(side: Side, encoding: Encoding): Promise<{ readonly end: unknown }>;
}

const retry = { initialBackoffMs: 1, maxBackoffMs: 2 };
const name = "shelves/1/books/2";

function jobsClient(server: JobsPeer, options: Partial<JobsClientOptions> = {}): JobsClient {
  const { accessToken } = server;
  const client = new JobsClient({
    ...clientOptions(server),
    ...(options.apiKey === undefined && { accessToken }),
    retry,
    ...options,
  } as JobsClientOptions);
  onTestFinished(() => client.close());
  return client;
}

/** How many handlers wait, or have waited, for their deadline. */
let waitingHandlers = 0;

/** Makes a scenario with a jobs client, whose result includes everything that the server recorded. */
function jobScenario(
  what: string,
  ends: string,
  act: (client: JobsClient, server: JobsPeer) => Promise<unknown>,
  {
    client: clientInit = {},
    server: serverInit = {},
  }: {
    readonly client?: Partial<JobsClientOptions>;
    readonly server?: Parameters<typeof openJobs>[1];
  } = {},
): Scenario {
  return {
    what,
    ends: ends.split(" "),
    async run(side, encoding) {
      const server = await openJobs(side, serverInit);
      const client = jobsClient(server, { encoding, ...clientInit });
      const end = await act(client, server);
      const { executions, tokenExchanges } = server;
      return { end, records: recordsOf(server), executions, tokenExchanges, job: server.job("job-1") };
    },
  };
}

interface Library {
  readonly client: Client<typeof LibraryService>;
  readonly transport: Transport;
}

function libraryScenario(
  what: string,
  ends: string,
  act: (library: Library) => Promise<unknown>,
  implementation: Parameters<typeof openService<typeof LibraryService>>[2],
  {
    transport: transportInit = {},
    server: serverInit = {},
  }: {
    readonly transport?: Partial<RestTransportOptions>;
    readonly server?: Parameters<typeof openService>[3];
  } = {},
): Scenario {
  return {
    what,
    ends: ends.split(" "),
    async run(side, encoding) {
      const server = await openService(side, LibraryService, implementation, serverInit);
      const transport = createRestTransport({ ...clientOptions(server), encoding, retry, ...transportInit });
      onTestFinished(() => transport.close());
      const end = await act({ transport, client: createClient(LibraryService, transport) });
      return { end, records: recordsOf(server) };
    },
  };
}

const book = { name, title: "Emma", authors: ["Jane Austen"], isbn: 9_780_141_439_587n };

const { getBook } = LibraryService.method;

export const scenarios: readonly Scenario[] = [
  jobScenario("a job is run with its limits", "OK", (client) =>
    endOf(client.run("job-1", { taskTimeout: 3600, jobTimeout: 86_400n, isTestJob: true })),
  ),
  jobScenario("a job is run, aborted and deleted", "OK OK OK NotFound", async (client) => [
    await endOf(client.run("job-1")),
    await endOf(client.abort("job-1")),
    await endOf(client.delete("job-1")),
    await endOf(client.delete("job-1")),
  ]),
  jobScenario("the job does not exist", "NotFound", (client) => endOf(client.run("nobody's"))),
  jobScenario("an id needs escapes", "OK", (client) => endOf(client.abort("ä/%2F b")), {
    server: { jobs: ["ä/%2F b"] },
  }),
  jobScenario("the token is wrong", "Unauthenticated", (client) => endOf(client.run("job-1")), {
    client: { accessToken: "another" },
  }),
  jobScenario(
    "an API key is exchanged once for two calls",
    "OK OK",
    (client) => Promise.all(["a", "b"].map((id) => endOf(client.run(id)))),
    {
      client: { apiKey: "test-api-key" },
      server: { jobs: ["a", "b"] },
    },
  ),
  jobScenario("an API key is not known", "Unauthenticated", (client) => endOf(client.run("job-1")), {
    client: { apiKey: "another" },
  }),
  jobScenario(
    "the server speaks JSON only",
    "OK",
    (client) => endOf(client.run("job-1", { taskTimeout: 5 })),
    {
      server: { encodings: "json" },
    },
  ),
  jobScenario(
    "a JSON request gets a binary response",
    "OK",
    (client) => endOf(client.run("job-1", { taskTimeout: 5 })),
    { client: { encoding: { request: "json", response: "protobuf" } } },
  ),
  jobScenario(
    "binary has the content type of a stock gateway",
    "OK",
    (client) => endOf(client.run("job-1")),
    {
      server: { binaryContentType: "application/octet-stream" },
    },
  ),
  jobScenario("a call is aborted before it begins", "Cancelled", (client) =>
    endOf(client.run("job-1", undefined, { signal: AbortSignal.abort(new Error("enough")) })),
  ),
  jobScenario("a call is aborted before it is sent", "Cancelled", (client) => {
    const controller = new AbortController();
    const call = client.run("job-1", undefined, { signal: controller.signal });
    controller.abort(new Error("enough"));
    return endOf(call);
  }),
  jobScenario("a call is aborted while it is executed", "Cancelled", async (client, server) => {
    const controller = new AbortController();
    server.fault({ kind: "hang", execute: true });
    const call = client.run("job-1", undefined, { signal: controller.signal });
    await server.received(1);
    controller.abort(new Error("enough"));
    return endOf(call);
  }),
  jobScenario("the deadline passes", "DeadlineExceeded", async (client, server) => {
    const moveOn = stopClock();
    server.fault({ kind: "hang" });
    const call = endOf(client.run("job-1", undefined, { timeoutMs: 250 }));
    await server.received(1);
    await moveOn(250);
    return call;
  }),
  jobScenario("attempts are counted", "OK", (client, server) => {
    server.fault({ kind: "status", status: 503 }, { times: 2 });
    return endOf(client.abort("job-1"));
  }),
  jobScenario("attempts are used up", "Unavailable", (client, server) => {
    server.fault({ kind: "reset" }, { times: 9 });
    return endOf(client.abort("job-1"));
  }),
  jobScenario("the server gives a retry delay", "OK", (client, server) => {
    const details = [create(RetryInfoSchema, { retryDelay: { nanos: 1_000_000 } })];
    server.fault({ kind: "status", status: 429, details });
    return endOf(client.run("job-1"));
  }),
  jobScenario("a call has an idempotency key", "OK", (client, server) => {
    server.fault({ kind: "status", status: 503 });
    return endOf(client.run("job-1", undefined, { idempotencyKey: "key-1" }));
  }),
  jobScenario(
    "the server is closed during a call",
    "Unavailable",
    async (client, server) => {
      server.fault({ kind: "hang" });
      const call = client.run("job-1");
      await server.received(1);
      await server.close();
      return endOf(call);
    },
    { client: { retry: false } },
  ),
  libraryScenario(
    "a response has headers, metadata and trailers",
    "OK",
    async ({ transport }) =>
      responseOf(
        await transport.unary(
          getBook,
          { name },
          {
            metadata: { trace: ["a", "b"], "sum-bin": new Uint8Array([0, 255]) },
            headers: { "x-y": " z " },
          },
        ),
      ),
    {
      getBook(request, context) {
        const { headers, metadata } = context;
        context.setHeader("x-seen", JSON.stringify([headers["x-y"], headers["user-agent"], headers.te]));
        context.addMetadata("trace", "c");
        context.addMetadata("trace", "d");
        context.addMetadata("echo-bin", Buffer.from(metadata["sum-bin"]?.[0] ?? "", "base64"));
        context.addTrailer("after", "wards");
        return { ...book, title: JSON.stringify([request, metadata.trace]) };
      },
    },
  ),
  libraryScenario(
    "a handler throws a StatusError with details",
    "FailedPrecondition",
    ({ client }) => endOf(client.getBook({ name })),
    {
      getBook() {
        const fieldViolations = [{ field: "name", description: "is not there" }];
        throw new StatusError(Code.FailedPrecondition, "it is lent", {
          details: [create(BadRequestSchema, { fieldViolations })],
          headers: { "x-Why": "lent" },
        });
      },
    },
  ),
  libraryScenario(
    "a handler throws something else",
    "Unknown",
    ({ client }) => endOf(client.getBook({ name })),
    {
      getBook: () => Promise.reject(new TypeError("a bug")),
    },
  ),
  libraryScenario("a handler returns nothing", "Unknown", ({ client }) => endOf(client.getBook({ name })), {
    getBook: () => undefined as never,
  }),
  ...["content-length", "Transfer-Encoding", "trailer", "upgrade"].map((header) =>
    libraryScenario(
      `a handler sets ${header}, which frames its response`,
      "Unknown",
      ({ client }) => endOf(client.getBook({ name })),
      {
        getBook(_, context) {
          context.setHeader(header, "chunked");
          return book;
        },
      },
    ),
  ),
  libraryScenario(
    "an rpc is not implemented",
    "Unimplemented",
    ({ client }) => endOf(client.deleteBook({ name })),
    {},
  ),
  libraryScenario(
    "fields are in the query",
    "OK",
    ({ client }) =>
      endOf(
        client.listBooks({ parent: "shelves/1", pageSize: 2, filter: { genres: [1, 3], available: true } }),
      ),
    {
      listBooks: (request) => ({ nextPageToken: JSON.stringify(request.filter?.genres), books: [book] }),
    },
  ),
  libraryScenario(
    "a body is one field",
    "OK",
    ({ client }) => endOf(client.createBook({ parent: "shelves/1", bookId: "3", book })),
    {
      createBook: (request) => ({
        name: `${request.parent}/books/${request.bookId}`,
        title: request.book?.title ?? "",
      }),
    },
  ),
  libraryScenario(
    "request and response bodies are large",
    "OK",
    ({ client }) => endOf(client.checkOutBook({ name, reader: "r".repeat(1_000_000) })),
    {
      checkOutBook: ({ reader }) => ({
        reader,
        authors: Array.from({ length: 10_000 }, (_, i) => `author ${i} `.repeat(20)),
      }),
    },
  ),
  libraryScenario(
    "a request is too large",
    "ResourceExhausted",
    ({ client }) => endOf(client.checkOutBook({ name, reader: "r".repeat(2_000) })),
    {
      checkOutBook: () => book,
    },
    { server: { maxRequestBytes: 1_000 } },
  ),
  libraryScenario(
    "a response is too large",
    "ResourceExhausted",
    ({ client }) => endOf(client.getBook({ name })),
    {
      getBook: () => ({ title: "t".repeat(300_000) }),
    },
    { transport: { maxResponseBytes: 100_000 } },
  ),
  libraryScenario(
    "the handler's signal aborts at the deadline",
    "DeadlineExceeded",
    async ({ client }) => {
      const moveOn = stopClock();
      const before = waitingHandlers;
      const call = endOf(client.getBook({ name }));
      await until(() => waitingHandlers > before);
      await moveOn(30);
      return call;
    },
    {
      async getBook(_, { signal }) {
        waitingHandlers++;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throw signal.reason;
      },
    },
    // Shorter than the client's own deadline, so that the server ends the call.
    { transport: { timeoutHeader: false, headers: { "grpc-timeout": "30m" }, retry: false } },
  ),
  libraryScenario(
    "the handler sees the deadline",
    "OK",
    ({ client }) => endOf(client.getBook({ name }, { timeoutMs: 5_000 })),
    {
      getBook: (_, { deadline, headers }) => ({
        title: deadline === undefined ? "none" : "some",
        reader: String(headers["grpc-timeout"]),
      }),
    },
  ),
  libraryScenario(
    "there is no deadline",
    "OK",
    ({ client }) => endOf(client.getBook({ name }, { timeoutMs: 0 })),
    {
      getBook: (_, { deadline, headers }) => ({
        title: String(deadline),
        reader: String(headers["grpc-timeout"]),
      }),
    },
  ),
  libraryScenario(
    "the routes have a base path",
    "OK",
    ({ client }) => endOf(client.getBook({ name })),
    {
      getBook: () => book,
    },
    { server: { basePath: "/api/" } },
  ),
  libraryScenario(
    "onRequest rejects the caller",
    "PermissionDenied",
    ({ client }) => endOf(client.getBook({ name })),
    {
      getBook: () => book,
    },
    {
      server: {
        onRequest() {
          throw new StatusError(Code.PermissionDenied, "not you");
        },
      },
    },
  ),
];
