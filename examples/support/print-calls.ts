import type { GenericResponse } from "bytenite-jobs";
import type { JobsServer, RecordedRequest } from "bytenite-jobs/testing";

const mediaTypes = { protobuf: "application/x-protobuf", json: "application/json" } as const;

type Encoding = keyof typeof mediaTypes;

/** Prints the calls of the quickstart with the server's records. @returns problems that it found */
export function printCalls(
  responses: Readonly<Record<Encoding, readonly GenericResponse[]>>,
  { requests, executions }: JobsServer,
): string[] {
  const problems: string[] = [];
  const calls = responses.protobuf.length;
  const seen = { protobuf: requests.slice(0, calls), json: requests.slice(calls) };
  if (requests.length !== 2 * calls) problems.push(`${requests.length} requests instead of ${2 * calls}`);
  if (executions.length !== 2 * calls)
    problems.push(`${executions.length} executions instead of ${2 * calls}`);

  for (const encoding of ["protobuf", "json"] as const) {
    console.log(encoding === "protobuf" ? "In binary" : "The same in JSON");
    responses[encoding].forEach((response, i) => {
      const request = seen[encoding][i];
      const inJson = encoding === "protobuf" ? seen.json[i] : undefined;
      if (request === undefined) return;
      printCall(request, inJson, response);
      problems.push(...problemsOf(request, encoding, response));
    });
  }
  printTotals(seen);
  return problems;
}

function printCall(
  request: RecordedRequest,
  inJson: RecordedRequest | undefined,
  response: GenericResponse,
): void {
  const { ok, requestId, message } = response;
  console.log(`
  ${request.rpc?.split("/")[1]}: ${request.method} ${request.path} -> ${request.status}
    request    ${size(request.requestBytes, inJson?.requestBytes)}  ${contentType(request.headers)}
    response   ${size(request.responseBytes, inJson?.responseBytes)}  ${contentType(request.responseHeaders)}
    message    ok: ${ok}, requestId: "${requestId}", message: "${message}"`);
}

function printTotals(seen: Readonly<Record<Encoding, readonly RecordedRequest[]>>): void {
  const total = (encoding: Encoding) =>
    seen[encoding].reduce(
      (sum, { requestBytes, responseBytes }) => sum + requestBytes.length + responseBytes.length,
      0,
    );
  console.log(
    `\nBodies of all three calls: ${total("protobuf")} bytes in binary, ${total("json")} bytes in JSON`,
  );
}

function size(bytes: Uint8Array, inJson: Uint8Array | undefined): string {
  const json = inJson === undefined ? "" : ` (JSON: ${inJson.length})`;
  return `${bytes.length} bytes${json}`.padEnd(22);
}

function contentType(headers: RecordedRequest["headers"]): string {
  return String(headers["content-type"] ?? "no body");
}

function problemsOf(request: RecordedRequest, encoding: Encoding, response: GenericResponse): string[] {
  const call = `${request.method} ${request.path}`;
  const expected = mediaTypes[encoding];
  const problems: string[] = [];
  if (request.status !== 200) problems.push(`${call} has the status ${request.status}`);
  if (!response.ok) problems.push(`${call} is not ok`);
  if (request.headers.accept !== expected) problems.push(`${call} accepts ${request.headers.accept}`);
  if (request.responseHeaders["content-type"] !== expected) {
    problems.push(`${call} has a response in ${request.responseHeaders["content-type"]}`);
  }
  if (request.requestBytes.length > 0 && request.headers["content-type"] !== expected) {
    problems.push(`${call} was sent in ${request.headers["content-type"]}`);
  }
  return problems;
}
