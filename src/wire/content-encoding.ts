import { promisify } from "node:util";
import * as zlib from "node:zlib";
import type { WireFailure, WireResponse, WireResult } from "./wire.ts";

type Decompress = (body: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>;

const inflate: Decompress = promisify(zlib.inflate);
const inflateRaw: Decompress = promisify(zlib.inflateRaw);

/** The codings of RFC 9110, section 8.4.1, RFC 7932 and RFC 8878. */
const decompressors: Readonly<Record<string, Decompress>> = {
  gzip: promisify(zlib.gunzip),
  "x-gzip": promisify(zlib.gunzip),
  // Some servers leave the zlib header away that the standard asks for.
  deflate: (body, options) => (((body[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw)(body, options),
  br: promisify(zlib.brotliDecompress),
  zstd: promisify(zlib.zstdDecompress),
};

/** Whether the body of an answer is compressed. Nobody asked for that, but a proxy may do it unasked. */
export function isCompressed({ headers, body }: WireResponse): boolean {
  return body.length > 0 && codingsOf(headers).length > 0;
}

/** Undoes the compression of an answer's body. The limit holds for what comes out too. */
export async function decompress(response: WireResponse, maxResponseBytes: number): Promise<WireResult> {
  let { body } = response;
  for (const coding of codingsOf(response.headers).reverse()) {
    const undo = decompressors[coding];
    if (undo === undefined) {
      const cause = new TypeError(`the answer is compressed in a way that is not known (${coding})`);
      return failure(response, "unreadable", cause);
    }
    try {
      body = await undo(body, { maxOutputLength: maxResponseBytes });
    } catch (cause) {
      if (isTooLarge(cause)) {
        const error = new RangeError(`the answer is longer than ${maxResponseBytes} bytes`, { cause });
        return failure(response, "too_large", error);
      }
      return failure(
        response,
        "unreadable",
        new TypeError(`the answer cannot be decompressed (${coding})`, { cause }),
      );
    }
  }
  return { response: { ...response, body } };
}

function codingsOf(headers: WireResponse["headers"]): string[] {
  const header = headers["content-encoding"];
  if (header === undefined) return [];
  const codings = String(header)
    .split(",")
    .map((each) => each.trim().toLowerCase());
  return codings.filter((coding) => coding !== "" && coding !== "identity");
}

function failure({ status, headers }: WireResponse, kind: WireFailure["kind"], cause: Error): WireResult {
  return { failure: { kind, sent: true, status, headers, cause } };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}
