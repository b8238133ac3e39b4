// Values that could be taken for something else: a segment, a custom verb, a parameter.
import { describe, expect, test } from "vitest";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import type { BackendCall, GatewaySettings } from "./support/gateway.ts";
import { encodings, type Peer, startPeer } from "./support/peer.ts";

type Mode = NonNullable<GatewaySettings["unescaping"]>;
const modes: readonly Mode[] = ["legacy", "all-except-reserved", "all-except-slash", "all-characters"];

const printable = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i));
const awkward = [...printable, "\t", "\n", "\r", "\u007f", "\u0080", "é", "日", "😀", "\ufeff", "\u202e"];

async function seenBy({ gateway }: Peer): Promise<unknown[]> {
  return (await gateway.calls()).map(({ rpc, request }) => [rpc.split("/")[1], request]);
}

describe.each(modes)("unescaping %s", (unescaping) => {
  test("every character of a resource name except the slash arrives unchanged", async () => {
    const peer = await startPeer({ unescaping });
    const client = peer.library();
    // With letters beside them: no path can have a segment of only dots.
    const names = awkward
      .filter((each) => each !== "/")
      .map((each) => `shelves/a${each}/books/${each}b${each}`);
    for (const name of names) {
      expect(await caught(client.getBook({ name }))).toMatchObject({ code: Code.NotFound });
    }
    expect(await seenBy(peer)).toEqual(names.map((name) => ["GetBook", { name }]));
  });

  test("text that looks like an escape stays text", async () => {
    const peer = await startPeer({ unescaping });
    const jobs = peer.jobs();
    const library = peer.library();
    const texts = ["%2F", "%2f", "%252F", "%25", "%2525", "%", "%%", "%zz", "%3AcheckOut", "%u0041", "+%20+"];
    for (const text of texts) {
      await jobs.abort(`job-${text}`);
      await caught(library.getBook({ name: `shelves/${text}/books/${text}` }));
    }
    expect(await seenBy(peer)).toEqual(
      texts.flatMap((text) => [
        ["AbortJob", { jobId: `job-${text}` }],
        ["GetBook", { name: `shelves/${text}/books/${text}` }],
      ]),
    );
  });

  test.each(encodings)("a name that ends like a custom verb stays a name, in %s", async (encoding) => {
    const peer = await startPeer({ unescaping });
    const client = peer.library({ encoding });
    const name = "shelves/1/books/2:checkOut";
    await client.createBook({ parent: "shelves/1", bookId: "2:checkOut", book: { title: "Emma" } });
    await client.getBook({ name });
    await client.updateBook({ book: { name, title: "Emma 2" } });
    await client.checkOutBook({ name, reader: "Ada" });
    await client.deleteBook({ name });
    expect(await seenBy(peer)).toEqual([
      ["CreateBook", { parent: "shelves/1", bookId: "2:checkOut", book: { title: "Emma" } }],
      ["GetBook", { name }],
      // The gateway makes the mask from the fields in the JSON body.
      ["UpdateBook", { book: { name, title: "Emma 2" }, updateMask: "title" }],
      ["CheckOutBook", { name, reader: "Ada" }],
      ["DeleteBook", { name }],
    ]);
  });

  test("a slash in an id: run, abort and delete reach their own rpc with the complete id, or none", async () => {
    const peer = await startPeer({ unescaping });
    const client = peer.jobs();
    const ids = ["job-1/run", "job-1/abort", "job-1/", "job-1//run", "job-1/../job-2", "job-1/x/run"];
    const statuses: unknown[] = [];
    for (const id of ids) {
      for (const call of ["run", "abort", "delete"] as const) {
        statuses.push(
          await client[call](id).then(
            () => 200,
            ({ status }: { status: number }) => status,
          ),
        );
      }
    }
    const isKept = unescaping === "all-except-reserved" || unescaping === "all-except-slash";
    // "DELETE jobs/job-1/run" is a path that only POST has; "jobs/job-1/run/run" is no path at all.
    const hasPathOfPost = (id: string) => /^[^/]*\/(run|abort)$/.test(id);
    expect(statuses).toEqual(
      ids.flatMap((id) => (isKept ? [200, 200, 200] : [404, 404, hasPathOfPost(id) ? 501 : 404])),
    );
    expect(await seenBy(peer)).toEqual(
      isKept
        ? ids.flatMap((jobId) => ["RunJob", "AbortJob", "DeleteJob"].map((rpc) => [rpc, { jobId }]))
        : [],
    );
  });
});

test.each(encodings)("every character of a query arrives unchanged, in %s", async (encoding) => {
  const { gateway, library } = await startPeer();
  const client = library({ encoding });
  for (const text of awkward) {
    const call = client.listBooks({ parent: "shelves/1", pageToken: `${text}a${text}` });
    // These have to be numbers.
    expect(await caught(call)).toMatchObject({ code: Code.InvalidArgument });
  }
  const tokenOf = ({ request }: BackendCall) => (request as { pageToken: string }).pageToken;
  expect((await gateway.calls()).map(tokenOf)).toEqual(awkward.map((text) => `${text}a${text}`));
});

test("a name that does not match its pattern is an invalid call, and nothing is sent", async () => {
  const { gateway, library } = await startPeer();
  const client = library();
  const names = [
    "",
    "shelves/1",
    "shelves/1/books/",
    "shelves//books/2",
    "shelves/1/books/2/3",
    "/shelves/1/books/2",
    "shelves/../books/2",
    "shelves/1/books/.",
    "shelves/1/boxes/2",
    "shelves/1/books/\udc00",
  ];
  for (const name of names) {
    expect(await caught(client.deleteBook({ name }))).toMatchObject({
      code: Code.InvalidArgument,
      outcome: "not_sent",
    });
  }
  expect(await gateway.calls()).toEqual([]);
});
