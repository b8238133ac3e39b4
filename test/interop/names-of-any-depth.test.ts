// ** at every place of a template: the client fills it, and the gateway and the embedded server match it.
import { describe, expect, onTestFinished, test } from "vitest";
import { startServer } from "../../src/testing/index.ts";
import { type Client, Code, createClient, createRestTransport } from "../../src/transport.ts";
import { StoreService } from "../gen/stores/v1/stores_pb.js";
import { caught } from "../support/caught.ts";
import { encodings, startPeer } from "./support/peer.ts";

type Stores = Client<typeof StoreService>;

/** Names without an empty segment, which arrive unchanged in every mode. */
const depths = ["1", "1/2", "1/entries", "a b/é/100%25", "1/2/3/4/5/6/7", "documents/x/y", "x:y/z:purge"];
/** More names, as of stored objects. */
const objects = [...depths, "a//b", "folder/", "/a", "/", "a///", "%2F", "%2f/%252F"];

/** Makes every call with these names, and returns the names that arrived. */
async function namesSeenBy(stores: Stores): Promise<string[]> {
  const seen: string[] = [];
  for (const depth of depths) {
    const parent = `projects/p/dataStores/${depth}`;
    seen.push((await stores.purgeEntries({ parent, force: true })).parent);
    const documents = { parent: `documents/${depth}`, collectionId: "c", pageSize: 5 };
    seen.push((await stores.listDocuments(documents)).parent);
    seen.push((await stores.getSession({ name: `${depth}/sessions/1` })).name);
  }
  for (const name of objects) seen.push((await stores.getObject({ name })).name);
  return seen;
}

const sent = [
  ...depths.flatMap((depth) => [
    `projects/p/dataStores/${depth}`,
    `documents/${depth}`,
    `${depth}/sessions/1`,
  ]),
  ...objects,
];

describe.each(encodings)("in %s", (encoding) => {
  test.each(["legacy", "all-except-reserved", "all-except-slash", "all-characters"] as const)(
    "each name arrives as it was sent, unescaping %s",
    async (unescaping) => {
      const { gateway, stores } = await startPeer({ unescaping });
      // Escapes that the mode keeps in a ** reach the backend unchanged.
      const arrived =
        unescaping === "all-except-reserved" ? sent.map((name) => name.replaceAll(":", "%3A")) : sent;
      expect(await namesSeenBy(stores({ encoding }))).toEqual(arrived);
      const requests = (await gateway.calls()).map(({ request }) => request);
      expect(requests.slice(0, 3)).toEqual([
        { parent: "projects/p/dataStores/1", force: true },
        { parent: "documents/1", collectionId: "c", pageSize: 5 },
        { name: "1/sessions/1" },
      ]);
    },
  );

  test("each name arrives unchanged at the embedded server", async () => {
    const server = await startServer(StoreService, {
      purgeEntries: ({ parent }) => ({ parent }),
      listDocuments: ({ parent }) => ({ parent }),
      getSession: ({ name }) => ({ name }),
      getObject: ({ name }) => ({ name }),
    });
    onTestFinished(() => server.close());
    const transport = createRestTransport({ baseUrl: server.baseUrl, encoding });
    onTestFinished(() => transport.close());
    expect(await namesSeenBy(createClient(StoreService, transport))).toEqual(sent);
  });
});

test("a name that does not match is an invalid call, and nothing is sent", async () => {
  const { gateway, stores } = await startPeer();
  const client = stores();
  for (const parent of ["projects/p/dataStores", "projects/p/dataStores/", "projects//dataStores/1", "x/1"]) {
    expect(await caught(client.purgeEntries({ parent }))).toMatchObject({
      code: Code.InvalidArgument,
      outcome: "not_sent",
    });
  }
  expect(await gateway.calls()).toEqual([]);
});
