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

class UnsafeCodingError extends Error {
  constructor() {
    super("this runtime does not detect truncated streams of this coding");
  }
}

/**
 * Decompresses with `method`, unless this runtime returns the beginning of a truncated stream as if it were the whole. Bun (1.4)
 * does so for zstd, and Deno (2.9) for zstd and Brotli. The beginning of a message may be a message too.
 *
 * @param truncated a truncated stream
 */
function unlessTruncationIsMissed(method: Decompress, truncated: Uint8Array): Decompress {
  let missed: Promise<boolean> | undefined;
  return async (body, options) => {
    missed ??= method(truncated, options).then(
      () => true,
      () => false,
    );
    if (await missed) throw new UnsafeCodingError();
    return method(body, options);
  };
}

/** Decompresses gzip followed by zeros. They pad a stream to the size of a block, and gzip itself ignores them. */
async function gunzipPadded(body: Uint8Array, options: Options): Promise<Decompressed> {
  const stream = await gunzip(body, options);
  const isPadded = body.subarray(stream.engine.bytesWritten).every((byte) => byte === 0);
  return isPadded ? { buffer: stream.buffer, engine: { bytesWritten: body.length } } : stream;
}

const ZSTD_MAGIC = /* @__PURE__ */ Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
const zstdDecompress = unlessTruncationIsMissed(promisified(zlib.zstdDecompress), ZSTD_MAGIC);
const brotliDecompress = unlessTruncationIsMissed(promisified(zlib.brotliDecompress), Uint8Array.of(0x1b));

/** Each frame costs 0.2 ms in another thread, and a frame of nine bytes may be empty. */
const MAX_ZSTD_FRAMES = 1_000;

/** Decompresses all frames of a zstd stream (RFC 8878, section 3). Node.js decompresses only the first one. */
async function zstdDecompressFrames(body: Uint8Array, options: Options): Promise<Decompressed> {
  const frames: Uint8Array[] = [];
  let at = 0;
  let left = options.maxOutputLength;
  while (at < body.length && frames.length < MAX_ZSTD_FRAMES) {
    // Node.js does not accept a limit of 0. The caller rejects a byte that is too many.
    const limit = { ...options, maxOutputLength: Math.max(left, 1) };
    const { buffer, engine } = await zstdDecompress(body.subarray(at), limit);
    frames.push(buffer);
    at += engine.bytesWritten;
    left -= buffer.length;
  }
  return { buffer: Buffer.concat(frames), engine: { bytesWritten: at } };
}

/** The codings of RFC 9110, section 8.4.1, RFC 7932 and RFC 8878. */
const decompressors: Readonly<Record<string, Decompress>> = {
  gzip: gunzipPadded,
  "x-gzip": gunzipPadded,
  // Some servers omit the zlib header that the standard requires.
  deflate: (body, options) => (((body[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw)(body, options),
  br: brotliDecompress,
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
  return { response: { ...response, body } };
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
