// The tables of docs/messages.md, row by row.
import { readFileSync } from "node:fs";
import vm from "node:vm";
import { describe, expect, onTestFinished, test } from "vitest";
import { LibraryService } from "../examples/gen/library/v1/library_pb.js";
import { Code, createClient, createRestTransport } from "../src/transport.ts";
import { caught } from "./support/caught.ts";
import { scriptedServer } from "./support/scripted-server.ts";

const page = readFileSync(new URL("../docs/messages.md", import.meta.url), "utf8");

/** The rows of the table whose first column has this name. */
function rowsOf(column: string): (readonly [string, string])[] {
  const [, table = ""] = page.split(`| ${column} |`);
  const rows = table.split("\n\n")[0]?.matchAll(/^\| `(.+?)` \| (.+) \|$/gm) ?? [];
  return [...rows].map(([, code = "", text = ""]) => [code, text]);
}

describe("a request", () => {
  const rows = rowsOf("call");

  test("the table has its rows", () => expect(rows.length).toBeGreaterThan(12));

  test.each(rows)("%s: %s", async (call, reason) => {
    const server = await scriptedServer({ status: 500 });
    for (const encoding of ["protobuf", "json"] as const) {
      const transport = createRestTransport({ baseUrl: server.baseUrl, encoding });
      onTestFinished(() => transport.close());
      const client = createClient(LibraryService, transport);
      const context = vm.createContext({ client, Date, Map, Promise });
      const error = await caught(vm.runInContext(`client.${call}`, context) as Promise<unknown>);
      expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent", reason });
    }
    expect(server.seen).toEqual([]);
  });
});

describe("a response", () => {
  const rows = rowsOf("response");

  test("the table has its rows", () => expect(rows.length).toBeGreaterThan(8));

  test.each(rows)("%s: %s", async (body, reason) => {
    const server = await scriptedServer({
      status: 200,
      headers: { "content-type": "application/json" },
      body,
    });
    const transport = createRestTransport({ baseUrl: server.baseUrl });
    onTestFinished(() => transport.close());
    const client = createClient(LibraryService, transport);
    const error = await caught(client.getBook({ name: "shelves/1/books/2" }));
    expect(error).toMatchObject({ code: Code.DataLoss, outcome: "unknown", status: 200 });
    expect(error.reason).toBe(`cannot decode the response: ${reason}`);
  });
});
