import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Code, type GenericResponse, JobsClient, JobsError, RpcError } from "../../src/index.ts";
import { type FuzzedAnswer, fuzzedAnswer } from "./fuzzed-answer.ts";
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
const PATIENCE_MS = 20_000;
const IN_FLIGHT = 32;

/** Sends fuzzed answers to a client, over sockets on loopback, and compares what comes out. */
export async function fuzzAnswers(seed: number, count: number): Promise<FuzzCounts> {
  const counts: FuzzCounts = { answers: 0, values: 0, refusals: 0, errors: 0, faults: [] };
  const server = createServer((request, response) => {
    const { status, headers, body, cutAt } = fuzzedAnswer(seed, Number(request.url?.split("/")[2]));
    request.resume();
    response.writeHead(status, { ...headers, ...(status !== 204 && { "content-length": body.length }) });
    if (cutAt === undefined) response.end(body);
    else response.write(body.subarray(0, cutAt), () => request.socket.destroy());
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
      const fault = await tryAnswer(client, seed, i, counts);
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
    if (isSuccess(answer.status) && answer.cutAt === undefined) {
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
  { status, cutAt, meant, body }: FuzzedAnswer,
  expected: ReturnType<typeof expectedResponse>,
): string | undefined {
  const got = plain(value);
  if (!isSuccess(status)) return `status ${status} came out as a value`;
  if (cutAt !== undefined && cutAt < body.length) return "a cut answer came out as a value";
  if (meant !== undefined && !isDeepStrictEqual(got, plain(meant)))
    return "what came out is not what was meant";
  if (expected === "must be an error") return "bytes that are no GenericResponse came out as a value";
  return isDeepStrictEqual(got, expected.response) ? undefined : "what came out is not what the bytes say";
}

/** What the reference reader makes of an answer with status 2xx. */
function expectedResponse({
  headers,
  body,
}: FuzzedAnswer): "must be an error" | { readonly response: PlainResponse; readonly mustComeOut: boolean } {
  const bytes = decompressed(body, headers["content-encoding"]);
  if (bytes === undefined) return "must be an error";
  const label = headers["content-type"] ?? "";
  const isJson = /^application\/(json|problem\+json)/.test(label);
  const isBinary = /^application\/(x-protobuf|octet-stream|protobuf)/.test(label);
  if (bytes.length === 0 && !isJson) return { response: nothing, mustComeOut: false };
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
