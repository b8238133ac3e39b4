import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Code, type GenericResponse, JobsClient, JobsError, RpcError } from "../../src/index.ts";
import { type FuzzedAnswer, fuzzedAnswer } from "./fuzzed-response.ts";
import { type PlainResponse, readBinaryResponse, readJsonResponse } from "./reference-reader.ts";

/** What became of the answers of a run. */
export interface FuzzCounts {
  answers: number;
  /** Came back as a value, as they were meant or as their bytes say. */
  values: number;
  /** Came back as a GenericResponse that says no. */
  refusals: number;
  /** Ended in an RpcError. */
  errors: number;
  /** What must not be: a line for each. */
  readonly faults: string[];
}

/** How long one call may take before it counts as hanging, in milliseconds. */
const PATIENCE_MS = 120_000;
const IN_FLIGHT = 32;

/** Sends fuzzed answers to a client, over sockets on loopback, and compares what comes out. */
export async function fuzzAnswers(seed: number, count: number): Promise<FuzzCounts> {
  const counts: FuzzCounts = { answers: 0, values: 0, refusals: 0, errors: 0, faults: [] };
  const asked = new Set<number>();
  const server = createServer((request, response) => {
    const i = Number(request.url?.split("/")[2]);
    const answer = fuzzedAnswer(seed, i);
    asked.add(i);
    const { status, headers, body, endsBy, cutAt, isReset } = answer;
    request.resume();
    if (endsBy === "connection") {
      response.useChunkedEncodingByDefault = false;
      // What is said of the connection does not matter, and mostly nothing is.
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
    timeoutMs: PATIENCE_MS,
  });
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) {
      const fault = await tryAnswer(client, seed, i, counts, asked);
      if (fault !== undefined) counts.faults.push(`seed ${seed}, answer ${i}: ${fault}`);
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

async function tryAnswer(
  client: JobsClient,
  seed: number,
  i: number,
  counts: FuzzCounts,
  asked: ReadonlySet<number>,
): Promise<string | undefined> {
  counts.answers++;
  const answer = fuzzedAnswer(seed, i);
  const expected = expectedResponse(answer);
  try {
    const value = await client.abort(String(i));
    counts.values++;
    return complaintAbout(value, answer, expected);
  } catch (error) {
    if (!(error instanceof RpcError)) return `an untyped error: ${error}`;
    if (error.code === Code.DeadlineExceeded && error.status === undefined) return "it hung";
    if (error instanceof JobsError && isSuccess(answer.status)) {
      counts.refusals++;
      return complaintAbout(error.response, answer, expected);
    }
    counts.errors++;
    // The answer before it was whole, and then its connection was reset: nothing was asked for this one.
    if (error.outcome === "not_sent") return asked.has(i) ? "what was sent is called not sent" : undefined;
    if (isSuccess(answer.status) && (answer.cutAt === undefined || answer.endsBy === "connection")) {
      if (error.outcome !== "unknown") return `an unreadable answer is called ${error.outcome}`;
      if (answer.meant !== undefined) return `what was meant did not come out: ${error}`;
      if (expected === "must be an error") return undefined;
      return expected.mustComeOut ? `a valid GenericResponse did not come out: ${error}` : undefined;
    }
    return undefined;
  }
}

function complaintAbout(
  value: GenericResponse,
  { status, endsBy, cutAt, meant, body }: FuzzedAnswer,
  expected: ReturnType<typeof expectedResponse>,
): string | undefined {
  const got = plain(value);
  if (!isSuccess(status)) return `status ${status} came out as a value`;
  if (cutAt !== undefined && cutAt < body.length && endsBy !== "connection")
    return "a cut answer came out as a value";
  if (meant !== undefined && !isDeepStrictEqual(got, plain(meant)))
    return "what came out is not what was meant";
  if (expected === "must be an error") return "bytes that are no GenericResponse came out as a value";
  return isDeepStrictEqual(got, expected.response) ? undefined : "what came out is not what the bytes say";
}

/** What the reference reader makes of an answer with status 2xx. */
function expectedResponse({
  status,
  headers,
  body,
  endsBy,
  cutAt,
}: FuzzedAnswer): "must be an error" | { readonly response: PlainResponse; readonly mustComeOut: boolean } {
  if (status === 204) return { response: nothing, mustComeOut: true };
  const isCloseDelimited = endsBy === "connection";
  const arrived = isCloseDelimited ? body.subarray(0, cutAt) : body;
  const bytes = decompressed(arrived, headers["content-encoding"]);
  if (bytes === undefined) return "must be an error";
  const label = headers["content-type"] ?? "";
  const isJson = /^application\/(json|problem\+json)/.test(label);
  const isBinary = /^application\/(x-protobuf|x-protobuffer|proto|octet-stream|protobuf)(;|$)/i.test(label);
  if (isCloseDelimited && !isJson) return "must be an error";
  if (bytes.length === 0 && !isJson && label !== "text/html")
    return { response: nothing, mustComeOut: false };
  if (!isJson && !isBinary) return "must be an error";
  const response = isBinary ? readBinaryResponse(bytes) : readJsonResponse(bytes);
  if (response === undefined) return "must be an error";
  // protobuf's JSON mapping refuses what JSON.parse lets pass, such as a key that stands there twice.
  return { response, mustComeOut: isBinary };
}

const nothing: PlainResponse = { ok: false, requestId: "", message: "", error: undefined };

function decompressed(body: Uint8Array, coding: string | undefined): Uint8Array | undefined {
  if (body.length === 0 || coding === undefined || coding === "identity") return body;
  try {
    if (coding === "gzip") return gunzipSync(body);
    // A single byte 0x3b is the Brotli of nothing, so mere noise can be a good stream.
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
