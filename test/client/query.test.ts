import { inspect } from "node:util";
import { createClient as createConnectClient, createContextValues } from "@connectrpc/connect";
import { describe, expect, onTestFinished, test } from "vitest";
import { LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { createRestTransport as createConnectTransport, restCallOptions } from "../../src/connect/index.ts";
import { JobsClient, probe } from "../../src/index.ts";
import {
  type CallOptions,
  Code,
  createClient,
  createRestTransport,
  type RestTransportOptions,
} from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { okJson, type Scripted, scriptedServer } from "../support/scripted-server.ts";

const empty: Scripted = { headers: { "content-type": "application/json" }, body: "{}" };

async function library(options: Partial<RestTransportOptions>, ...script: Scripted[]) {
  const server = await scriptedServer(...(script.length === 0 ? [empty] : script));
  const transport = createRestTransport({ baseUrl: server.origin, encoding: "json", ...options });
  onTestFinished(() => transport.close());
  return { server, client: createClient(LibraryService, transport) };
}

const name = "shelves/1/books/2";

test.each<[RestTransportOptions["query"], CallOptions["query"], string]>([
  [undefined, undefined, ""],
  [{}, {}, ""],
  [{ key: "k", alt: "json" }, undefined, "?key=k&alt=json"],
  [{ alt: "" }, undefined, "?alt="],
  [{ "a b": "c&d=é/?#" }, undefined, "?a%20b=c%26d%3D%C3%A9%2F%3F%23"],
  [{ key: "k" }, { key: "other", page: "2" }, "?key=other&page=2"],
  [{ key: "k", gone: undefined }, { page: undefined }, "?key=k"],
  [{ key: () => "k" }, { page: "2" }, "?page=2&key=k"],
  [{ key: async () => "k" }, { key: "own" }, "?key=own"],
  [undefined, { page: "2" }, "?page=2"],
])("the transport's %o and the call's %o", async (ofTransport, ofCall, sent) => {
  const { server, client } = await library({ query: ofTransport });
  await client.getBook({ name }, { query: ofCall });
  expect(server.seen.map(({ path }) => path)).toEqual([`/v1/${name}${sent}`]);
});

test("parameters follow those of the message", async () => {
  const { server, client } = await library({ query: { key: "k" } });
  await client.listBooks({ parent: "shelves/1", pageSize: 2 });
  expect(server.seen[0]?.path).toBe("/v1/shelves/1/books?pageSize=2&key=k");
});

test.each<[RestTransportOptions["query"]]>([[{ pageSize: "5" }], [{ pageSize: () => "5" }]])(
  "a parameter that the message sets too is InvalidArgument (%o)",
  async (query) => {
    const { server, client } = await library({ query });
    const error = await caught(client.listBooks({ parent: "shelves/1", pageSize: 2 }));
    expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
    expect(error.reason).toContain("query: pageSize is a field of the request");
    expect(server.seen).toHaveLength(0);
    await client.listBooks({ parent: "shelves/1" });
    expect(server.seen[0]?.path).toBe("/v1/shelves/1/books?pageSize=5");
  },
);

test("a function is called on every attempt", async () => {
  let calls = 0;
  const query = { signature: () => `s${++calls}` };
  const { server, client } = await library(
    { query, retry: { initialBackoffMs: 0 } },
    { status: 429, headers: { "retry-after": "0" } },
    empty,
  );
  await client.getBook({ name });
  expect(server.seen.map(({ path }) => path)).toEqual([
    `/v1/${name}?signature=s1`,
    `/v1/${name}?signature=s2`,
  ]);
});

test.each<[unknown, string]>([
  ["key=k", "query must be a plain object of names and values"],
  [new URLSearchParams({ key: "k" }), "query must be a plain object of names and values"],
  [{ key: 5 }, "query: the value of key must be a string"],
  [{ key: null }, "query: the value of key must be a string"],
  [{ key: ["a"] }, "query: the value of key must be a string"],
  [{ key: "\ud800" }, "query: the value of key is not well-formed Unicode"],
  [{ "": "k" }, 'query: "" is not the name of a parameter'],
])("%o is InvalidArgument, for a transport and for a call", async (query, reason) => {
  const invalid = expect.objectContaining({ code: Code.InvalidArgument, reason });
  expect(() => createRestTransport({ baseUrl: "http://127.0.0.1:1", query: query as never })).toThrow(
    invalid,
  );
  const { server, client } = await library({});
  const error = await caught(client.getBook({ name }, { query: query as never }));
  expect(error).toMatchObject({ code: Code.InvalidArgument, reason, outcome: "not_sent" });
  expect(server.seen).toHaveLength(0);
});

test.each<[() => unknown, string]>([
  [() => 5, "query: the value of key must be a string"],
  [() => "", "query: the value of key is empty"],
  [() => Promise.reject(new Error("no")), "query: the function for the value of key failed"],
])("a function that gives no value fails the call before it is sent (%o)", async (source, reason) => {
  const { server, client } = await library({ query: { key: source as () => string } });
  expect(await caught(client.getBook({ name }))).toMatchObject({ reason, outcome: "not_sent" });
  expect(server.seen).toHaveLength(0);
});

describe("a secret in the query", () => {
  const secret = "s3cret/value+1";

  test.each([
    "key",
    "token",
    "access_token",
    "accessToken",
    "api_key",
    "app_key",
    "authkey",
    "PHPSESSID",
    "X-Goog-Signature",
    "sig",
  ])("is redacted if its name is %s", async (parameter) => {
    const echo = (query: string): Scripted => ({
      status: 404,
      headers: { "content-type": "text/plain", "x-echo": query },
      body: `no such page: /v1?${parameter}=${query}`,
    });
    const encoded = encodeURIComponent(secret);
    for (const options of [{ query: { [parameter]: secret } }, { query: { [parameter]: () => secret } }]) {
      const { client } = await library(options, echo(encoded));
      const error = await caught(client.getBook({ name }));
      const shown = inspect(error, { showHidden: true, depth: 9 }) + Buffer.from(error.body ?? []);
      expect(shown).toContain("no such page");
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(encoded);
    }
    const { client } = await library({}, echo(secret));
    const error = await caught(client.getBook({ name }, { query: { [parameter]: secret } }));
    expect(error.reason).toContain("no such page");
    expect(error.reason).not.toContain(secret);
  });

  test.each(["page", "page_token", "alt"])("is not redacted if its name is %s", async (parameter) => {
    const { client } = await library({ query: { [parameter]: "a-value" } }, { status: 404, body: "a-value" });
    expect((await caught(client.getBook({ name }))).reason).toBe("a-value");
  });

  test("does not go over http: to another host", async () => {
    const baseUrl = "http://api.example.com";
    const insecure = expect.objectContaining({
      code: Code.InvalidArgument,
      reason: expect.stringContaining("query: key: a credential would go over http:"),
    });
    expect(() => createRestTransport({ baseUrl, query: { key: secret } })).toThrow(insecure);
    expect(() => createRestTransport({ baseUrl, query: { key: () => secret } })).toThrow(insecure);
    const transport = createRestTransport({ baseUrl, query: { alt: "json" } });
    onTestFinished(() => transport.close());
    const client = createClient(LibraryService, transport);
    expect(await caught(client.getBook({ name }, { query: { key: secret } }))).toMatchObject({
      code: Code.InvalidArgument,
      outcome: "not_sent",
    });
  });
});

test("JobsClient, the probe and the Connect adapter send them too", async () => {
  const server = await scriptedServer(okJson);
  const jobs = new JobsClient({ baseUrl: server.origin, accessToken: "token-1", query: { key: "k" } });
  onTestFinished(() => jobs.close());
  await jobs.delete("job-1");
  expect(server.seen[0]?.path).toBe("/jobs/job-1?key=k");

  const rejecting = await scriptedServer({ status: 404 });
  await probe({ baseUrl: rejecting.origin, accessToken: "token-1", query: { key: "k", sig: () => "s" } });
  expect(rejecting.seen.length).toBeGreaterThan(0);
  for (const { path } of rejecting.seen) expect(path).toMatch(/\?key=k&sig=s$/);

  const rest = await scriptedServer(empty);
  const transport = createConnectTransport({ baseUrl: rest.origin, encoding: "json", query: { key: "k" } });
  onTestFinished(() => transport.close());
  const contextValues = createContextValues().set(restCallOptions, { query: { page: "2" } });
  await createConnectClient(LibraryService, transport).getBook({ name }, { contextValues });
  expect(rest.seen[0]?.path).toBe(`/v1/${name}?key=k&page=2`);
});
