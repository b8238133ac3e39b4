import type { DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { createClient as createConnectClient } from "@connectrpc/connect";
import { describe, expect, onTestFinished, test } from "vitest";
import { LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { libraryService } from "../../examples/support/library-service.ts";
import { createRestTransport as createConnectTransport } from "../../src/connect/index.ts";
import { JobsClient } from "../../src/index.ts";
import { createMemoryTransport, startServer } from "../../src/testing/index.ts";
import {
  Code,
  createClient,
  createRestTransport,
  HttpRuleError,
  type HttpRuleJson,
  type Transport,
} from "../../src/transport.ts";
import { EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { caught } from "../support/caught.ts";
import { okJson, scriptedServer } from "../support/scripted-server.ts";
import { methodWith, ruleMethod } from "../transcoding/support/rule-method.ts";

/** `example.Service/Call`, without an annotation. */
const bare = methodWith(undefined, EverythingSchema).parent;

function callOf(service: DescService): DescMethodUnary {
  return service.methods[0] as DescMethodUnary;
}

async function called(httpRules: readonly HttpRuleJson[], request: object, service = bare) {
  const server = await scriptedServer({ headers: { "content-type": "application/json" }, body: "{}" });
  const transport = createRestTransport({ baseUrl: server.origin, encoding: "json", httpRules });
  onTestFinished(() => transport.close());
  await transport.unary(callOf(service), request as Record<string, unknown>);
  const [{ method, path, body }] = server.seen as [(typeof server.seen)[0]];
  return `${method} ${path} ${body}`.trim();
}

const selector = "example.Service.Call";

test.each<[string, HttpRuleJson, object, string]>([
  ["get", { selector, get: "/v1/{string_value}" }, { stringValue: "a b" }, "GET /v1/a%20b"],
  ["put", { selector, put: "/v1", body: "*" }, { boolValue: true }, 'PUT /v1 {"boolValue":true}'],
  ["post", { selector, post: "/v1", body: "inner" }, { inner: { name: "x" } }, 'POST /v1 {"name":"x"}'],
  ["delete", { selector, delete: "/v1" }, { stringValue: "x" }, "DELETE /v1?stringValue=x"],
  ["patch", { selector, patch: "/v1", body: "*" }, {}, "PATCH /v1 {}"],
  ["custom", { selector, custom: { kind: "PURGE", path: "/v1" } }, {}, "PURGE /v1"],
  [
    "additionalBindings",
    { selector, get: "/v1/{string_value=a/*}", additionalBindings: [{ get: "/v2/{string_value=b/*}" }] },
    { stringValue: "b/1" },
    "GET /v2/b/1",
  ],
  [
    "additional_bindings, as in YAML",
    { selector, get: "/v1/{string_value=a/*}", additional_bindings: [{ get: "/v2/{string_value=b/*}" }] },
    { stringValue: "b/1" },
    "GET /v2/b/1",
  ],
])("a method without an annotation is called by a rule with %s", async (_name, rule, request, sent) => {
  expect(await called([rule], request)).toBe(sent);
});

test("response_body is read in both spellings", async () => {
  for (const name of ["responseBody", "response_body"]) {
    const server = await scriptedServer({
      headers: { "content-type": "application/json" },
      body: '{"name":"x"}',
    });
    const httpRules = [{ selector, get: "/v1", [name]: "inner" }];
    const transport = createRestTransport({ baseUrl: server.origin, encoding: "json", httpRules });
    onTestFinished(() => transport.close());
    const { message } = await transport.unary(callOf(bare), {});
    expect(message).toMatchObject({ inner: { name: "x" } });
  }
});

describe("the last rule that selects a method wins", () => {
  const annotated = ruleMethod("GET /annotated", EverythingSchema).parent;
  const first = { selector, get: "/first" };

  test.each<[readonly HttpRuleJson[], string]>([
    [[], "/annotated"],
    [[first], "/first"],
    [[first, { selector, get: "/second" }], "/second"],
    [[first, { selector: "example.Service.Other", get: "/other" }], "/first"],
    [[first, { selector: "example.Service.*", get: "/service" }], "/service"],
    [[first, { selector: "example.*", get: "/package" }], "/package"],
    [[first, { selector: "*", get: "/all" }], "/all"],
    [[first, { selector: "other.A, example.Service.Call", get: "/list" }], "/list"],
    [[first, { selector: "example.Serv.*", get: "/other" }], "/first"],
    [[first, { selector: "example.Service.Cal", get: "/other" }], "/first"],
  ])("%j", async (httpRules, path) => {
    expect(await called(httpRules, {}, annotated)).toBe(`GET ${path}`);
  });

  test("of one transport, and not of the others", async () => {
    expect(await called([first], {}, annotated)).toBe("GET /first");
    expect(await called([], {}, annotated)).toBe("GET /annotated");
  });
});

const baseUrl = "http://127.0.0.1:1";

test.each<[unknown, string]>([
  [{ selector, get: "/v1" }, "httpRules must be an array of google.api.HttpRule in JSON"],
  [[7], "httpRules[0]: "],
  [
    [{ selector, gte: "/v1" }],
    'httpRules[0]: cannot decode message google.api.HttpRule from JSON: key "gte"',
  ],
  [[{ get: "/v1" }], 'httpRules[0]: "" is not a selector such as "pkg.Service.Method"'],
  [[{ selector: "pkg.Service/Call", get: "/v1" }], 'httpRules[0]: "pkg.Service/Call" is not a selector'],
  [[{ selector: "pkg.S*", get: "/v1" }], 'httpRules[0]: "pkg.S*" is not a selector'],
  [[{ selector: "a.b,", get: "/v1" }], 'httpRules[0]: "a.b," is not a selector'],
  [[{ selector }], `httpRules[0]: ${selector}: the rule has no get, put, post, delete, patch or custom`],
  [[{ selector, get: "/v1", body: "*" }], `httpRules[0]: ${selector}: a GET request cannot have a body`],
  [
    [
      { selector, get: "/v1" },
      { selector, get: "/v1/{name" },
    ],
    `httpRules[1]: ${selector}: column 10 of "/v1/{name": `,
  ],
])("%j is InvalidArgument when the transport is created", (httpRules, reason) => {
  const matching = expect.objectContaining({
    code: Code.InvalidArgument,
    reason: expect.stringContaining(reason),
  });
  expect(() => createRestTransport({ baseUrl, httpRules: httpRules as [] })).toThrow(matching);
  expect(() => createConnectTransport({ baseUrl, httpRules: httpRules as [] })).toThrow(matching);
});

test("a rule that does not fit the messages is an HttpRuleError when the client is created", async () => {
  const httpRules = [{ selector, get: "/v1/{nmae}" }];
  const transport = createRestTransport({ baseUrl, httpRules });
  onTestFinished(() => transport.close());
  expect(() => createClient(bare, transport)).toThrow(HttpRuleError);
  await expect(startServer(bare, {}, { httpRules })).rejects.toThrow(HttpRuleError);
  await expect(startServer(bare, {}, { httpRules: [{ selector: "" }] })).rejects.toThrow(RangeError);
});

test("a rule replaces an annotation that is invalid", async () => {
  const broken = ruleMethod("GET /v1/{nmae}", EverythingSchema).parent;
  expect(() => createClient(broken, {} as Transport)).toThrow(HttpRuleError);
  expect(await called([{ selector, get: "/v1" }], {}, broken)).toBe("GET /v1");
});

describe("the embedded servers and the Connect adapter", () => {
  const httpRules = [
    {
      selector: "library.v1.LibraryService.CreateBook",
      post: "/books/{parent=shelves/*}/{book_id}",
      body: "book",
    },
  ];
  const request = { parent: "shelves/1", bookId: "2", book: { title: "Emma" } };

  test("have the same option", async () => {
    const server = await startServer(LibraryService, libraryService(), { httpRules });
    onTestFinished(() => server.close());
    const transport = createConnectTransport({ baseUrl: server.baseUrl, httpRules });
    onTestFinished(() => transport.close());
    const book = await createConnectClient(LibraryService, transport).createBook(request);
    expect(book.name).toBe("shelves/1/books/2");
    expect(server.requests.map(({ path }) => path)).toEqual(["/books/shelves/1/2"]);
  });

  test("a memory transport has the rules on both sides", async () => {
    const transport = createMemoryTransport(LibraryService, libraryService(), { httpRules });
    onTestFinished(() => transport.close());
    await createClient(LibraryService, transport).createBook(request);
    expect(transport.server.requests.map(({ path }) => path)).toEqual(["/books/shelves/1/2"]);
  });
});

test("a JobsClient calls a deployment with other routes", async () => {
  const server = await scriptedServer(okJson);
  const httpRules = [
    { selector: "bytenite.customer.Customer.AbortJob", post: "/computing/{job_id}:abort" } as const,
  ];
  const jobs = new JobsClient({ baseUrl: server.origin, accessToken: "token", httpRules });
  onTestFinished(() => jobs.close());
  await jobs.abort("job-1");
  expect(server.seen[0]?.path).toBe("/computing/job-1:abort");
  const wrong = [{ selector: "*", get: "/v1/{nmae}" }];
  expect(() => new JobsClient({ baseUrl: server.origin, accessToken: "token", httpRules: wrong })).toThrow(
    HttpRuleError,
  );
});

test("a method without any rule rejects when it is called", async () => {
  const httpRules = [{ selector: "example.Other.Call", get: "/v1" }];
  const transport = createRestTransport({ baseUrl, httpRules });
  onTestFinished(() => transport.close());
  const error = await caught(transport.unary(callOf(bare), {}));
  expect(error).toMatchObject({ code: Code.Unimplemented, outcome: "not_sent" });
});
