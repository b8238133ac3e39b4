import type { IncomingHttpHeaders } from "node:http";
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { httpServer, type Loopback } from "../support/loopback.ts";

/** What a field with a length takes for its content. A field that is not named takes everything. */
export type FieldKind = "text" | "fixed64 list" | { readonly [field: number]: FieldKind };

/** How a gateway that is made by hand behaves. By default as a stock one, whose jobs do not exist. */
export interface FakeGateway {
  /** The fields of the run request. */
  readonly fields?: { readonly [field: number]: FieldKind };
  /** Answers before anything is read, unless it gives undefined. */
  readonly before?: (request: FakeRequest) => FakeResponse | undefined;
  /** What is said of a request that could be read. @default 404 */
  readonly response?: (request: FakeRequest) => FakeResponse;
  /** What bodies in either encoding are made of. @default google.rpc.Status */
  readonly write?: (response: FakeResponse, isBinary: boolean) => Uint8Array | string;
}

export interface FakeRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly isBinary: boolean;
  /** How many requests came before it. */
  readonly index: number;
}

export interface FakeResponse {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

export interface RunningFake extends Loopback {
  readonly baseUrl: string;
  readonly seen: readonly FakeRequest[];
}

export const noSuchJob: FakeResponse = { status: 404, code: 5, message: "there is no such job" };
export const malformed: FakeResponse = { status: 400, code: 3, message: "malformed" };

const binaryType = "application/x-protobuf";

export async function fakeGateway(options: FakeGateway = {}): Promise<RunningFake> {
  const { fields = { 1: "text", 2: {} }, before, response = () => noSuchJob, write = writeStatus } = options;
  const seen: FakeRequest[] = [];
  const loopback = await httpServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const { url = "", headers } = req;
    const isBinary = headers["content-type"] === binaryType;
    const request = { path: url, headers, body: Buffer.concat(chunks), isBinary, index: seen.length };
    seen.push(request);
    const answersBinary = headers.accept === binaryType || (isBinary && headers.accept !== "*");
    const said = before?.(request) ?? (isReadable(request, fields) ? response(request) : malformed);
    res.writeHead(said.status, {
      "content-type": answersBinary ? "application/octet-stream" : "application/json",
    });
    res.end(write(said, answersBinary));
  });
  return { ...loopback, seen, baseUrl: `${loopback.origin}/v1/customer` };
}

function writeStatus({ code, message }: FakeResponse, isBinary: boolean): Uint8Array | string {
  return isBinary
    ? toBinary(StatusSchema, create(StatusSchema, { code, message }))
    : JSON.stringify({ code, message, details: [] });
}

function isReadable({ path, headers, body, isBinary }: FakeRequest, fields: FieldKind): boolean {
  if (headers["grpc-timeout"] === "1x") return false;
  if (!path.endsWith("/run")) return true;
  try {
    if (isBinary) readContent(fields, body);
    else JSON.parse(body.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

/** Throws, unless the bytes can be the content. */
function readContent(kind: FieldKind | undefined, bytes: Uint8Array): void {
  if (kind === undefined) return;
  if (kind === "text") {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } else if (kind === "fixed64 list") {
    if (bytes.length % 8 !== 0) throw new RangeError("no whole number of numbers");
  } else {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (wireType === WireType.LengthDelimited) readContent(kind[field], reader.bytes());
      else reader.skip(wireType, field);
    }
  }
}
