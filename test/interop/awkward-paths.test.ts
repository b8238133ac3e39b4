// Ids and names with all characters that are special in a path, in each unescaping mode of a gateway.
import { describe, expect, test } from "vitest";
import type { RpcError } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import type { GatewaySettings } from "./support/gateway.ts";
import { encodings, startPeer } from "./support/peer.ts";

type Mode = NonNullable<GatewaySettings["unescaping"]>;

const modes: readonly Mode[] = ["legacy", "all-except-reserved", "all-except-slash", "all-characters"];

/** Values that arrive unchanged in a single segment, in every mode. */
const harmless = [
  ..." !\"#$&'()*+,;<=>?@[\\]^_`{|}~-.:".split(""),
  "a b",
  "é",
  "日本",
  "😀",
  "a.b..c",
  "...",
  "%",
  "100%",
  "a%20b",
  "%zz",
  "a+b=c&d",
  "x:cancel",
  "\u0001",
  "\u007f",
];

describe.each(modes)("unescaping %s", (unescaping) => {
  test("every character of an id arrives unchanged", async () => {
    const { gateway, jobs } = await startPeer({ unescaping });
    const client = jobs();
    for (const text of harmless) await client.delete(`job-${text}-x`);
    expect((await gateway.calls()).map(({ rpc, request }) => [rpc.split("/")[1], request])).toEqual(
      harmless.map((text) => ["DeleteJob", { jobId: `job-${text}-x` }]),
    );
  });

  test("no id changes the rpc of a call, except a slash if the gateway decodes before it routes", async () => {
    const { gateway, jobs } = await startPeer({ unescaping });
    const client = jobs();
    const responses: unknown[] = [];
    for (const id of ["job-1/abort", "job-1/run", "job-1/x", "job-1%2Fabort"]) {
      const response = await client.run(id).then(
        () => "ok",
        (error: RpcError) => error.status,
      );
      responses.push(response);
    }
    const seen = (await gateway.calls()).map(({ rpc, request }) => [
      rpc.split("/")[1],
      (request as { jobId: string }).jobId,
    ]);
    const decodesSlash = unescaping === "all-except-reserved" || unescaping === "all-except-slash";
    // If the slash separates segments, "jobs/job-1/abort/run" is not a route.
    expect(responses).toEqual(decodesSlash ? ["ok", "ok", "ok", "ok"] : [404, 404, 404, "ok"]);
    expect(seen).toEqual(
      decodesSlash
        ? [
            ["RunJob", "job-1/abort"],
            ["RunJob", "job-1/run"],
            ["RunJob", "job-1/x"],
            ["RunJob", "job-1%2Fabort"],
          ]
        : [["RunJob", "job-1%2Fabort"]],
    );
  });

  test.each(encodings)("a resource name keeps its segments, in %s", async (encoding) => {
    const { gateway, library } = await startPeer({ unescaping });
    const client = library({ encoding });
    const names = [
      "shelves/a b/books/é",
      "shelves/1/books/x:y",
      "shelves/100%/books/a+b",
      "shelves/&/books/?#",
    ];
    for (const name of names) expect(await caught(client.getBook({ name }))).toMatchObject({ status: 404 });
    expect((await gateway.calls()).map(({ request }) => request)).toEqual(names.map((name) => ({ name })));
  });
});

test("an id that no gateway accepts is an invalid call, and nothing is sent", async () => {
  const { gateway, jobs } = await startPeer();
  const client = jobs();
  for (const id of ["", ".", "..", "\ud800"]) {
    expect(await caught(client.run(id))).toMatchObject({ outcome: "not_sent", attempts: 0 });
  }
  expect(await gateway.calls()).toEqual([]);
});

test("a delete whose id ends like a route reaches another rpc of a legacy gateway, which decodes first", async () => {
  const { gateway, jobs } = await startPeer({ unescaping: "legacy" });
  // DELETE jobs/job-1%2Fabort becomes DELETE jobs/job-1/abort, which only POST has.
  expect(await caught(jobs().delete("job-1/abort"))).toMatchObject({ status: 501, outcome: "rejected" });
  expect(await gateway.calls()).toEqual([]);
});
