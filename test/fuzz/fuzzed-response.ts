import { gzipSync } from "node:zlib";
import { create, type DescMessage, type MessageShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type GenericResponse, GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Random } from "./random.ts";

/** A response to send, and the message that it was made from. */
export interface FuzzedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** What marks the end of the body: its length, a last chunk, or only the end of the connection. */
  readonly endsBy: "length" | "chunk" | "connection";
  /** How many bytes of the body are sent before the connection closes; undefined if all are. */
  readonly cutAt: number | undefined;
  /** Whether a connection that ends too early is reset. */
  readonly isReset: boolean;
  /** The GenericResponse in the body, if the body is intact and its content type is right. */
  readonly intended: GenericResponse | undefined;
}

/** About half are 2xx. */
const statuses = [...Array<number>(18).fill(200), 201, 202, 204, 299, ...errorStatuses()];
const binaryLabels = [
  "application/x-protobuf",
  "application/octet-stream",
  "application/protobuf; a=b",
  "application/x-protobuffer",
  "Application/Proto",
];
const jsonLabels = ["application/json", "application/json; charset=utf-8", "application/problem+json"];
const connections = ["close", "keep-alive", "Close, X-Foo"];
const wrongLabels = ["text/html", "text/plain", "", "application", "multipart/form-data"];

function errorStatuses(): number[] {
  return [
    302, 304, 400, 400, 401, 403, 404, 404, 406, 409, 415, 418, 429, 499, 500, 500, 501, 502, 503, 503, 504,
    599,
  ];
}

/** Returns response number `i` of the run with this seed, always the same one. */
export function fuzzedResponse(seed: number, i: number): FuzzedResponse {
  const random = new Random(Math.imul(seed, 0x9e3779b1) + i);
  // The first numbers of neighbouring seeds are similar.
  random.below(1);
  const status = random.pick(statuses);
  const inJson = random.chance(0.4);
  const message = random.chance(0.6) ? genericResponse(random) : undefined;
  const whole = message ? written(GenericResponseSchema, message, inJson) : otherBytes(random, inJson);
  const isMutated = random.chance(0.5);
  const body = isMutated ? mutated(random, whole) : whole;
  const isMislabelled = random.chance(0.15);
  const label = isMislabelled
    ? random.pick([...wrongLabels, ...(inJson ? binaryLabels : jsonLabels)])
    : random.pick(inJson ? jsonLabels : binaryLabels);
  const coding = random.chance(0.1) ? random.pick(["gzip", "gzip", "br", "identity", "nonsense"]) : undefined;
  const isGzipped = coding === "gzip" && random.chance(0.8);
  const isPadded = isGzipped && random.chance(0.3);
  const sent = isGzipped
    ? Buffer.concat([gzipSync(body), Buffer.alloc(isPadded ? random.below(600) : 0)])
    : body;
  const isRight =
    !isMutated && !isMislabelled && (coding === undefined || isGzipped || coding === "identity");
  const endsBy = random.chance(0.2) ? random.pick(["chunk", "connection"] as const) : "length";
  const cutAt =
    status !== 204 && random.chance(endsBy === "connection" ? 0.5 : 0.05)
      ? random.below(sent.length + 1)
      : undefined;
  // JSON marks its own end; binary does not.
  const isComplete = endsBy !== "connection" || (inJson && cutAt === undefined);
  return {
    status,
    headers: {
      "content-type": label,
      ...(endsBy === "connection" && random.chance(0.3) && { connection: random.pick(connections) }),
      ...(coding !== undefined && { "content-encoding": coding }),
    },
    body: status === 204 ? new Uint8Array() : sent,
    endsBy,
    cutAt,
    isReset: random.chance(0.5),
    intended: isRight && isComplete && status !== 204 && !(inJson && sent.length === 0) ? message : undefined,
  };
}

function genericResponse(random: Random): GenericResponse {
  return create(GenericResponseSchema, {
    ok: random.chance(0.7),
    requestId: random.chance(0.7) ? random.text(12) : "",
    message: random.chance(0.5) ? random.text(40) : "",
    ...(random.chance(0.3) && {
      error: { code: BigInt(random.below(700) - 20) * random.pick([1n, 2n ** 50n]), message: random.text(9) },
    }),
  });
}

function otherBytes(random: Random, inJson: boolean): Uint8Array {
  switch (random.below(inJson ? 5 : 6)) {
    case 0:
      return written(
        StatusSchema,
        create(StatusSchema, { code: random.below(18), message: random.text(30) }),
        inJson,
      );
    case 1: {
      const config = { taskTimeout: BigInt(random.below(9_999)), isTestJob: random.chance(0.5) };
      return written(
        RunJobRequestSchema,
        create(RunJobRequestSchema, { jobId: random.text(9), config }),
        inJson,
      );
    }
    case 2:
      return random.bytes(random.below(80));
    case 3:
      return Buffer.from(`<!doctype html><title>${random.text(9)}</title>${random.text(200)}`);
    case 4:
      return inJson ? deepJson(random) : Buffer.from(random.text(50));
    default:
      return deepBinary(random);
  }
}

function written<Desc extends DescMessage>(
  desc: Desc,
  message: MessageShape<Desc>,
  inJson: boolean,
): Uint8Array {
  return inJson ? Buffer.from(toJsonString(desc, message)) : toBinary(desc, message);
}

/** Nested messages or groups in field 4, GenericResponse.error, or in an unknown field. */
function deepBinary(random: Random): Uint8Array {
  const start = random.pick([0x22, 0x23, 0x7a, 0x7b]);
  const levels = random.below(60);
  let bytes: Uint8Array = random.bytes(2);
  for (let i = 0; i < levels && bytes.length < 126; i++) bytes = Uint8Array.of(start, bytes.length, ...bytes);
  return bytes;
}

function deepJson(random: Random): Uint8Array {
  const levels = random.pick([3, 100, 101, 20_000]);
  const [open, close] = random.pick([
    ["[", "]"],
    ['{"error":', "}"],
    ['{"x":', "}"],
  ] as const);
  return Buffer.from(open.repeat(levels) + (random.chance(0.5) ? "1" : "{}") + close.repeat(levels));
}

function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  let out = Buffer.from(bytes);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(out.length + 1);
    switch (random.below(6)) {
      case 0:
        if (at < out.length) out[at] = (out[at] as number) ^ (1 << random.below(8));
        break;
      case 1:
        if (at < out.length) out[at] = random.below(256);
        break;
      case 2:
        out = out.subarray(0, at);
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), random.bytes(1 + random.below(4)), out.subarray(at)]);
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + 1 + random.below(4))]);
        break;
      default:
        out = Buffer.concat([out, out.subarray(random.below(out.length + 1), at)]);
    }
  }
  return out;
}
