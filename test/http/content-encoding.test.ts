import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { expect, test } from "vitest";
import { decompress, isCompressed } from "../../src/http/content-encoding.ts";

const text = Buffer.from("the quick brown fox ".repeat(20));
const skippableFrame = Buffer.from("502a4d1803000000010203", "hex");
const responseWith = (coding: string | string[], body: Uint8Array) => ({
  status: 200,
  headers: { "content-encoding": coding },
  trailers: {},
  body,
  isJoined: true,
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
  // Zeros that pad a block, as gzip finds them on tapes.
  ["gzip", Buffer.concat([gzipSync(text), Buffer.alloc(1)])],
  ["x-gzip", Buffer.concat([gzipSync(text), Buffer.alloc(70_000)])],
  ["gzip", Buffer.concat([gzipSync(text.subarray(0, 7)), gzipSync(text.subarray(7)), Buffer.alloc(3)])],
  // RFC 8878, section 3: frames follow each other, and some of them are empty or skippable.
  ["zstd", Buffer.concat([0, 9, 200].map((at, i, all) => zstdCompressSync(text.subarray(at, all[i + 1]))))],
  ["zstd", Buffer.concat([skippableFrame, zstdCompressSync(text), zstdCompressSync(""), skippableFrame])],
])("%s is decompressed", async (coding, body) => {
  const response = responseWith(coding, body);
  expect(isCompressed(response)).toBe(true);
  // The memory of what comes out is not the response's own.
  const expected = { ...response, body: text, isJoined: false };
  expect(await decompress(response, text.length)).toEqual({ response: expected });
});

test("every truncated stream is an error, also where the runtime returns its beginning", async () => {
  const random = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * i * 7919) % 251));
  const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
  const long = zstdCompressSync(Buffer.alloc(300_000, random), checksum);
  for (const [coding, body] of [
    ["gzip", gzipSync(text)],
    ["br", brotliCompressSync(text)],
    ["zstd", zstdCompressSync(text)],
    ["zstd", zstdCompressSync(random, checksum)],
    ["zstd", Buffer.concat([skippableFrame, zstdCompressSync(text)])],
    ["zstd", long],
  ] as const) {
    expect(await decompress(responseWith(coding, body), 300_000)).toHaveProperty("response");
    for (let length = 1; length < body.length; length++) {
      // The skippable frame is a whole stream by itself.
      if (length === skippableFrame.length && body[0] === skippableFrame[0]) continue;
      const result = await decompress(responseWith(coding, body.subarray(0, length)), 300_000);
      expect(result, `${coding}, ${length} of ${body.length} bytes`).toMatchObject({
        failure: { kind: "unreadable" },
      });
    }
  }
});

test("repeated headers are one list", async () => {
  const body = brotliCompressSync(gzipSync(text));
  expect(await decompress(responseWith(["gzip", "br"], body), 1_000)).toMatchObject({
    response: { body: text },
  });
});

test.each([
  ["identity", text],
  ["gzip", new Uint8Array()],
])("nothing is compressed for %s", (coding, body) => {
  expect(isCompressed(responseWith(coding, body))).toBe(false);
});

test("decompression of a small body to a huge one stops at the limit", async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  expect(bomb.length).toBeLessThan(60_000);
  const result = await decompress(responseWith("gzip", bomb), 4_194_304);
  expect(result).toMatchObject({ failure: { kind: "too_large", sent: true, status: 200 } });
});

test.each([
  ["gzip", Buffer.concat([gzipSync(text), gzipSync(text)])],
  ["zstd", Buffer.concat([zstdCompressSync(text), zstdCompressSync(text)])],
  ["zstd", Buffer.concat([zstdCompressSync(text), zstdCompressSync(text), zstdCompressSync("")])],
])("the limit applies to all parts of a %s stream together", async (coding, body) => {
  const twice = responseWith(coding, body);
  expect(await decompress(twice, 2 * text.length)).toMatchObject({
    response: { body: { length: 2 * text.length } },
  });
  for (const limit of [2 * text.length - 1, text.length, 1]) {
    expect(await decompress(twice, limit)).toMatchObject({
      failure: { kind: "too_large", sent: true, status: 200 },
    });
  }
});

test("a stream of very many empty frames is not read to its end", async () => {
  const frames = responseWith("zstd", Buffer.concat(Array(5_000).fill(zstdCompressSync(""))));
  expect(await decompress(frames, 1_000)).toMatchObject({ failure: { kind: "unreadable" } });
});

test.each([
  ["gzip", text, "cannot decompress the response (gzip)"],
  ["gzip", gzipSync(text).subarray(0, 30), "cannot decompress the response (gzip)"],
  [
    "gzip",
    Buffer.concat([gzipSync(text), Buffer.from("left over")]),
    "cannot decompress the response (gzip)",
  ],
  [
    "gzip",
    Buffer.concat([gzipSync(text), Buffer.alloc(3), Buffer.from("x")]),
    "cannot decompress the response (gzip)",
  ],
  ["gzip", Buffer.alloc(9), "cannot decompress the response (gzip)"],
  [
    "deflate",
    Buffer.concat([deflateSync(text), Buffer.alloc(3)]),
    "cannot decompress the response (deflate)",
  ],
  ["deflate", Buffer.concat([deflateSync(text), text]), "cannot decompress the response (deflate)"],
  ["br", Buffer.concat([brotliCompressSync(text), text]), "cannot decompress the response (br)"],
  ["zstd", Buffer.concat([zstdCompressSync(text), text]), "cannot decompress the response (zstd)"],
  ["zstd", Buffer.concat([zstdCompressSync(text), Buffer.alloc(3)]), "cannot decompress the response (zstd)"],
  [
    "zstd",
    Buffer.concat([zstdCompressSync(text), zstdCompressSync(text).subarray(0, 12)]),
    "cannot decompress the response (zstd)",
  ],
  ["compress", text, "the response has an unknown content-encoding (compress)"],
])("%s that cannot be decompressed is an error", async (coding, body, message) => {
  expect(await decompress(responseWith(coding, body), 1_000)).toMatchObject({
    failure: { kind: "unreadable", sent: true, status: 200, cause: { message } },
  });
});
