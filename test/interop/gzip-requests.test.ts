// A stock gateway does not decompress requests. nginx passes them on as they are.
import { describe, expect, test } from "vitest";
import { encodings, startPeer } from "./support/peer.ts";

const reader = "Ada ".repeat(1_000);

describe.each(encodings)("compressRequests in %s", (encoding) => {
  test("costs one more request at a stock gateway, and the rpc runs once", async () => {
    const { gateway, library } = await startPeer();
    const attempts: number[] = [];
    const client = library({
      encoding,
      compressRequests: "gzip",
      interceptors: [
        (next) => async (request) => {
          const response = await next(request);
          attempts.push(response.attempts);
          return response;
        },
      ],
    });
    for (const bookId of ["a", "b"]) {
      await client.createBook({ parent: "shelves/1", bookId });
      await client.checkOutBook({ name: `shelves/1/books/${bookId}`, reader });
    }
    expect(attempts).toEqual([1, 2, 1, 1]);
    const lent = (await gateway.calls()).filter(({ rpc }) => rpc.endsWith("CheckOutBook"));
    expect(lent.map(({ request }) => (request as { reader: string }).reader)).toEqual([reader, reader]);
  });

  test("finds out what a gateway without binary understands", async () => {
    const { gateway, library } = await startPeer({ encodings: "json" });
    const client = library({ encoding, compressRequests: "gzip" });
    for (const bookId of ["a", "b", "c"]) {
      await client.createBook({ parent: "shelves/1", bookId });
      const lent = await client.checkOutBook({ name: `shelves/1/books/${bookId}`, reader });
      expect(lent.reader).toBe(reader);
    }
    expect(await gateway.calls()).toHaveLength(6);
  });
});
