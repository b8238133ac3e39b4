import { constants } from "node:buffer";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { asError } from "../../errors/as-error.ts";
import { Code } from "../../errors/code.ts";
import { headerLines } from "../server/raw-headers.ts";
import type { ReceivedRequest } from "../server/received-request.ts";
import { StatusError } from "./status-error.ts";

const gunzipAsync = promisify(gunzip);

/** Whether the body of a request is compressed with gzip. */
export function isGzipped({ headers, body }: ReceivedRequest): boolean {
  const isGzip = (line: string) => /^(?:x-)?gzip$/i.test(line.trim());
  return body !== undefined && body.length > 0 && headerLines(headers, "content-encoding").some(isGzip);
}

/**
 * Decompresses the body of a request, as an HTTP handler in front of a gateway may do.
 *
 * @param maxBytes the limit for the decompressed body; a longer one is undefined, as in {@link ReceivedRequest}
 * @throws StatusError `InvalidArgument` if the body is not gzip
 */
export async function decompressed(request: ReceivedRequest, maxBytes: number): Promise<ReceivedRequest> {
  const maxOutputLength = Math.min(maxBytes, constants.MAX_LENGTH);
  try {
    const body = new Uint8Array(await gunzipAsync(request.body ?? "", { maxOutputLength }));
    return { ...request, body };
  } catch (cause) {
    if (cause instanceof RangeError) return { ...request, body: undefined };
    throw new StatusError(Code.InvalidArgument, `gzip: ${asError(cause).message}`, { cause });
  }
}
