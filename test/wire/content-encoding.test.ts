import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { decompress, isCompressed } from "../../src/wire/content-encoding.ts";

const text = Buffer.from("the quick brown fox ".repeat(20));
const answer = (coding: string | string[], body: Uint8Array) => ({
  status: 200,
  headers: { "content-encoding": coding },
  trailers: {},
  body,
});

test.each([
  ["gzip", gzipSync(text)],
  ["X-GZip", gzipSync(text)],
  ["deflate", deflateSync(text)],
  ["deflate", deflateRawSync(text)],
  ["br", brotliCompressSync(text)],
  ["zstd", zstdCompressSync(text)],
  ["gzip, br", brotliCompressSync(gzipSync(text))],
  ["identity, gzip", gzipSync(text)],
])("%s is undone", async (coding, body) => {
  const response = answer(coding, body);
  expect(isCompressed(response)).toBe(true);
  expect(await decompress(response, text.length)).toEqual({ response: { ...response, body: text } });
});

test("several headers are one list", async () => {
  const body = brotliCompressSync(gzipSync(text));
  expect(await decompress(answer(["gzip", "br"], body), 1_000)).toMatchObject({ response: { body: text } });
});

test.each([
  ["identity", text],
  ["gzip", new Uint8Array()],
])("nothing has to be undone for %s", (coding, body) => {
  expect(isCompressed(answer(coding, body))).toBe(false);
});

test("a small body that would become a huge one is stopped at the limit", async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  expect(bomb.length).toBeLessThan(60_000);
  const result = await decompress(answer("gzip", bomb), 4_194_304);
  expect(result).toMatchObject({ failure: { kind: "too_large", sent: true, status: 200 } });
});

test.each([
  ["gzip", text, "the answer cannot be decompressed (gzip)"],
  ["gzip", gzipSync(text).subarray(0, 30), "the answer cannot be decompressed (gzip)"],
  [
    "gzip",
    Buffer.concat([gzipSync(text), Buffer.from("left over")]),
    "the answer cannot be decompressed (gzip)",
  ],
  ["deflate", Buffer.concat([deflateSync(text), text]), "the answer cannot be decompressed (deflate)"],
  ["br", Buffer.concat([brotliCompressSync(text), text]), "the answer cannot be decompressed (br)"],
  ["zstd", Buffer.concat([zstdCompressSync(text), text]), "the answer cannot be decompressed (zstd)"],
  ["compress", text, "the answer is compressed in a way that is not known (compress)"],
])("%s that cannot be undone is an error", async (coding, body, message) => {
  expect(await decompress(answer(coding, body), 1_000)).toMatchObject({
    failure: { kind: "unreadable", sent: true, status: 200, cause: { message } },
  });
});
