import type { IncomingHttpHeaders } from "node:http";
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { httpServer, type Loopback } from "../support/loopback.ts";

/** The content that a length-delimited field accepts. An unknown field accepts any content. */
export type FieldKind = "string" | "fixed64 list" | { readonly [field: number]: FieldKind };

/** The behaviour of a fake gateway. By default it is a stock one whose jobs do not exist. */
export interface FakeGateway {
  /** The fields of the run request. */
  readonly fields?: { readonly [field: number]: FieldKind };
  /** Responds before the request is read, unless it returns undefined. */
  readonly before?: (request: FakeRequest) => FakeResponse | undefined;
  /** Responds to a readable request. @default 404 */
  readonly respond?: (request: FakeRequest) => FakeResponse;
  /** Encodes the body of a response. @default as a google.rpc.Status */
  readonly write?: (response: FakeResponse, isBinary: boolean) => Uint8Array | string;
}

export interface FakeRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly isBinary: boolean;
  /** The number of requests before it. */
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
  const { fields = { 1: "string", 2: {} }, before, respond = () => noSuchJob, write = writeStatus } = options;
  const seen: FakeRequest[] = [];
  const loopback = await httpServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const { url = "", headers } = req;
    const isBinary = headers["content-type"] === binaryType;
    const request = { path: url, headers, body: Buffer.concat(chunks), isBinary, index: seen.length };
    seen.push(request);
    const isBinaryResponse = headers.accept === binaryType || (isBinary && headers.accept !== "*");
    const response = before?.(request) ?? (isReadable(request, fields) ? respond(request) : malformed);
    res.writeHead(response.status, {
      "content-type": isBinaryResponse ? "application/octet-stream" : "application/json",
    });
    res.end(write(response, isBinaryResponse));
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

/** @throws if the bytes are not valid content */
function readContent(kind: FieldKind | undefined, bytes: Uint8Array): void {
  if (kind === undefined) return;
  if (kind === "string") {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } else if (kind === "fixed64 list") {
    if (bytes.length % 8 !== 0) throw new RangeError("the length is not a multiple of 8");
  } else {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (wireType === WireType.LengthDelimited) readContent(kind[field], reader.bytes());
      else reader.skip(wireType, field);
    }
  }
}
