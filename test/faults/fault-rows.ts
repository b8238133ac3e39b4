import { create } from "@bufbuild/protobuf";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import type { codeName, JobsClientOptions, Outcome } from "../../src/index.ts";
import type { Fault, RefusalFault } from "../../src/testing/index.ts";

/** The result of a call: its code and outcome, the number of attempts, and the number of executions on the server. */
export type CallResult =
  | readonly [
      code: Exclude<ReturnType<typeof codeName>, "OK">,
      outcome: Outcome,
      attempts: number,
      executions: number,
    ]
  | readonly [code: "OK", attempts: number, executions: number];

/** The fault of the first request of a call, and the result of the call. */
export interface FaultRow {
  readonly name: string;
  readonly fault: Fault | RefusalFault;
  readonly run: CallResult;
  /** The result of abort and delete, which are idempotent. A second execution does not find the job. */
  readonly others: CallResult;
  readonly options?: Partial<JobsClientOptions>;
  /** @default all */
  readonly encodings?: readonly ("protobuf" | "json")[];
  /** @default all */
  readonly versions?: readonly ("HTTP/1.1" | "HTTP/2")[];
  /** Whether undici sends one request more than the attempts of the client, if the call succeeds. */
  readonly replayed?: boolean;
}

const soon = { timeoutMs: 80 };
const small = { maxResponseBytes: 1_000 };
const retryInfo = create(RetryInfoSchema, { retryDelay: { nanos: 1_000_000 } });

const lostUndone = { run: ["Unavailable", "unknown", 1, 0], others: ["OK", 2, 1] } as const;
const lostDone = { run: ["Unavailable", "unknown", 1, 1], others: ["NotFound", "unknown", 2, 1] } as const;
const pushedBack = { run: ["OK", 2, 1], others: ["OK", 2, 1] } as const;

function everyCall(...result: CallResult): { readonly run: CallResult; readonly others: CallResult } {
  return { run: result, others: result };
}

export const connectionRows: readonly FaultRow[] = [
  { name: "reset, nothing done", fault: { kind: "reset" }, ...lostUndone },
  { name: "reset, all done", fault: { kind: "reset", execute: true }, ...lostDone },
  { name: "closed, nothing done", fault: { kind: "reset", how: "close" }, ...lostUndone },
  { name: "closed, all done", fault: { kind: "reset", how: "close", execute: true }, ...lostDone },
  {
    name: "reset in the response, nothing done",
    fault: { kind: "reset", where: "in-answer", execute: false },
    ...lostUndone,
  },
  { name: "reset in the response, all done", fault: { kind: "reset", where: "in-answer" }, ...lostDone },
  {
    name: "closed in the response, all done",
    fault: { kind: "reset", where: "in-answer", how: "close" },
    ...lostDone,
  },
  // Truncated JSON is invalid, but two bytes of binary are a whole message, `ok: true`. Over HTTP/2 the stream is truncated.
  ...(["reset", "close"] as const).flatMap((how): FaultRow[] => {
    const cut = (bytes: number) =>
      ({ kind: "reset", where: "in-answer", how, announced: false, bytes }) as const;
    const dataLoss = everyCall("DataLoss", "unknown", 1, 1);
    return [0, 2].flatMap((bytes): FaultRow[] => [
      {
        name: `ended (${how}) after ${bytes} bytes of a response without a length, all done`,
        fault: cut(bytes),
        versions: ["HTTP/1.1"],
        ...dataLoss,
      },
      {
        name: `ended (${how}) after ${bytes} bytes of a response without a length, all done`,
        fault: cut(bytes),
        versions: ["HTTP/2"],
        ...lostDone,
      },
    ]);
  }),
  {
    name: "ended after a whole JSON response without a length",
    fault: { kind: "reset", where: "in-answer", how: "close", announced: false, bytes: 1_000 },
    versions: ["HTTP/1.1"],
    encodings: ["json"],
    ...everyCall("OK", 1, 1),
  },
  {
    name: "silent, nothing done",
    fault: { kind: "hang" },
    options: soon,
    ...everyCall("DeadlineExceeded", "unknown", 1, 0),
  },
  {
    name: "silent, all done",
    fault: { kind: "hang", execute: true },
    options: soon,
    ...everyCall("DeadlineExceeded", "unknown", 1, 1),
  },
  {
    name: "silent in the response",
    fault: { kind: "hang", where: "in-answer" },
    options: soon,
    ...everyCall("DeadlineExceeded", "unknown", 1, 1),
  },
  {
    name: "refused, and retried by undici if that is safe",
    fault: { kind: "reset", how: "refused" },
    versions: ["HTTP/2"],
    // undici would retry run too, which is not safe: see replayed-calls.test.ts.
    run: ["Unavailable", "unknown", 1, 0],
    others: ["OK", 1, 1],
    replayed: true,
  },
  {
    name: "ended by GOAWAY, and retried by undici if that is safe",
    fault: { kind: "reset", how: "goaway" },
    versions: ["HTTP/2"],
    // undici would retry run too, which is not safe: see replayed-calls.test.ts.
    run: ["Unavailable", "unknown", 1, 0],
    others: ["OK", 1, 1],
    replayed: true,
  },
  { name: "slow", fault: { kind: "delay", ms: 20 }, ...everyCall("OK", 1, 1) },
];

