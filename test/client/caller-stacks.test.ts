import { describe, expect, onTestFinished, test } from "vitest";
import { BookSchema, LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { JobsClient } from "../../src/index.ts";
import {
  createClient,
  createRestTransport,
  type Interceptor,
  RpcError,
  type Transport,
} from "../../src/transport.ts";
import { type Scripted, scriptedServer } from "../support/scripted-server.ts";
import { httpRule, methodWith } from "../transcoding/support/rule-method.ts";

const json = { "content-type": "application/json" };
const name = "shelves/1/books/2";

/** A line of the caller's: V8 names the async function that awaits. */
async function lineOfTheCaller(call: () => Promise<unknown>): Promise<RpcError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error("the call did not fail");
}

function expectCaller(error: RpcError): void {
  const [first = "", ...lines] = (error.stack ?? "").split("\n");
  expect(first).toBe(`${error.name}: ${error.message}`);
  expect(lines.join("\n")).toMatch(/lineOfTheCaller .*caller-stacks\.test\.ts/);
}

async function transportTo(...script: Scripted[]) {
  const server = await scriptedServer(...script);
  const transport = createRestTransport({ baseUrl: server.origin, retry: false });
  onTestFinished(() => transport.close());
  return transport;
}

const responses: readonly (readonly [string, Scripted])[] = [
  ["an error response", { status: 404, headers: json, body: '{"code":5,"message":"no"}' }],
  ["a response that cannot be decoded", { headers: json, body: "{" }],
  ["a lost connection", "reset"],
];

describe.each(responses)("after %s", (_name, response) => {
  test("the stack leads to the caller of a client", async () => {
    const library = createClient(LibraryService, await transportTo(response));
    expectCaller(await lineOfTheCaller(async () => library.getBook({ name })));
  });

  test("the stack leads to the caller of a transport", async () => {
    const transport = await transportTo(response);
    expectCaller(await lineOfTheCaller(async () => transport.unary(LibraryService.method.getBook, { name })));
  });

  test("the stack leads to the caller of a JobsClient", async () => {
    const server = await scriptedServer(response);
    const jobs = new JobsClient({ baseUrl: server.baseUrl, accessToken: "token-1", retry: false });
    onTestFinished(() => jobs.close());
    expectCaller(await lineOfTheCaller(async () => jobs.run("job-1")));
  });

  test("the stack leads through interceptors", async () => {
    const { origin } = await scriptedServer(response);
    const interceptors: Interceptor[] = [(next) => async (request) => next(request)];
    const transport = createRestTransport({ baseUrl: origin, retry: false, interceptors });
    onTestFinished(() => transport.close());
    const library = createClient(LibraryService, transport);
    expectCaller(await lineOfTheCaller(async () => library.getBook({ name })));
  });
});

test.each<[string, (transport: Transport) => Promise<unknown>]>([
  ["an invalid message", (transport) => createClient(LibraryService, transport).getBook({ name: "" })],
  ["a deadline", (transport) => createClient(LibraryService, transport).getBook({ name }, { timeoutMs: 20 })],
  [
    "a signal",
    (transport) =>
      createClient(LibraryService, transport).getBook({ name }, { signal: AbortSignal.timeout(20) }),
  ],
])("after %s", async (_name, call) => {
  const transport = await transportTo("hang");
  expectCaller(await lineOfTheCaller(async () => call(transport)));
});

test("after the transport is closed, or without a connection, or without a token", async () => {
  const transport = createRestTransport({ baseUrl: "http://127.0.0.1:1", retry: false });
  const library = createClient(LibraryService, transport);
  expectCaller(await lineOfTheCaller(async () => library.getBook({ name })));
  await transport.close();
  expectCaller(await lineOfTheCaller(async () => library.getBook({ name })));
  const accessToken = () => Promise.reject(new Error("no"));
  const jobs = new JobsClient({ baseUrl: "http://127.0.0.1:1", accessToken });
  onTestFinished(() => jobs.close());
  expectCaller(await lineOfTheCaller(async () => jobs.delete("job-1")));
});

describe("a stream", () => {
  const { parent: service } = methodWith(httpRule("GET /v1"), BookSchema, BookSchema, {
    serverStreaming: true,
  });

  test.each<[string, Scripted]>([
    ["an error response", { status: 404 }],
    [
      "an error after a message",
      { headers: json, body: '{"result":{}}\n{"error":{"code":5,"message":"no"}}' },
    ],
    ["a message that cannot be decoded", { headers: json, body: '{"result":{}}\n{"result":{"title":5}}' }],
    ["a stream that is cut short", { headers: json, body: '{"result":{}}\n{"resu' }],
    ["a lost connection", "reset"],
  ])("leads to the loop over it after %s", async (_name, response) => {
    const client = createClient(service, await transportTo(response)) as unknown as {
      call(request: object): AsyncIterable<unknown>;
    };
    const loop = async function lineOfTheCaller() {
      for await (const _message of client.call({}));
    };
    const error = await loop().catch((thrown: unknown) => thrown);
    expectCaller(error as RpcError);
  });
});

test("an error of the caller's own keeps its stack", async () => {
  const transport = createRestTransport({
    baseUrl: "http://127.0.0.1:1",
    interceptors: [() => () => Promise.reject(mine)],
  });
  onTestFinished(() => transport.close());
  const mine = new TypeError("mine");
  const { stack } = mine;
  await expect(createClient(LibraryService, transport).getBook({ name })).rejects.toBe(mine);
  expect(mine.stack).toBe(stack);
});
