// Lists of messages that are one parameter each: what the client writes, the gateway and the embedded server read.
import { create } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { startServer } from "../../src/testing/index.ts";
import { Code, createClient, createRestTransport } from "../../src/transport.ts";
import { FindObjectsRequestSchema, StoreService } from "../gen/stores/v1/stores_pb.js";
import { caught } from "../support/caught.ts";
import { encodings, startPeer } from "./support/peer.ts";

const values = <T>(...items: T[]) => items.map((value) => ({ value }));

const filter = {
  changed: [{ seconds: -62_135_596_800n }, {}, { seconds: 253_402_300_799n, nanos: 999_999_999 }],
  // Go's durations end at 292 years.
  ages: [{ seconds: -9_223_372_036n }, {}, { nanos: 1 }, { seconds: 1n, nanos: 500_000_000 }],
  masks: [{ paths: ["page_count", "book.author_name"] }, {}, { paths: ["title"] }],
  doubles: values(0, -0, 5e-324, Number.NaN, Number.NEGATIVE_INFINITY),
  floats: values(1.5, -0.25, Number.POSITIVE_INFINITY),
  int32s: values(0, -(2 ** 31), 2 ** 31 - 1),
  int64s: values(0n, -(2n ** 63n), 2n ** 63n - 1n),
  uint32s: values(0, 2 ** 32 - 1),
  uint64s: values(0n, 2n ** 64n - 1n),
  bools: values(false, true, false),
  strings: values("", "a,b", "&=#%2F+ é😀", ""),
  bytes: values(new Uint8Array(), Uint8Array.of(0xff, 0xfe, 0xfd), Uint8Array.of(0)),
};
const request = create(FindObjectsRequestSchema, {
  filter,
  changed: filter.changed,
  strings: filter.strings,
});

describe.each(encodings)("in %s", (encoding) => {
  test("each item arrives as it was sent, in its order", async () => {
    const { gateway, stores } = await startPeer();
    expect((await stores({ encoding }).findObjects(request)).request).toEqual(request);
    expect((await gateway.calls())[0]?.request).toMatchObject({
      filter: {
        changed: ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"],
        ages: ["-9223372036s", "0s", "0.000000001s", "1.500s"],
        masks: ["pageCount,book.authorName", "", "title"],
      },
    });
  });

  test("each item arrives unchanged at the embedded server", async () => {
    const server = await startServer(StoreService, { findObjects: (request) => ({ request }) });
    onTestFinished(() => server.close());
    const transport = createRestTransport({ baseUrl: server.baseUrl, encoding });
    onTestFinished(() => transport.close());
    const { findObjects } = createClient(StoreService, transport);
    expect((await findObjects(request)).request).toEqual(request);
  });
});

test("empty lists arrive as empty lists", async () => {
  const { gateway, stores } = await startPeer();
  expect((await stores().findObjects({ changed: [], strings: [] })).request).toEqual(
    create(FindObjectsRequestSchema),
  );
  expect((await gateway.calls()).map(({ request }) => request)).toEqual([{}]);
});

test("a duration beyond 292 years is refused by the gateway, which reads it with Go's time.ParseDuration", async () => {
  const { gateway, stores } = await startPeer();
  expect(
    await caught(stores().findObjects({ filter: { ages: [{ seconds: 9_223_372_037n }] } })),
  ).toMatchObject({
    code: Code.InvalidArgument,
    status: 400,
  });
  expect(await gateway.calls()).toEqual([]);
});

test("an invalid item is an invalid call that names it, and nothing is sent", async () => {
  const { gateway, stores } = await startPeer();
  const changed = [{ seconds: 0n }, { seconds: 253_402_300_800n }];
  expect(await caught(stores().findObjects({ filter: { changed } }))).toMatchObject({
    code: Code.InvalidArgument,
    outcome: "not_sent",
    reason: expect.stringContaining("filter.changed[1]"),
  });
  expect(await gateway.calls()).toEqual([]);
});
