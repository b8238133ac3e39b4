import { execFileSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { create, createFileRegistry, type DescMessage, toBinary } from "@bufbuild/protobuf";
import {
  AnySchema,
  anyPack,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  BookSchema,
  GetBookRequestSchema,
  LibraryService,
} from "../../examples/gen/library/v1/library_pb.js";
import { libraryService } from "../../examples/support/library-service.ts";
import { jsonTextOf } from "../../src/codecs/json-codec.ts";
import { startServer } from "../../src/testing/index.ts";
import { EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { closedPort } from "../support/loopback.ts";
import { type Scripted, scriptedServer } from "../support/scripted-server.ts";
import { anyEverything } from "../transcoding/support/any-everything.ts";
import { httpRule, methodWith, ruleMethod, ruleService } from "../transcoding/support/rule-method.ts";
import { runInProcess } from "./run-in-process.ts";
import { runCli, startCli, startCliInShell } from "./spawn-cli.ts";
import { descriptorFile, descriptorSet, temporaryFile, withImports } from "./temporary-file.ts";

const GET_BOOK = "library.v1.LibraryService/GetBook";
const CREATE_BOOK = "library.v1.LibraryService/CreateBook";
const CHECK_OUT = "library.v1.LibraryService/CheckOutBook";
const emma = { parent: "shelves/old", bookId: "emma", book: { title: "Emma", pageCount: 474 } };
const json = (body: unknown, status = 200) => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

async function library() {
  const server = await startServer(LibraryService, libraryService());
  onTestFinished(() => server.close());
  const where = ["--descriptors", descriptorFile(LibraryService.file), "--base-url", server.baseUrl];
  return { server, where, call: (...args: string[]) => runInProcess(["call", ...where, ...args]) };
}

/** Calls `example.Service/Call`, which has the rule `POST /v1` and an Everything both ways. */
async function everything(script: Scripted, ...args: string[]) {
  const server = await scriptedServer(script);
  const file = descriptorFile(ruleMethod("POST /v1 body:*", EverythingSchema).parent.file);
  const all = ["call", "--descriptors", file, "--base-url", server.origin, "example.Service/Call", ...args];
  return { server, all };
}

describe("a call that succeeds", () => {
  test("prints the response as JSON, in one line", async () => {
    const { server, call } = await library();
    expect(await call(CREATE_BOOK, JSON.stringify(emma))).toEqual({
      status: 0,
      stdout: '{"name":"shelves/old/books/emma","title":"Emma","pageCount":474}\n',
      stderr: "",
    });
    expect(server.requests).toMatchObject([{ method: "POST", path: "/v1/shelves/old/books?bookId=emma" }]);
  });

  test("in a child process, with the request from a pipe", async () => {
    const { server, where } = await library();
    const args = ["call", ...where, "library.v1.LibraryService.CreateBook", "-"];
    const pipe = `printf '%s' '${JSON.stringify(emma)}' | "$@"`;
    const { status, stdout, stderr } = await startCliInShell(pipe, args).ended;
    expect([status, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({ name: "shelves/old/books/emma", title: "Emma", pageCount: 474 });
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ["protobuf", "application/x-protobuf", "application/x-protobuf"],
    ["json", "application/json", "application/json"],
    ["careful", "application/json", "application/x-protobuf"],
  ])("--encoding %s", async (encoding, contentType, accept) => {
    const { server, call } = await library();
    await call(CREATE_BOOK, JSON.stringify(emma));
    const args = [CHECK_OUT, '{"name":"shelves/old/books/emma","reader":"Ada"}', "--encoding", encoding];
    expect(await call(...args)).toMatchObject({ status: 0 });
    expect(server.requests[1]?.headers).toMatchObject({ "content-type": contentType, accept });
  });

  test("--json prints one document, with the response as it is", async () => {
    const { all } = await everything(json({ int64Value: "9007199254740993", doubleValue: -0 }), "--json");
    expect(await runInProcess(all)).toEqual({
      status: 0,
      stdout:
        '{"ok":true,"command":"call","method":"example.Service/Call","response":{"int64Value":"9007199254740993"}}\n',
      stderr: "",
    });
  });

  test("no JSON is an empty request", async () => {
    const { server, all } = await everything(json({}), "--encoding", "json");
    expect(await runInProcess(all)).toMatchObject({ status: 0, stdout: "{}\n" });
    expect(String(server.seen[0]?.body)).toBe("{}");
  });

  test("on a terminal the response is indented, with its digits, and without control characters", async () => {
    const script = {
      ...json(0),
      body: '{"struct":{"n":-0,"e":1e21},"stringValue":"\\u009b31m\\u202e\\u0007é"}',
    };
    const { all } = await everything(script);
    const { stdout } = await runInProcess(all, {}, (terminal) => ({ ...terminal, isInteractive: true }));
    expect(stdout).toBe(
      '{\n  "stringValue": "\\u009b31m\\u202e\\u0007é",\n  "struct": {\n    "n": -0,\n    "e": 1e+21\n  }\n}\n',
    );
  });

  test.each(["protobuf", "careful"])(
    "any message arrives as it was typed: --encoding %s",
    async (encoding) => {
      const { parent } = ruleMethod("POST /v1 body:*", EverythingSchema);
      const server = await startServer(parent, { call: (request: Record<string, unknown>) => request });
      onTestFinished(() => server.close());
      const where = ["--descriptors", descriptorFile(parent.file), "--base-url", server.baseUrl];
      const property = fc.asyncProperty(anyEverything, async (message) => {
        const text = jsonTextOf(EverythingSchema, message);
        const args = ["call", ...where, "--encoding", encoding, "example.Service/Call", "-"];
        const { stdout, stderr } = await runInProcess(args, {}, undefined, text);
        expect([stdout, stderr]).toEqual([`${text}\n`, ""]);
      });
      await fc.assert(property, { numRuns: 30 });
    },
  );

  test("an Any is written by its type in the descriptor file, and of another type with its bytes", async () => {
    const book = create(BookSchema, { title: "Emma" });
    const known = anyPack(EverythingSchema, create(EverythingSchema, { stringValue: "x" }));
    for (const [any, expected] of [
      [known, { "@type": "type.googleapis.com/bytenite.test.v1.Everything", stringValue: "x" }],
      [anyPack(BookSchema, book), { "@type": "type.googleapis.com/library.v1.Book", "@value": "EgRFbW1h" }],
    ] as const) {
      const body = toBinary(EverythingSchema, create(EverythingSchema, { any: create(AnySchema, any) }));
      const headers = { "content-type": "application/x-protobuf" };
      const { all } = await everything({ headers, body });
      const { status, stdout } = await runInProcess(all);
      expect([status, JSON.parse(stdout)]).toEqual([0, { any: expected }]);
    }
  });
});

describe("a descriptor file", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bytenite-jobs-buf-"));
    return () => rmSync(folder, { recursive: true });
  });
  const built = (name: string, ...args: string[]) => {
    const path = join(folder, name);
    const only = "examples/proto/library";
    execFileSync("node_modules/.bin/buf", ["build", "examples/proto", "--path", only, "-o", path, ...args]);
    return path;
  };

  test.each(["api.binpb", "api.bin", "api.json", "api.binpb.gz", "api.json.gz", "api.binpb.zst"])(
    "%s of buf is read",
    async (name) => {
      const { status, stdout } = await runInProcess(["call", "--descriptors", built(name), "--list"]);
      expect(status).toBe(0);
      expect(stdout.split("\n").slice(0, 3)).toEqual([
        "library.v1.LibraryService/GetBook           GET    /v1/{name=shelves/*/books/*}",
        "library.v1.LibraryService/ListBooks         GET    /v1/{parent=shelves/*}/books",
        "library.v1.LibraryService/CreateBook        POST   /v1/{parent=shelves/*}/books  body: book",
      ]);
    },
  );

  test.each(["api.txtpb", "api.yaml"])("%s of buf is not", async (name) => {
    const { status, stderr } = await runInProcess(["call", "--descriptors", built(name), "--list"]);
    expect(status).toBe(2);
    expect(stderr).toContain('is not a FileDescriptorSet in binary or JSON, as "buf build -o api.binpb"');
  });

  test("without imports is not", async () => {
    const path = built("bare.binpb", "--exclude-imports");
    const { status, stderr } = await runInProcess(["call", "--descriptors", path, "--list"]);
    expect(status).toBe(2);
    expect(stderr).toContain("the file has library/v1/library.proto, but not google/api/annotations.proto");
  });

  test("in any order is read, as server reflection gives it", async () => {
    const set = descriptorSet(withImports(LibraryService.file).reverse());
    const path = temporaryFile("api.binpb", set);
    expect(await runInProcess(["call", "--descriptors", path, "--list"])).toMatchObject({ status: 0 });
  });
});

describe("--list", () => {
  const service = ruleService(
    new Map([
      ["Get", "GET /v1/{string_value}"],
      ["Put", "PUT /v1 body:inner response_body:inner"],
      ["Broken", "GET /v1/{nope}"],
    ]),
    EverythingSchema,
  );

  test("prints each binding of each method, and why a method cannot be called", async () => {
    const { status, stdout } = await runInProcess([
      "call",
      "--list",
      "--descriptors",
      descriptorFile(service.file),
    ]);
    expect([status, stdout]).toEqual([
      0,
      "example.Service/Get     GET    /v1/{string_value}\n" +
        "example.Service/Put     PUT    /v1  body: inner  response_body: inner\n" +
        'example.Service/Broken  (bytenite.test.v1.Everything has no field "nope")\n',
    ]);
  });

  test("in JSON, of one service or method", async () => {
    const args = ["call", "--json", "--list", "--descriptors", descriptorFile(service.file)];
    const put = {
      method: "example.Service/Put",
      input: "bytenite.test.v1.Everything",
      output: "bytenite.test.v1.Everything",
      kind: "unary",
      bindings: [{ verb: "PUT", path: "/v1", body: "inner", responseBody: "inner" }],
    };
    const one = await runInProcess([...args, "example.Service/Put"]);
    expect(JSON.parse(one.stdout)).toEqual({ ok: true, command: "call", methods: [put] });
    const all = JSON.parse((await runInProcess([...args, "example.Service"])).stdout);
    expect(all.methods).toMatchObject([{}, put, { problem: expect.stringContaining("nope") }]);
    expect(await runInProcess([...args, "example.Servise"])).toMatchObject({ status: 2 });
  });

  test("has additional_bindings, streaming methods, and the rules of --rules", async () => {
    const two = ruleMethod(["GET /v1/a/{string_value}", "GET /v1/b/{string_value}"], EverythingSchema);
    const list = async (file: string, ...args: string[]) =>
      (await runInProcess(["call", "--list", "--descriptors", file, ...args])).stdout;
    expect(await list(descriptorFile(two.parent.file))).toBe(
      "example.Service/Call  GET    /v1/a/{string_value}\nexample.Service/Call  GET    /v1/b/{string_value}\n",
    );
    const stream = methodWith(httpRule("GET /v1"), EverythingSchema, EverythingSchema, {
      serverStreaming: true,
    });
    expect(await list(descriptorFile(stream.parent.file))).toBe(
      "example.Service/Call  GET    /v1  (server streaming)\n",
    );
    const bare = descriptorFile(methodWith(undefined, EverythingSchema).parent.file);
    expect(await list(bare)).toContain("(the method has no google.api.http rule)");
    const rules = temporaryFile("rules.json", '[{"selector":"example.Service.*","get":"/v2"}]');
    expect(await list(bare, "--rules", rules)).toBe("example.Service/Call  GET    /v2\n");
  });
});

describe("--rules", () => {
  const rule = { selector: "example.Service.Call", post: "/v1/{string_value}", body: "*" };

  test.each([
    ["a list", [rule]],
    ["an object with rules", { rules: [rule] }],
    ["a service's configuration", { type: "google.api.Service", http: { rules: [rule] } }],
  ])("%s gives a method its rule", async (_what, content) => {
    const server = await scriptedServer(json({}));
    const file = descriptorFile(methodWith(undefined, EverythingSchema).parent.file);
    const rules = temporaryFile("rules.json", JSON.stringify(content));
    const args = ["--descriptors", file, "--base-url", server.origin, "--rules", rules];
    const { status } = await runInProcess(["call", ...args, "example.Service/Call", '{"stringValue":"a"}']);
    expect([status, server.seen[0]?.path]).toEqual([0, "/v1/a"]);
  });
});

describe("a call that fails", () => {
  test("ends with 1, the outcome, and the details", async () => {
    const details = [
      {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: [{ field: "int64_value", description: "is negative\u202e" }],
      },
      { "@type": "type.googleapis.com/not.Known", n: 1 },
    ];
    const { all } = await everything(json({ code: 3, message: "no", details }, 400), "--encoding", "json");
    const { status, stdout, stderr } = await runInProcess(all);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("error: call example.Service/Call: InvalidArgument (HTTP 400): no\n");
    expect(stderr).toContain("It did not happen: the server rejected it.\n");
    expect(stderr).toContain('detail: {"@type":"type.googleapis.com/google.rpc.BadRequest"');
    expect(stderr).toContain("is negative\\u202e");
    const document = JSON.parse((await runInProcess([...all, "--json"])).stdout);
    expect(document).toMatchObject({
      ok: false,
      command: "call",
      method: "example.Service/Call",
      error: { code: "InvalidArgument", status: 400, outcome: "rejected", details },
    });
    expect(document).not.toHaveProperty("jobId");
  });

  test("details in binary are decoded, too", async () => {
    const { server, where } = await library();
    await runInProcess(["call", ...where, CREATE_BOOK, JSON.stringify(emma)]);
    const twice = await runInProcess(["call", ...where, "--json", CREATE_BOOK, JSON.stringify(emma)]);
    expect(server.requests).toHaveLength(2);
    expect(JSON.parse(twice.stdout)).toMatchObject({ error: { code: "AlreadyExists", details: [] } });
  });

  test.each([
    [CREATE_BOOK, JSON.stringify(emma), "IT MAY HAVE HAPPENED. Check before you call it again."],
    [
      "library.v1.LibraryService/DeleteBook",
      '{"name":"shelves/old/books/emma"}',
      "It may have happened. The method is idempotent, so it is safe to repeat it.",
    ],
  ])("%s, when the response is lost", async (method, request, text) => {
    const { origin } = await scriptedServer("reset");
    const args = ["--descriptors", descriptorFile(LibraryService.file), "--base-url", origin];
    const { status, stderr } = await runInProcess(["call", ...args, method, request]);
    expect(status).toBe(1);
    expect(stderr).toContain(text);
  });

  test("a 401 without a credential has a hint", async () => {
    const { all } = await everything(json({ code: 16, message: "who?" }, 401));
    expect((await runInProcess(all)).stderr).toContain("hint: no credential was sent; --header");
    const withCredential = await runInProcess([...all, "-H", "x-api-key: wrong-key"]);
    expect(withCredential.stderr).not.toContain("hint");
  });

  test("a response without a JSON form was a call, perhaps", async () => {
    const bad = create(EverythingSchema, { timestamp: { seconds: 2n ** 60n } });
    const headers = { "content-type": "application/x-protobuf" };
    const { all } = await everything({ headers, body: toBinary(EverythingSchema, bad) });
    const { status, stdout, stderr } = await runInProcess(all);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("DataLoss: the server accepted the call, but its response has no JSON form");
    expect(stderr).toContain("IT MAY HAVE HAPPENED");
  });

  test("Ctrl-C cancels the call in flight", async () => {
    const { server, where } = await library();
    server.fault({ kind: "hang", where: "before-answer" });
    const { child, ended } = startCli(["call", ...where, CREATE_BOOK, JSON.stringify(emma)]);
    await server.received(1);
    child.kill("SIGINT");
    const { status, stderr } = await ended;
    expect(status).toBe(130);
    expect(stderr).toContain("Cancelled: cancelled by the caller");
  });

  test("Ctrl-C also ends the wait for standard input, and nothing was sent", async () => {
    const { server, where } = await library();
    const signals = new EventEmitter();
    // The signal comes while the command reads.
    const input = new Readable({ read: () => void setImmediate(() => signals.emit("SIGINT")) });
    const { status, stderr } = await runInProcess(
      ["call", ...where, GET_BOOK, "-"],
      {},
      undefined,
      input,
      signals,
    );
    expect(status).toBe(130);
    expect(stderr).toContain("It did not happen: nothing was sent.");
    expect(server.requests).toEqual([]);
  });
});

describe("a command line that cannot work ends with 2, and sends nothing", () => {
  const rows: readonly (readonly [args: readonly string[], text: string])[] = [
    [[], "call needs <pkg.Service/Method>"],
    [
      [GET_BOOK, "{}", "{}"],
      "call takes <pkg.Service/Method> [json] only: put an argument with spaces in quotes",
    ],
    [["library.v1.LibraryService/GetBok", "{}"], `did you mean "${GET_BOOK}"?`],
    [["GetBook"], `did you mean "${GET_BOOK}"?`],
    [["LibraryService.getbook"], `did you mean "${GET_BOOK}"?`],
    [["library.v2.LibraryService/GetBook"], `did you mean "${GET_BOOK}"?`],
    [["library.v1.LibraryService"], "--list library.v1.LibraryService shows its methods"],
    [["a.B/Nothing"], 'there is no method "a.B/Nothing" in the descriptor file; --list shows all'],
    [[GET_BOOK, "{"], "the request does not fit library.v1.GetBookRequest"],
    [[GET_BOOK, "[]"], "has to be an object, not an array"],
    [[GET_BOOK, '{"nam":"x"}'], 'has no field "nam": did you mean "name"?'],
    [[GET_BOOK, '{"name":1}'], "library.v1.GetBookRequest.name has to be a string, not a number"],
    [[GET_BOOK, '{"name":"a","name":"b"}'], 'the key "name" is repeated'],
    [[GET_BOOK], "name is empty, and the path needs it"],
    [[GET_BOOK, '{"name":"books/1"}'], "name"],
    [[CREATE_BOOK, '{"book":{"genre":"SCIENCE"}}'], "which is not a value of library.v1.Genre"],
    [[GET_BOOK, "-"], "the request does not fit library.v1.GetBookRequest"],
    [[GET_BOOK, "{}", "--header", "secret-1234"], '--header needs a name, ":" and a value'],
    [[GET_BOOK, "{}", "--header", ": secret-1234"], '--header: "" is not a header name'],
    [[GET_BOOK, "{}", "-H", "content-type: a/b"], "--header: content-type is set by the transport itself"],
    [[GET_BOOK, "{}", "-H", "a: secret-1234", "-H", "A: b"], "--header: a is given twice"],
    [[GET_BOOK, "{}", "-H", "a: secret-1234\nb"], "--header: the value of a has characters"],
    [[GET_BOOK, "{}", "-H", "grpc-timeout: 1S"], "--header: grpc-timeout is set by --timeout"],
    [[GET_BOOK, "{}", "-H", "@/nowhere"], '--header: cannot read "/nowhere": no such file or directory'],
    [[GET_BOOK, "{}", "--query", "secret-1234"], '--query needs a name, "=" and a value'],
    [[GET_BOOK, "{}", "--query", "=secret-1234"], '--query: "" is not the name of a parameter'],
    [[GET_BOOK, "{}", "--query", "a=secret-1234", "--query", "a=b"], "--query: a is given twice"],
    [[GET_BOOK, "{}", "--encoding", "xml"], "--encoding must be protobuf, json or careful"],
    [[GET_BOOK, "{}", "--timeout", "soon"], "--timeout must be a whole number"],
    [[GET_BOOK, "{}", "--access-token", "x"], "there is no option --access-token here"],
  ];

  test.each(rows)("%j", async (args, text) => {
    const { server, call } = await library();
    const { status, stdout, stderr } = await call(...args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(text);
    expect(stderr).toContain("Help: bytenite-jobs call --help");
    expect(stderr).not.toContain("secret-1234");
    expect(server.requests).toEqual([]);
  });

  test.each<readonly [option: string, content: string | Uint8Array, text: string]>([
    ["--descriptors", "", "is not a FileDescriptorSet"],
    ["--descriptors", "{", "is not a FileDescriptorSet"],
    ["--descriptors", "{}", "it has no .proto file in it"],
    ["--descriptors", '{"name":"package"}', "it has no .proto file in it"],
    ["--descriptors", 'syntax = "proto3";', "is not a FileDescriptorSet"],
    ["--descriptors", Uint8Array.of(0x1f, 0x8b, 8), "is not a FileDescriptorSet"],
    ["--descriptors", descriptorSet(withImports(BookSchema.file).slice(0, 3)), "the file has no service"],
    ["--rules", "rules: []", "--rules: the file is not JSON (convert YAML to it)"],
    ["--rules", "{}", "--rules: the file has no list of rules"],
    ["--rules", "null", "--rules: the file has no list of rules"],
    ["--rules", '{"rules":[{"get":"/v1"}]}', '--rules[0]: "" is not a selector'],
    ["--rules", '[{"selector":"a.b","get":"v1"}]', "--rules[0]: a.b: column 1"],
    ["--rules", '[{"selector":"a.b","gett":"/v1"}]', "--rules[0]"],
  ])("a file of %s with %j", async (option, content, text) => {
    const path = temporaryFile("file", content);
    const descriptors = option === "--rules" ? ["--descriptors", descriptorFile(LibraryService.file)] : [];
    const args = [...descriptors, option, path, GET_BOOK, "{}", "--base-url", "http://127.0.0.1:1"];
    const { status, stderr } = await runInProcess(["call", ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(text);
  });

  test.each([
    ["--descriptors", "/nowhere", 'cannot read "/nowhere": no such file or directory'],
    ["--descriptors", "/", 'cannot read "/": illegal operation on a directory'],
  ])("%s %s", async (option, path, text) => {
    const { status, stderr } = await runInProcess(["call", option, path, "--list"]);
    expect([status, stderr.split("\n")[0]]).toEqual([2, `error: ${option}: ${text}`]);
  });

  test("a method without a rule, and one with a malformed rule", async () => {
    const where = ["--base-url", "http://127.0.0.1:1", "example.Service/Call"];
    const bare = descriptorFile(methodWith(undefined, EverythingSchema).parent.file);
    expect((await runInProcess(["call", "--descriptors", bare, ...where])).stderr).toContain(
      "error: example.Service/Call has no google.api.http rule; --rules can give it one\n",
    );
    const broken = descriptorFile(ruleMethod("GET /v1/{nope}", EverythingSchema).parent.file);
    const malformed = await runInProcess(["call", "--descriptors", broken, ...where]);
    expect(malformed.status).toBe(2);
    expect(malformed.stderr).toContain('column 6 of "/v1/{nope}"');
  });

  test("standard input that is not UTF-8", async () => {
    const { where } = await library();
    const args = ["call", ...where, GET_BOOK, "-"];
    const { status, stderr } = await runInProcess(args, {}, undefined, Uint8Array.of(0x22, 0xff, 0x22));
    expect(status).toBe(2);
    expect(stderr).toContain("standard input is not UTF-8");
  });

  test("a usage error in JSON", async () => {
    const { call } = await library();
    const { status, stdout, stderr } = await call(GET_BOOK, '{"nam":1}', "--json");
    expect([status, stderr]).toEqual([2, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, command: "call", error: { outcome: "not_sent" } });
  });
});

describe("credentials", () => {
  test("nothing of ByteNite's environment is used, not even the base URL", async () => {
    const trap = await scriptedServer(json({}));
    const { server, where } = await library();
    const env = {
      BYTENITE_BASE_URL: trap.origin,
      BYTENITE_ACCESS_TOKEN: "token-of-bytenite",
      BYTENITE_API_KEY: "key-of-bytenite",
    };
    const request = JSON.stringify(emma);
    expect(await runCli(["call", ...where, CREATE_BOOK, request], env)).toMatchObject({ status: 0 });
    expect(server.requests[0]?.headers).not.toHaveProperty("authorization");
    expect(JSON.stringify(server.requests[0]?.headers)).not.toContain("of-bytenite");
    const withoutUrl = await runCli(["call", ...where.slice(0, 2), CREATE_BOOK, request], env);
    expect(withoutUrl).toMatchObject({ status: 2, stdout: "" });
    expect(withoutUrl.stderr).toContain("--base-url <url> is required");
    expect(trap.seen).toEqual([]);
  });

  test("--header sends them, also from a file", async () => {
    const { server, call } = await library();
    const file = temporaryFile("headers", "Authorization: Bearer abc:def\n\nX-Api-Key:key-1\r\n");
    await call(CREATE_BOOK, JSON.stringify(emma), "-H", `@${file}`, "--header", "x-other: 1");
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: "Bearer abc:def",
      "x-api-key": "key-1",
      "x-other": "1",
    });
  });

  test("--query sends them, and --verbose does not show them", async () => {
    const server = await scriptedServer(json({ code: 16 }, 401));
    const args = ["--descriptors", descriptorFile(LibraryService.file), "--base-url", server.origin, "-v"];
    const query = ["--query", "key=a=b c", "--query", `@${temporaryFile("query", "alt=json\n")}`];
    const request = [GET_BOOK, '{"name":"shelves/1/books/2"}'];
    const { stderr } = await runInProcess(["call", ...args, ...query, ...request]);
    expect(server.seen[0]?.path).toBe("/v1/shelves/1/books/2?key=a%3Db%20c&alt=json");
    expect(stderr).toContain("> GET /v1/shelves/1/books/2?key=***&alt=json\n");
    expect(stderr).not.toContain("hint");
  });

  test("do not travel unencrypted unless --allow-insecure is given", async () => {
    const args = [
      "--descriptors",
      descriptorFile(LibraryService.file),
      "--base-url",
      "http://api.example.invalid",
    ];
    const request = [GET_BOOK, '{"name":"shelves/1/books/2"}', "-H", "authorization: secret-1234"];
    const refused = await runInProcess(["call", ...args, ...request]);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("--header: authorization: a credential would go over http:");
    expect(refused.stderr).toContain("or set --allow-insecure");
    const key = await runInProcess(["call", ...args, ...request.slice(0, 2), "--query", "key=secret-1234"]);
    expect(key.stderr).toContain("--query: key: a credential would go over http:");
    const allowed = await runInProcess(["call", ...args, ...request, "--allow-insecure", "--timeout", "1"]);
    expect(allowed.status).toBe(1);
  });
});

describe("--verbose", () => {
  test("prints the request as the server receives it, and the response", async () => {
    const server = await scriptedServer({ ...json({ title: "Emma" }), status: 201 });
    const args = ["--descriptors", descriptorFile(LibraryService.file), "--base-url", server.origin, "-v"];
    const { status, stdout, stderr } = await runInProcess([
      "call",
      ...args,
      CREATE_BOOK,
      JSON.stringify(emma),
    ]);
    expect([status, stdout]).toEqual([0, '{"title":"Emma"}\n']);
    const [seen] = server.seen;
    const sent = stderr.split("\n").flatMap((line) => (line.startsWith(">") ? [line.slice(2)] : []));
    const end = sent.indexOf("");
    expect(sent[0]).toBe(`${seen?.method} ${seen?.path}`);
    const { connection: _, ...headers } = seen?.headers ?? {};
    expect(sent.slice(1, end).sort()).toEqual(
      Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}`)
        .sort(),
    );
    expect(sent.slice(end + 1)).toEqual([String(seen?.body)]);
    expect(stderr).toContain("< HTTP 201\n< content-type: application/json\n");
    expect(stderr).toContain('\n<\n< {"title":"Emma"}\n');
  });

  test("prints binary bodies with their length, also if they look like text", async () => {
    // The message is a line feed, a space for its length 32, and text.
    const name = `shelves/1/books/${"x".repeat(16)}`;
    const body = toBinary(GetBookRequestSchema, create(GetBookRequestSchema, { name }));
    const server = await scriptedServer({ headers: { "content-type": "application/octet-stream" }, body });
    const args = ["--descriptors", descriptorFile(LibraryService.file), "--base-url", server.origin, "-v"];
    const { stdout, stderr } = await runInProcess(["call", ...args, GET_BOOK, JSON.stringify({ name })]);
    expect(JSON.parse(stdout)).toEqual({ name });
    expect(stderr).toContain(
      "< (34 bytes)\n" +
        "< 0000  0a 20 73 68 65 6c 76 65 73 2f 31 2f 62 6f 6f 6b  . shelves/1/book\n" +
        "< 0010  73 2f 78 78 78 78 78 78 78 78 78 78 78 78 78 78  s/xxxxxxxxxxxxxx\n" +
        "< 0020  78 78                                            xx\n",
    );
  });

  test("in JSON is part of the document, and shows each attempt", async () => {
    const busy: Scripted = { status: 503, headers: { "retry-after": "0" } };
    const server = await scriptedServer(busy, json({ name: "shelves/1/books/2" }));
    const args = [
      "--descriptors",
      descriptorFile(LibraryService.file),
      "--base-url",
      server.origin,
      "-v",
      "--json",
    ];
    const request = '{"name":"shelves/1/books/2"}';
    const { status, stdout, stderr } = await runInProcess(["call", ...args, GET_BOOK, request]);
    expect([status, stderr]).toEqual([0, ""]);
    const { exchanges, response } = JSON.parse(stdout);
    expect(response).toEqual({ name: "shelves/1/books/2" });
    expect(exchanges).toMatchObject([
      { request: { method: "GET", url: `${server.origin}/v1/shelves/1/books/2` }, response: { status: 503 } },
      { response: { status: 200, body: { bytes: 28, text: request } } },
    ]);
  });

  test("shows a request without a response, and one that was not sent", async () => {
    const { all } = await everything("reset", "-v");
    const { status, stderr } = await runInProcess(all);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^> POST \/v1\n(> .*\n|>\n)+\* other side closed\nerror: /);
    const origin = `http://127.0.0.1:${await closedPort()}`;
    const args = ["--descriptors", descriptorFile(LibraryService.file), "--base-url", origin, "-v", "--json"];
    const { stdout } = await runInProcess(["call", ...args, CREATE_BOOK, JSON.stringify(emma)]);
    const { exchanges, error } = JSON.parse(stdout);
    expect(error).toMatchObject({ outcome: "not_sent", attempts: 4 });
    expect(exchanges).toHaveLength(4);
    expect(exchanges[0]).toMatchObject({ error: expect.stringContaining("ECONNREFUSED") });
    expect(exchanges[0]).not.toHaveProperty("response");
  });

  test("shows no credential, wherever it is repeated", async () => {
    const token = "token-of-the-service";
    const key = "key in the query";
    const server = await scriptedServer({
      status: 403,
      headers: { "content-type": "text/plain", "set-cookie": "session=abcdefgh", "x-echo": token },
      body: `no ${token}, no ${key}`,
    });
    const file = descriptorFile(ruleMethod("GET /v1", keyedMessage()).parent.file);
    const args = ["--descriptors", file, "--base-url", server.origin, "-v", "example.Service/Call"];
    const request = JSON.stringify({ key, pageToken: "shown", accessToken: "abc" });
    const headers = ["-H", `Authorization: Bearer ${token}`, "-H", "x-api-key: short"];
    for (const options of [headers, [...headers, "--json"]]) {
      const { stdout, stderr } = await runInProcess(["call", ...args, request, ...options]);
      // The error itself may show what the request says.
      const printed =
        stdout === "" ? stderr.split("error:")[0] : JSON.stringify(JSON.parse(stdout).exchanges);
      expect(printed).toContain("/v1?key=***&pageToken=shown&accessToken=***");
      expect(printed).toContain("no ********************, no ****************");
      for (const secret of [token, key, "abcdefgh", "short", "abc"]) expect(printed).not.toContain(secret);
    }
    expect(server.seen[0]).toMatchObject({
      path: "/v1?key=key%20in%20the%20query&pageToken=shown&accessToken=abc",
      headers: { authorization: `Bearer ${token}`, "x-api-key": "short" },
    });
  });
});

/** A message with fields whose names say that they are secrets, and one that is none. */
function keyedMessage(): DescMessage {
  const field = ["key", "page_token", "access_token"].map((name, i) => ({
    name,
    jsonName: name.replace(/_t/, "T"),
    number: i + 1,
    type: Type.STRING,
    label: Label.OPTIONAL,
  }));
  const messageType = [{ name: "Keyed", field }];
  const file = create(FileDescriptorProtoSchema, { name: "keyed.proto", syntax: "proto3", messageType });
  const keyed = createFileRegistry(file, () => undefined).getMessage("Keyed");
  if (keyed === undefined) throw new Error("the descriptor has no message");
  return keyed;
}
