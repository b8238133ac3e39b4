import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Code, type GenericResponse, JobsClient, JobsError, RpcError } from "../../src/index.ts";
import { type FuzzedResponse, fuzzedResponse } from "./fuzzed-response.ts";
import { type PlainResponse, readBinaryResponse, readJsonResponse } from "./reference-reader.ts";

/** The results of a run. */
export interface FuzzCounts {
  responses: number;
  /** Calls that resolved with the right message. */
  values: number;
  /** Calls that rejected with a JobsError. */
  jobsErrors: number;
  /** Calls that rejected with another RpcError. */
  errors: number;
  /** One line for each wrong result. */
  readonly faults: string[];
}

/** A call that takes longer counts as hanging, in milliseconds. */
const HANG_TIMEOUT_MS = 120_000;
const IN_FLIGHT = 32;

/** Sends fuzzed responses to a client over loopback sockets, and compares the results with the reference reader. */
export async function fuzzResponses(seed: number, count: number): Promise<FuzzCounts> {
  const counts: FuzzCounts = { responses: 0, values: 0, jobsErrors: 0, errors: 0, faults: [] };
  const received = new Set<number>();
  const server = createServer((request, response) => {
    const i = Number(request.url?.split("/")[2]);
    const fuzzed = fuzzedResponse(seed, i);
    received.add(i);
    const { status, headers, body, endsBy, cutAt, isReset } = fuzzed;
    request.resume();
    if (endsBy === "connection") {
      response.useChunkedEncodingByDefault = false;
      // Mostly without a connection header, which does not matter here.
      response.removeHeader("connection");
    }
    const length = endsBy === "length" && status !== 204 ? { "content-length": body.length } : {};
    response.writeHead(status, { ...headers, ...length });
    response.flushHeaders();
    if (cutAt === undefined) {
      response.end(body, () => endsBy === "connection" && request.socket.end());
      return;
    }
    response.write(body.subarray(0, cutAt), () => {
      if (isReset) request.socket.resetAndDestroy();
      else request.socket.destroy();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const client = new JobsClient({
    baseUrl: `http://127.0.0.1:${port}`,
    accessToken: "t",
    retry: false,
    jsonFallback: false,
    timeoutMs: HANG_TIMEOUT_MS,
  });
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) {
      const fault = await tryResponse(client, seed, i, counts, received);
      if (fault !== undefined) counts.faults.push(`seed ${seed}, response ${i}: ${fault}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  } finally {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
  return counts;
}

async function tryResponse(
  client: JobsClient,
  seed: number,
  i: number,
  counts: FuzzCounts,
  received: ReadonlySet<number>,
): Promise<string | undefined> {
  counts.responses++;
  const fuzzed = fuzzedResponse(seed, i);
  const expected = expectedResult(fuzzed);
  try {
    const value = await client.abort(String(i));
    counts.values++;
    return problemOf(value, fuzzed, expected);
  } catch (error) {
    if (!(error instanceof RpcError)) return `an untyped error: ${error}`;
    if (error.code === Code.DeadlineExceeded && error.status === undefined) return "it hung";
    if (error instanceof JobsError && isSuccess(fuzzed.status)) {
      counts.jobsErrors++;
      return problemOf(error.response, fuzzed, expected);
    }
    counts.errors++;
    // The connection may have been reset after the response before: then the request was not sent.
    if (error.outcome === "not_sent")
      return received.has(i) ? "not_sent, but the server received it" : undefined;
    if (isSuccess(fuzzed.status) && (fuzzed.cutAt === undefined || fuzzed.endsBy === "connection")) {
      if (error.outcome !== "unknown") return `an undecodable response has the outcome ${error.outcome}`;
      if (fuzzed.intended !== undefined) return `an intact response failed: ${error}`;
      if (expected === "must be an error") return undefined;
      return expected.mustSucceed ? `a valid GenericResponse failed: ${error}` : undefined;
    }
    return undefined;
  }
}

function problemOf(
  value: GenericResponse,
  { status, endsBy, cutAt, intended, body }: FuzzedResponse,
  expected: ReturnType<typeof expectedResult>,
): string | undefined {
  const got = plain(value);
  if (!isSuccess(status)) return `status ${status} succeeded`;
  if (cutAt !== undefined && cutAt < body.length && endsBy !== "connection")
    return "a truncated response succeeded";
  if (intended !== undefined && !isDeepStrictEqual(got, plain(intended)))
    return "the result is not the intended message";
  if (expected === "must be an error") return "bytes that are no GenericResponse succeeded";
  return isDeepStrictEqual(got, expected.response)
    ? undefined
    : "the result differs from the reference reader's";
}

/** The expected result of a response with status 2xx, from the reference reader. */
function expectedResult({
  status,
  headers,
  body,
  endsBy,
  cutAt,
}: FuzzedResponse): "must be an error" | { readonly response: PlainResponse; readonly mustSucceed: boolean } {
  if (status === 204) return { response: nothing, mustSucceed: true };
  const isCloseDelimited = endsBy === "connection";
  const arrived = isCloseDelimited ? body.subarray(0, cutAt) : body;
  const bytes = decompressed(arrived, headers["content-encoding"]);
  if (bytes === undefined) return "must be an error";
  const label = headers["content-type"] ?? "";
  const isOctetStream =
    label === "application/octet-stream" && /^[[{]/.test(String.fromCharCode(bytes[0] ?? 0));
  const isLabelled =
    /^application\/(x-protobuf|x-protobuffer|proto|octet-stream|protobuf)(;|$)/i.test(label) &&
    !isOctetStream;
  const isInferred = !isLabelled && label !== "text/html" && isUnmistakableJson(bytes);
  const isJson = /^application\/(json|problem\+json)/.test(label) || isInferred;
  const isBinary = isLabelled || (isOctetStream && !isInferred);
  if (isCloseDelimited && !isJson) return "must be an error";
  if (bytes.length === 0 && !isJson && label !== "text/html")
    return { response: nothing, mustSucceed: false };
  if (!isJson && !isBinary) return "must be an error";
  const response = isBinary ? readBinaryResponse(bytes) : readJsonResponse(bytes);
  if (response === undefined) return "must be an error";
  // protobuf's JSON mapping rejects JSON that JSON.parse accepts, such as repeated keys.
  return { response, mustSucceed: isBinary };
}

/** Whether bytes without a label are a GenericResponse in JSON: an empty object, or one with a field that it has. */
function isUnmistakableJson(bytes: Uint8Array): boolean {
  if (readJsonResponse(bytes) === undefined) return false;
  const keys = Object.keys(JSON.parse(Buffer.from(bytes).toString()));
  const fields = ["ok", "requestId", "request_id", "message", "error"];
  return keys.length === 0 || keys.some((key) => fields.includes(key));
}

const nothing: PlainResponse = { ok: false, requestId: "", message: "", error: undefined };

function decompressed(body: Uint8Array, coding: string | undefined): Uint8Array | undefined {
  if (body.length === 0 || coding === undefined || coding === "identity") return body;
  try {
    if (coding === "gzip") return gunzipSync(body);
    // The byte 0x3b is a valid empty Brotli stream, so random bytes may be valid.
    return coding === "br" ? brotliDecompressSync(body) : undefined;
  } catch {
    return undefined;
  }
}

function plain({ ok, requestId, message, error }: GenericResponse): PlainResponse {
  return {
    ok,
    requestId,
    message,
    error: error && { code: error.code, message: error.message, description: error.description },
  };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
