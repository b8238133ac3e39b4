import { promisify } from "node:util";
import * as zlib from "node:zlib";
import type { HttpFailure, HttpResponse, HttpResult } from "./http-exchange.ts";

/** What Node.js returns with `info: true`: the output and, as the engine's `bytesWritten`, the size of the input it read. */
interface Decompressed {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

type Options = { readonly maxOutputLength: number; readonly info: true };
type Decompress = (body: Uint8Array, options: Options) => Promise<Decompressed>;

// @types/node does not declare that `info` changes the result.
const promisified = (method: unknown) =>
  promisify(method as (...args: unknown[]) => void) as unknown as Decompress;

/** Compresses the body of a request, in another thread. */
export const gzip: (body: Uint8Array) => Promise<Uint8Array> = /* @__PURE__ */ promisify(zlib.gzip);

const gunzip = promisified(zlib.gunzip);
const inflate = promisified(zlib.inflate);
const inflateRaw = promisified(zlib.inflateRaw);
const brotliDecompress = promisified(zlib.brotliDecompress);
const zstdDecompress = promisified(zlib.zstdDecompress);

/** Decompresses gzip followed by zeros. They pad a stream to the size of a block, and gzip itself ignores them. */
async function gunzipPadded(body: Uint8Array, options: Options): Promise<Decompressed> {
  const stream = await gunzip(body, options);
  const isPadded = body.subarray(stream.engine.bytesWritten).every((byte) => byte === 0);
  return isPadded ? { buffer: stream.buffer, engine: { bytesWritten: body.length } } : stream;
}

/** Each frame costs 0.2 ms in another thread, and a frame of nine bytes may be empty. */
const MAX_ZSTD_FRAMES = 1_000;

/** Decompresses all frames of a zstd stream (RFC 8878, section 3). Node.js decompresses only the first one. */
async function zstdDecompressFrames(body: Uint8Array, options: Options): Promise<Decompressed> {
  const frames: Uint8Array[] = [];
  let at = 0;
  let left = options.maxOutputLength;
  while (at < body.length && frames.length < MAX_ZSTD_FRAMES) {
    const end = at + zstdFrameLength(body.subarray(at));
    // Node.js 22.19, Bun 1.4 and Deno 2.9 return the beginning of a truncated frame as if it were the whole.
    if (end > body.length) throw new RangeError("the zstd stream is truncated");
    // Node.js does not accept a limit of 0. The caller rejects a byte that is too many.
    const limit = { ...options, maxOutputLength: Math.max(left, 1) };
    const { buffer } = await zstdDecompress(body.subarray(at, end), limit);
    frames.push(buffer);
    at = end;
    left -= buffer.length;
  }
  return { buffer: Buffer.concat(frames), engine: { bytesWritten: at } };
}

/** The length of the frame at the start of a zstd stream (RFC 8878, section 3.1), or more than there is if it is truncated. */
function zstdFrameLength(stream: Uint8Array): number {
  const bytes = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  if (bytes.byteLength < 8) return Number.POSITIVE_INFINITY;
  const isSkippable = bytes.getUint32(0, true) >>> 4 === 0x184d2a5;
  if (isSkippable) return 8 + bytes.getUint32(4, true);
  const descriptor = bytes.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const windowSize = isSingleSegment ? 0 : 1;
  const dictionarySize = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = 5 + windowSize + dictionarySize + contentSize;
  for (let isLast = false; !isLast; ) {
    if (at + 3 > bytes.byteLength) return Number.POSITIVE_INFINITY;
    const block = bytes.getUint8(at) | (bytes.getUint16(at + 1, true) << 8);
    isLast = (block & 1) === 1;
    const isRepeatedByte = ((block >> 1) & 3) === 1;
    at += 3 + (isRepeatedByte ? 1 : block >> 3);
  }
  const hasChecksum = (descriptor & 4) !== 0;
  return at + (hasChecksum ? 4 : 0);
}

/** The beginning of a Brotli stream. */
const BROTLI_START = /* @__PURE__ */ Uint8Array.of(0x1b);

let missesTruncation: Promise<boolean> | undefined;

/**
 * Decompresses Brotli, unless this runtime returns the beginning of a truncated stream as if it were the whole: Deno (2.9)
 * does. The beginning of a message may be a message too.
 */
async function brotliDecompressWhole(body: Uint8Array, options: Options): Promise<Decompressed> {
  missesTruncation ??= brotliDecompress(BROTLI_START, options).then(
    () => true,
    () => false,
  );
  if (await missesTruncation) throw new UnsafeCodingError();
  return brotliDecompress(body, options);
}

class UnsafeCodingError extends Error {
  constructor() {
    super("this runtime does not detect that a Brotli stream is truncated");
  }
}

/** The codings of RFC 9110, section 8.4.1, RFC 7932 and RFC 8878. */
const decompressors: Readonly<Record<string, Decompress>> = {
  gzip: gunzipPadded,
  "x-gzip": gunzipPadded,
  // Some servers omit the zlib header that the standard requires.
  deflate: (body, options) => (((body[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw)(body, options),
  br: brotliDecompressWhole,
  zstd: zstdDecompressFrames,
};

/** Whether the body of a response is compressed. The client does not ask for that, but a proxy may compress it anyway. */
export function isCompressed({ headers, body }: HttpResponse): boolean {
  return body.length > 0 && codingsOf(headers).length > 0;
}

/** Decompresses the body of a response. The limit applies to the output, too. */
export async function decompress(response: HttpResponse, maxResponseBytes: number): Promise<HttpResult> {
  let { body } = response;
  for (const coding of codingsOf(response.headers).reverse()) {
    const decompressor = decompressors[coding];
    if (decompressor === undefined) {
      const cause = new TypeError(`the response has an unknown content-encoding (${coding})`);
      return failure(response, "unreadable", cause);
    }
    try {
      const { buffer, engine } = await decompressor(body, { maxOutputLength: maxResponseBytes, info: true });
      // Node.js ignores bytes after the end of the stream, which would be lost.
      if (engine.bytesWritten !== body.length) throw new RangeError("the stream ends before its bytes do");
      if (buffer.length > maxResponseBytes) return tooLarge(response, maxResponseBytes, undefined);
      body = buffer;
    } catch (cause) {
      if (isTooLarge(cause)) return tooLarge(response, maxResponseBytes, cause);
      const reason = cause instanceof UnsafeCodingError ? `: ${cause.message}` : "";
      const error = new TypeError(`cannot decompress the response (${coding})${reason}`, { cause });
      return failure(response, "unreadable", error);
    }
  }
  return { response: { ...response, body, isJoined: false } };
}

function codingsOf(headers: HttpResponse["headers"]): string[] {
  const header = headers["content-encoding"];
  if (header === undefined) return [];
  const codings = String(header)
    .split(",")
    .map((each) => each.trim().toLowerCase());
  return codings.filter((coding) => coding !== "" && coding !== "identity");
}

function tooLarge(response: HttpResponse, maxResponseBytes: number, cause: unknown): HttpResult {
  const error = new RangeError(`the response is longer than ${maxResponseBytes} bytes`, { cause });
  return failure(response, "too_large", error);
}

function failure({ status, headers }: HttpResponse, kind: HttpFailure["kind"], cause: Error): HttpResult {
  return { failure: { kind, sent: true, status, headers, cause } };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}