export const statusRows: readonly FaultRow[] = [
  {
    name: "503 with Retry-After, nothing done",
    fault: { kind: "status", status: 503, retryAfter: 0 },
    ...lostUndone,
  },
  {
    name: "503 with Retry-After, all done",
    fault: { kind: "status", status: 503, retryAfter: 0, execute: true },
    ...lostDone,
  },
  {
    name: "503 with a date in Retry-After, all done",
    fault: { kind: "status", status: 503, retryAfter: new Date(0), execute: true },
    ...lostDone,
  },
  {
    name: "503 with RetryInfo, all done",
    fault: { kind: "status", status: 503, details: [retryInfo], execute: true },
    ...lostDone,
  },
  {
    name: "503 with Retry-After beyond the deadline",
    fault: { kind: "status", status: 503, retryAfter: 60 },
    ...everyCall("Unavailable", "unknown", 1, 0),
  },
  {
    name: "429 with Retry-After",
    fault: { kind: "status", status: 429, retryAfter: 0 },
    ...pushedBack,
  },
  {
    name: "429 with a date in Retry-After",
    fault: { kind: "status", status: 429, retryAfter: new Date(0) },
    ...pushedBack,
  },
  {
    name: "429 with RetryInfo",
    fault: { kind: "status", status: 429, details: [retryInfo] },
    ...pushedBack,
  },
  {
    name: "429 with Retry-After beyond the deadline",
    fault: { kind: "status", status: 429, retryAfter: 60 },
    ...everyCall("ResourceExhausted", "rejected", 1, 0),
  },
  { name: "503, nothing done", fault: { kind: "status", status: 503 }, ...lostUndone },
  { name: "503, all done", fault: { kind: "status", status: 503, execute: true }, ...lostDone },
  {
    name: "429, nothing done",
    fault: { kind: "status", status: 429 },
    run: ["ResourceExhausted", "unknown", 1, 0],
    others: ["OK", 2, 1],
  },
  {
    name: "429, all done: the response was too large",
    fault: { kind: "status", status: 429, execute: true },
    run: ["ResourceExhausted", "unknown", 1, 1],
    others: ["NotFound", "unknown", 2, 1],
  },
  {
    name: "504, all done",
    fault: { kind: "status", status: 504, execute: true },
    run: ["DeadlineExceeded", "unknown", 1, 1],
    others: ["NotFound", "unknown", 2, 1],
  },
  {
    name: "502 with Retry-After, nothing done",
    fault: { kind: "status", status: 502, retryAfter: 0 },
    ...lostUndone,
  },
  { name: "502 in HTML, nothing done", fault: { kind: "html" }, ...lostUndone },
  { name: "502 in HTML, all done", fault: { kind: "html", execute: true }, ...lostDone },
  { name: "503 in HTML", fault: { kind: "html", status: 503 }, ...lostUndone },
  {
    name: "500, nothing done",
    fault: { kind: "status", status: 500 },
    ...everyCall("Internal", "unknown", 1, 0),
  },
  {
    name: "500, all done",
    fault: { kind: "status", status: 500, execute: true },
    ...everyCall("Internal", "unknown", 1, 1),
  },
  {
    name: "501",
    fault: { kind: "status", status: 501 },
    ...everyCall("Unimplemented", "rejected", 1, 0),
  },
  {
    name: "400",
    fault: { kind: "status", status: 400 },
    ...everyCall("InvalidArgument", "rejected", 1, 0),
  },
  {
    name: "401",
    fault: { kind: "status", status: 401 },
    ...everyCall("Unauthenticated", "rejected", 1, 0),
  },
  {
    name: "403",
    fault: { kind: "status", status: 403 },
    ...everyCall("PermissionDenied", "rejected", 1, 0),
  },
  { name: "404", fault: { kind: "status", status: 404 }, ...everyCall("NotFound", "rejected", 1, 0) },
  {
    name: "409 with Retry-After",
    fault: { kind: "status", status: 409, retryAfter: 0 },
    ...everyCall("Aborted", "rejected", 1, 0),
  },
  {
    name: "a redirect",
    fault: { kind: "status", status: 307, headers: { location: "http://127.0.0.1:9/" } },
    ...everyCall("Unknown", "unknown", 1, 0),
  },
];

