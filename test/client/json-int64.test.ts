// The option `jsonInt64`, in requests and responses.
import {
  create,
  createRegistry,
  type DescMethodUnary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { anyPack, Int64ValueSchema } from "@bufbuild/protobuf/wkt";
import { createClient as createConnectClient } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { BookSchema, LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import { createRestTransport as createConnectTransport } from "../../src/connect/index.ts";
import {
  Code,
  createClient,
  createRestTransport,
  type RestTransportOptions,
  RpcError,
} from "../../src/transport.ts";
import { EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { IntegersSchema, PackedIntegersSchema } from "../gen/bytenite/test/v1/integers_pb.js";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { okJson, type ScriptedServer, scriptedServer } from "../support/scripted-server.ts";
import { clientOptions, openService, type Side, sides } from "../testing/sides.ts";
import { type RuleText, ruleMethod } from "../transcoding/support/rule-method.ts";

const beyondDoubles = 9_007_199_254_740_993n;
const largest = 2n ** 64n - 1n;

function transportTo({ baseUrl }: ScriptedServer, options: Partial<RestTransportOptions> = {}) {
  const transport = createRestTransport({ baseUrl, encoding: "json", ...options });
  onTestFinished(() => transport.close());
  return transport;
}

const json = { headers: { "content-type": "application/json" }, body: "{}" };

const bodiesOf = (server: ScriptedServer) => server.seen.map(({ body }) => body.toString());

describe("a transport", () => {
  const book = { name: "shelves/1/books/2", isbn: beyondDoubles };

  test("writes strings by default, and numbers with jsonInt64: number, also in a body: field rule", async () => {
    const server = await scriptedServer(json);
    for (const jsonInt64 of [undefined, "string", "number"] as const) {
      const library = createClient(LibraryService, transportTo(server, { jsonInt64 }));
      await library.updateBook({ book });
    }
    const quoted = '{"name":"shelves/1/books/2","isbn":"9007199254740993"}';
    expect(bodiesOf(server)).toEqual(
      [quoted, quoted, quoted.replace(/"(\d+)"/, "$1")].map((text) =>
        text.replace('"name":"shelves/1/books/2",', ""),
      ),
    );
  });

  test("of Connect does so, too", async () => {
    const server = await scriptedServer(json);
    const transport = createConnectTransport({
      baseUrl: server.baseUrl,
      encoding: "json",
      jsonInt64: "number",
    });
    onTestFinished(() => transport.close());
    await createConnectClient(LibraryService, transport).updateBook({ book });
    expect(bodiesOf(server)).toEqual(['{"isbn":9007199254740993}']);
  });

  test.each<readonly [rule: RuleText, init: MessageInitShape<typeof IntegersSchema>, body: string]>([
    [
      "POST /v1 body:*",
      { uint64Map: { "18446744073709551615": largest } },
      '{"uint64Map":{"18446744073709551615":18446744073709551615}}',
    ],
    [
      "POST /v1/{self.int64_value} body:*",
      { self: { int64Value: 1n, uint64Value: largest } },
      '{"self":{"uint64Value":18446744073709551615}}',
    ],
    [
      "POST /v1/{int64_value} body:*",
      { int64Value: 1n, optUint64: largest },
      '{"optUint64":18446744073709551615}',
    ],
    ["POST /v1 body:int64_list", { int64List: [beyondDoubles, -1n] }, "[9007199254740993,-1]"],
    ["POST /v1 body:named_map", { namedMap: { "1": beyondDoubles } }, '{"1":9007199254740993}'],
    ["POST /v1 body:uint64_value", { uint64Value: largest }, "18446744073709551615"],
    ["POST /v1 body:uint64_wrapper", { uint64Wrapper: largest }, "18446744073709551615"],
    [
      "POST /v1 body:choice_wrapper",
      { choice: { case: "choiceWrapper", value: { value: beyondDoubles } } },
      "9007199254740993",
    ],
    ["POST /v1 body:self", { self: { int64Text: "9007199254740993" } }, '{"int64Text":9007199254740993}'],
  ])("writes the body of %s", async (rule, init, body) => {
    const server = await scriptedServer(json);
    const method = ruleMethod(rule, IntegersSchema, EverythingSchema) as DescMethodUnary;
    const transport = transportTo(server, { jsonInt64: "number" });
    await transport.unary(method, create(IntegersSchema, init));
    await transportTo(server).unary(method, create(IntegersSchema, init));
    expect(bodiesOf(server)[0]).toBe(body);
    expect(bodiesOf(server)[1]).toBe(body.replace(/(?<=[:[,]|^)-?\d+(?=[,\]}]|$)/g, '"$&"'));
  });

  test("writes a google.protobuf.Any of a type in its registry", async () => {
    const server = await scriptedServer(json);
    const registry = createRegistry(IntegersSchema);
    const method = ruleMethod("POST /v1 body:*", PackedIntegersSchema, EverythingSchema) as DescMethodUnary;
    const any = anyPack(IntegersSchema, create(IntegersSchema, { fixed64Value: largest }));
    await transportTo(server, { jsonInt64: "number", registry }).unary(
      method,
      create(PackedIntegersSchema, { any }),
    );
    expect(bodiesOf(server)).toEqual([
      '{"any":{"fixed64Value":18446744073709551615,"@type":"type.googleapis.com/bytenite.test.v1.Integers"}}',
    ]);
  });

  test("writes a body that is a wrapper, also without fields that are in the path", async () => {
    const server = await scriptedServer(json);
    const transport = transportTo(server, { jsonInt64: "number" });
    for (const rule of ["POST /v1 body:*", "POST /v1/{value} body:*"]) {
      const method = ruleMethod(rule, Int64ValueSchema, EverythingSchema) as DescMethodUnary;
      await transport.unary(method, create(Int64ValueSchema, { value: beyondDoubles }));
    }
    expect(bodiesOf(server)).toEqual(["9007199254740993", "0"]);
  });

  test("writes the same query in both forms", async () => {
    const server = await scriptedServer(json);
    const method = ruleMethod("GET /v1/{uint64_value}", IntegersSchema, EverythingSchema) as DescMethodUnary;
    const message = create(IntegersSchema, {
      uint64Value: largest,
      int64List: [beyondDoubles],
      int64Wrapper: -1n,
    });
    for (const jsonInt64 of ["string", "number"] as const) {
      await transportTo(server, { jsonInt64 }).unary(method, message);
    }
    const [first, second] = server.seen.map(({ path }) => path);
    expect(first).toContain("/18446744073709551615?int64List=9007199254740993&int64Wrapper=-1");
    expect(second).toBe(first);
  });

  test.each<readonly [value: unknown, shown: string]>([
    ["bigint", "'bigint'"],
    [64, "64"],
    [true, "true"],
    [{ out: "number" }, "{ out: 'number' }"],
  ])("rejects jsonInt64: %o", (value, shown) => {
    const make = () => createRestTransport({ baseUrl: "https://example.com", jsonInt64: value as never });
    expect(make).toThrow(RpcError);
    expect(make).toThrow(`jsonInt64 must be "string" or "number", not ${shown}`);
    expect(() => jobsClient("https://example.com", { jsonInt64: value as never })).toThrow(
      expect.objectContaining({ code: Code.InvalidArgument, outcome: "not_sent" }),
    );
  });

  test("names an invalid field, and sends nothing", async () => {
    const server = await scriptedServer(json);
    const library = createClient(LibraryService, transportTo(server));
    const published = { seconds: 1n << 50n };
    const error = await caught(library.updateBook({ book: { name: "shelves/1/books/2", published } }));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(error).toHaveProperty(
      "reason",
      expect.stringMatching(/^book\.published has to be a Timestamp of the years 1 to 9999/),
    );
    expect(server.seen).toEqual([]);
  });
});

describe("a client of jobs", () => {
  const config = { taskTimeout: beyondDoubles, jobTimeout: 60 };

  test("writes numbers by default", async () => {
    const server = await scriptedServer(okJson);
    for (const jsonInt64 of [undefined, "number", "string"] as const) {
      await jobsClient(server.baseUrl, { encoding: "json", jsonInt64 }).run("job-1", config);
    }
    const numbers = '{"config":{"taskTimeout":9007199254740993,"jobTimeout":60}}';
    expect(bodiesOf(server)).toEqual([numbers, numbers, numbers.replace(/\d+/g, '"$&"')]);
  });

  test("also writes numbers in the careful mode and after the fallback from binary", async () => {
    const server = await scriptedServer({ status: 400, body: "no" }, okJson);
    await jobsClient(server.baseUrl).run("job-1", config);
    await jobsClient(server.baseUrl, { encoding: { request: "json", response: "protobuf" } }).run(
      "job-1",
      config,
    );
    expect(server.seen[0]?.body).toEqual(
      Buffer.from(
        toBinary(
          RunJobRequestSchema,
          create(RunJobRequestSchema, { config: { ...config, jobTimeout: 60n } }),
        ),
      ),
    );
    const numbers = '{"config":{"taskTimeout":9007199254740993,"jobTimeout":60}}';
    expect(bodiesOf(server).slice(1)).toEqual([numbers, numbers]);
  });
});

const anyInt64 = fc.oneof(
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, beyondDoubles, 0n),
);

describe.each(sides)("an embedded server (%s)", (side: Side) => {
  test("reads both forms, and writes the configured one, without loss", async () => {
    const forms = ["string", "number"] as const;
    const open = async (jsonInt64: "string" | "number" | undefined) => {
      const updateBook = ({ book }: { book?: unknown }) => book as never;
      return openService(side, LibraryService, { updateBook }, { jsonInt64 });
    };
    const servers = [await open(undefined), ...(await Promise.all(forms.map(open)))];
    const libraries = servers.flatMap((server) =>
      forms.map((jsonInt64) => {
        const transport = createRestTransport({ ...clientOptions(server), encoding: "json", jsonInt64 });
        onTestFinished(() => transport.close());
        return createClient(LibraryService, transport);
      }),
    );
    await fc.assert(
      fc.asyncProperty(anyInt64, async (isbn) => {
        const book = create(BookSchema, { name: "shelves/1/books/2", isbn });
        for (const library of libraries) expect(await library.updateBook({ book })).toEqual(book);
      }),
      { numRuns: 20 },
    );
    const written = servers.map(({ requests }) =>
      Buffer.from(requests.at(-1)?.responseBytes ?? []).toString(),
    );
    expect(written.map((text) => /"isbn":"-?\d+"/.test(text))).toEqual([true, true, false]);
    expect(written[2]).toMatch(/"isbn":-?\d+/);
  });

  test("rejects another form", async () => {
    const open = async () => openService(side, LibraryService, {}, { jsonInt64: "bigint" as never });
    await expect(open()).rejects.toThrow(new RangeError('jsonInt64 must be "string" or "number"'));
  });
});
