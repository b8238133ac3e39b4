import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { decompress, isCompressed } from "../../src/http/content-encoding.ts";

const text = Buffer.from("the quick brown fox ".repeat(20));
const skippableFrame = Buffer.from("502a4d1803000000010203", "hex");
const answer = (coding: string | string[], body: Uint8Array) => ({
  status: 200,
  headers: { "content-encoding": coding },
  trailers: {},
  body,
  isCloseDelimited: false,
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
  // Zeros that fill a block up, as gzip has it of tapes.
  ["gzip", Buffer.concat([gzipSync(text), Buffer.alloc(1)])],
  ["x-gzip", Buffer.concat([gzipSync(text), Buffer.alloc(70_000)])],
  ["gzip", Buffer.concat([gzipSync(text.subarray(0, 7)), gzipSync(text.subarray(7)), Buffer.alloc(3)])],
  // RFC 8878, section 3: frames stand behind each other, some of them with nothing for the reader.
  ["zstd", Buffer.concat([0, 9, 200].map((at, i, all) => zstdCompressSync(text.subarray(at, all[i + 1]))))],
  ["zstd", Buffer.concat([skippableFrame, zstdCompressSync(text), zstdCompressSync(""), skippableFrame])],
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
  ["gzip", Buffer.concat([gzipSync(text), gzipSync(text)])],
  ["zstd", Buffer.concat([zstdCompressSync(text), zstdCompressSync(text)])],
  ["zstd", Buffer.concat([zstdCompressSync(text), zstdCompressSync(text), zstdCompressSync("")])],
])("the limit is for all parts of a %s stream together", async (coding, body) => {
  const twice = answer(coding, body);
  expect(await decompress(twice, 2 * text.length)).toMatchObject({
    response: { body: { length: 2 * text.length } },
  });
  for (const limit of [2 * text.length - 1, text.length, 1]) {
    expect(await decompress(twice, limit)).toMatchObject({
      failure: { kind: "too_large", sent: true, status: 200 },
    });
  }
});

test("a stream of very many frames that say nothing is not read to its end", async () => {
  const frames = answer("zstd", Buffer.concat(Array(5_000).fill(zstdCompressSync(""))));
  expect(await decompress(frames, 1_000)).toMatchObject({ failure: { kind: "unreadable" } });
});

test.each([
  ["gzip", text, "the answer cannot be decompressed (gzip)"],
  ["gzip", gzipSync(text).subarray(0, 30), "the answer cannot be decompressed (gzip)"],
  [
    "gzip",
    Buffer.concat([gzipSync(text), Buffer.from("left over")]),
    "the answer cannot be decompressed (gzip)",
  ],
  [
    "gzip",
    Buffer.concat([gzipSync(text), Buffer.alloc(3), Buffer.from("x")]),
    "the answer cannot be decompressed (gzip)",
  ],
  ["gzip", Buffer.alloc(9), "the answer cannot be decompressed (gzip)"],
  [
    "deflate",
    Buffer.concat([deflateSync(text), Buffer.alloc(3)]),
    "the answer cannot be decompressed (deflate)",
  ],
  ["deflate", Buffer.concat([deflateSync(text), text]), "the answer cannot be decompressed (deflate)"],
  ["br", Buffer.concat([brotliCompressSync(text), text]), "the answer cannot be decompressed (br)"],
  ["zstd", Buffer.concat([zstdCompressSync(text), text]), "the answer cannot be decompressed (zstd)"],
  [
    "zstd",
    Buffer.concat([zstdCompressSync(text), Buffer.alloc(3)]),
    "the answer cannot be decompressed (zstd)",
  ],
  [
    "zstd",
    Buffer.concat([zstdCompressSync(text), zstdCompressSync(text).subarray(0, 12)]),
    "the answer cannot be decompressed (zstd)",
  ],
  ["compress", text, "the answer is compressed in a way that is not known (compress)"],
])("%s that cannot be undone is an error", async (coding, body, message) => {
  expect(await decompress(answer(coding, body), 1_000)).toMatchObject({
    failure: { kind: "unreadable", sent: true, status: 200, cause: { message } },
  });
});
