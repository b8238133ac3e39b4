import { promisify } from "node:util";
import * as zlib from "node:zlib";
import type { HttpFailure, HttpResponse, HttpResult } from "./http-exchange.ts";

/** How Node gives back what came out and, as the engine's `bytesWritten`, how many bytes went in. */
interface Decompressed {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

type Options = { readonly maxOutputLength: number; readonly info: true };
type Decompress = (body: Uint8Array, options: Options) => Promise<Decompressed>;

// The declarations of Node's types do not know that `info` changes what comes back.
const promised = (method: unknown) =>
  promisify(method as (...args: unknown[]) => void) as unknown as Decompress;

const gunzip = promised(zlib.gunzip);
const inflate = promised(zlib.inflate);
const inflateRaw = promised(zlib.inflateRaw);
const zstdDecompress = promised(zlib.zstdDecompress);

/** Zeros pad a gzip stream where it has to fill a block, and gzip itself ignores them. */
async function gunzipPadded(body: Uint8Array, options: Options): Promise<Decompressed> {
  const stream = await gunzip(body, options);
  const isPadded = body.subarray(stream.engine.bytesWritten).every((byte) => byte === 0);
  return isPadded ? { buffer: stream.buffer, engine: { bytesWritten: body.length } } : stream;
}

/** Each frame is a trip to another thread, of 0.2 ms, and may say nothing in nine bytes. */
const MOST_ZSTD_FRAMES = 1_000;

/** A zstd stream is one frame or several (RFC 8878, section 3); Node reads the first one. */
async function zstdDecompressFrames(body: Uint8Array, options: Options): Promise<Decompressed> {
  const frames: Uint8Array[] = [];
  let at = 0;
  let left = options.maxOutputLength;
  while (at < body.length && frames.length < MOST_ZSTD_FRAMES) {
    // What a frame has beyond the limit counts there; Node takes no limit of 0.
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
  // Some servers leave the zlib header away that the standard asks for.
  deflate: (body, options) => (((body[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw)(body, options),
  br: promised(zlib.brotliDecompress),
  zstd: zstdDecompressFrames,
};

/** Whether the body of an answer is compressed. Nobody asked for that, but a proxy may do it unasked. */
export function isCompressed({ headers, body }: HttpResponse): boolean {
  return body.length > 0 && codingsOf(headers).length > 0;
}

/** Undoes the compression of an answer's body. The limit holds for what comes out too. */
export async function decompress(response: HttpResponse, maxResponseBytes: number): Promise<HttpResult> {
  let { body } = response;
  for (const coding of codingsOf(response.headers).reverse()) {
    const undo = decompressors[coding];
    if (undo === undefined) {
      const cause = new TypeError(`the answer is compressed in a way that is not known (${coding})`);
      return failure(response, "unreadable", cause);
    }
    try {
      const { buffer, engine } = await undo(body, { maxOutputLength: maxResponseBytes, info: true });
      // Node is content with a stream that ends before its bytes do. Whatever stands behind it is lost.
      if (engine.bytesWritten !== body.length) throw new RangeError("bytes are left over");
      if (buffer.length > maxResponseBytes) return tooLarge(response, maxResponseBytes, undefined);
      body = buffer;
    } catch (cause) {
      if (isTooLarge(cause)) return tooLarge(response, maxResponseBytes, cause);
      return failure(
        response,
        "unreadable",
        new TypeError(`the answer cannot be decompressed (${coding})`, { cause }),
      );
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
  const error = new RangeError(`the answer is longer than ${maxResponseBytes} bytes`, { cause });
  return failure(response, "too_large", error);
}

function failure({ status, headers }: HttpResponse, kind: HttpFailure["kind"], cause: Error): HttpResult {
  return { failure: { kind, sent: true, status, headers, cause } };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}