export const responseRows: readonly FaultRow[] = [
  { name: "truncated", fault: { kind: "truncate" }, ...everyCall("DataLoss", "unknown", 1, 1) },
  { name: "garbage", fault: { kind: "garbage" }, ...everyCall("DataLoss", "unknown", 1, 1) },
  {
    name: "garbage, nothing done",
    fault: { kind: "garbage", execute: false },
    ...everyCall("DataLoss", "unknown", 1, 0),
  },
  {
    name: "too long, with a content-length",
    fault: { kind: "oversize", bytes: 5_000 },
    options: small,
    ...everyCall("ResourceExhausted", "unknown", 1, 1),
  },
  {
    name: "too long, without a content-length",
    fault: { kind: "oversize", bytes: 200_000, announced: false },
    options: small,
    ...everyCall("ResourceExhausted", "unknown", 1, 1),
  },
  { name: "long, within the limit", fault: { kind: "oversize", bytes: 100_000 }, ...everyCall("OK", 1, 1) },
  {
    name: "HTML by its content type",
    fault: { kind: "content-type", contentType: "text/html" },
    ...everyCall("DataLoss", "unknown", 1, 1),
  },
  {
    name: "binary without a content type",
    fault: { kind: "content-type", contentType: "" },
    encodings: ["protobuf"],
    ...everyCall("DataLoss", "unknown", 1, 1),
  },
  {
    name: "JSON without a content type",
    fault: { kind: "content-type", contentType: "" },
    encodings: ["json"],
    ...everyCall("OK", 1, 1),
  },
  {
    name: "JSON with content type text/plain",
    fault: { kind: "content-type", contentType: "text/plain; charset=utf-8" },
    encodings: ["json"],
    ...everyCall("OK", 1, 1),
  },
  {
    name: "JSON with content type application/octet-stream",
    fault: { kind: "content-type", contentType: "application/octet-stream" },
    encodings: ["json"],
    ...everyCall("OK", 1, 1),
  },
  {
    name: "binary with content type JSON",
    fault: { kind: "content-type", contentType: "application/json" },
    encodings: ["protobuf"],
    ...everyCall("DataLoss", "unknown", 1, 1),
  },
  {
    name: "JSON with a binary content type",
    fault: { kind: "content-type", contentType: "application/x-protobuf" },
    encodings: ["json"],
    ...everyCall("DataLoss", "unknown", 1, 1),
  },
  {
    name: "empty",
    fault: { kind: "status", status: 204, execute: true },
    ...everyCall("Unknown", "unknown", 1, 1),
  },
  {
    name: "not ok",
    fault: { kind: "refusal", error: { code: 9, message: "not now" } },
    ...everyCall("FailedPrecondition", "rejected", 1, 0),
  },
  {
    name: "not ok, without a reason",
    fault: { kind: "refusal" },
    ...everyCall("Unknown", "rejected", 1, 0),
  },
  {
    name: "not ok, with status 400",
    fault: { kind: "refusal", status: 400, error: { code: 9, message: "not now" } },
    ...everyCall("FailedPrecondition", "rejected", 1, 0),
  },
  {
    name: "from a server that accepts only JSON",
    fault: { kind: "json-only" },
    encodings: ["protobuf"],
    // Abort and delete have no body.
    run: ["OK", 2, 1],
    others: ["OK", 1, 1],
  },
];
