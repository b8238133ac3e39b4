import { create } from "@bufbuild/protobuf";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import type { codeName, JobsClientOptions, Outcome } from "../../src/index.ts";
import type { Fault, RefusalFault } from "../../src/testing/index.ts";

/**
 * How a call ends: its code and outcome, how many requests the client says it sent, and how often the server did
 * what they asked for.
 */
export type End =
  | readonly [
      code: Exclude<ReturnType<typeof codeName>, "OK">,
      outcome: Outcome,
      attempts: number,
      executions: number,
    ]
  | readonly [code: "OK", attempts: number, executions: number];

/** What happens to the first request of a call, and how the call ends. */
export interface FaultRow {
  readonly what: string;
  readonly fault: Fault | RefusalFault;
  readonly run: End;
  /** Abort and delete, which may happen twice: a second one finds that the job is gone. */
  readonly others: End;
  readonly options?: Partial<JobsClientOptions>;
  /** @default all */
  readonly encodings?: readonly ("protobuf" | "json")[];
  /** @default all */
  readonly versions?: readonly ("HTTP/1.1" | "HTTP/2")[];
  /** Whether the server gets one request more than the client says, where the call succeeds. */
  readonly replayed?: boolean;
}

const soon = { timeoutMs: 80 };
const small = { maxResponseBytes: 1_000 };
const retryInfo = create(RetryInfoSchema, { retryDelay: { nanos: 1_000_000 } });

const lostUndone = { run: ["Unavailable", "unknown", 1, 0], others: ["OK", 2, 1] } as const;
const lostDone = { run: ["Unavailable", "unknown", 1, 1], others: ["NotFound", "unknown", 2, 1] } as const;
const askedToWait = { run: ["OK", 2, 1], others: ["OK", 2, 1] } as const;

function everyCall(...end: End): { readonly run: End; readonly others: End } {
  return { run: end, others: end };
}

export const connectionRows: readonly FaultRow[] = [
  { what: "reset, nothing done", fault: { kind: "reset" }, ...lostUndone },
  { what: "reset, all done", fault: { kind: "reset", execute: true }, ...lostDone },
  { what: "closed, nothing done", fault: { kind: "reset", how: "close" }, ...lostUndone },
  { what: "closed, all done", fault: { kind: "reset", how: "close", execute: true }, ...lostDone },
  {
    what: "reset in the answer, nothing done",
    fault: { kind: "reset", where: "in-answer", execute: false },
    ...lostUndone,
  },
  { what: "reset in the answer, all done", fault: { kind: "reset", where: "in-answer" }, ...lostDone },
  {
    what: "closed in the answer, all done",
    fault: { kind: "reset", where: "in-answer", how: "close" },
    ...lostDone,
  },
  // JSON shows that it is cut, and two bytes of binary, `ok: true`, do not. Over HTTP/2 it is the stream that is cut.
  ...(["reset", "close"] as const).flatMap((how): FaultRow[] => {
    const cut = (bytes: number) =>
      ({ kind: "reset", where: "in-answer", how, announced: false, bytes }) as const;
    const dataLoss = everyCall("DataLoss", "unknown", 1, 1);
    return [0, 2].flatMap((bytes): FaultRow[] => [
      {
        what: `ended (${how}) behind ${bytes} bytes of an answer without a length, all done`,
        fault: cut(bytes),
        versions: ["HTTP/1.1"],
        ...dataLoss,
      },
      {
        what: `ended (${how}) behind ${bytes} bytes of an answer without a length, all done`,
        fault: cut(bytes),
        versions: ["HTTP/2"],
        ...lostDone,
      },
    ]);
  }),
  {
    what: "ended behind the whole of an answer without a length, in JSON",
    fault: { kind: "reset", where: "in-answer", how: "close", announced: false, bytes: 1_000 },
    versions: ["HTTP/1.1"],
    encodings: ["json"],
    ...everyCall("OK", 1, 1),
  },
  {
    what: "silent, nothing done",
    fault: { kind: "hang" },
    options: soon,
    ...everyCall("DeadlineExceeded", "unknown", 1, 0),
  },
  {
    what: "silent, all done",
    fault: { kind: "hang", execute: true },
    options: soon,
    ...everyCall("DeadlineExceeded", "unknown", 1, 1),
  },
  {
    what: "silent in the answer",
    fault: { kind: "hang", where: "in-answer" },
    options: soon,
    ...everyCall("DeadlineExceeded", "unknown", 1, 1),
  },
  {
    what: "refused, and sent again by undici where that is safe",
    fault: { kind: "reset", how: "refused" },
    versions: ["HTTP/2"],
    // undici would send run again too, which is not safe: see replayed-calls.test.ts.
    run: ["Unavailable", "unknown", 1, 0],
    others: ["OK", 1, 1],
    replayed: true,
  },
  {
    what: "told to go away, and sent again by undici where that is safe",
    fault: { kind: "reset", how: "goaway" },
    versions: ["HTTP/2"],
    // undici would send run again too, which is not safe: see replayed-calls.test.ts.
    run: ["Unavailable", "unknown", 1, 0],
    others: ["OK", 1, 1],
    replayed: true,
  },
  { what: "late, but in time", fault: { kind: "delay", ms: 20 }, ...everyCall("OK", 1, 1) },
];

export const statusRows: readonly FaultRow[] = [
  {
    what: "503 with Retry-After, nothing done",
    fault: { kind: "status", status: 503, retryAfter: 0 },
    ...lostUndone,
  },
  {
    what: "503 with Retry-After, all done",
    fault: { kind: "status", status: 503, retryAfter: 0, execute: true },
    ...lostDone,
  },
  {
    what: "503 with a date in Retry-After, all done",
    fault: { kind: "status", status: 503, retryAfter: new Date(0), execute: true },
    ...lostDone,
  },
  {
    what: "503 with RetryInfo, all done",
    fault: { kind: "status", status: 503, details: [retryInfo], execute: true },
    ...lostDone,
  },
  {
    what: "503 with Retry-After beyond the deadline",
    fault: { kind: "status", status: 503, retryAfter: 60 },
    ...everyCall("Unavailable", "unknown", 1, 0),
  },
  {
    what: "429 with Retry-After",
    fault: { kind: "status", status: 429, retryAfter: 0 },
    ...askedToWait,
  },
  {
    what: "429 with a date in Retry-After",
    fault: { kind: "status", status: 429, retryAfter: new Date(0) },
    ...askedToWait,
  },
  {
    what: "429 with RetryInfo",
    fault: { kind: "status", status: 429, details: [retryInfo] },
    ...askedToWait,
  },
  {
    what: "429 with Retry-After beyond the deadline",
    fault: { kind: "status", status: 429, retryAfter: 60 },
    ...everyCall("ResourceExhausted", "rejected", 1, 0),
  },
  { what: "503, nothing done", fault: { kind: "status", status: 503 }, ...lostUndone },
  { what: "503, all done", fault: { kind: "status", status: 503, execute: true }, ...lostDone },
  {
    what: "429, nothing done",
    fault: { kind: "status", status: 429 },
    run: ["ResourceExhausted", "unknown", 1, 0],
    others: ["OK", 2, 1],
  },
  {
    what: "429, all done: the answer was too big",
    fault: { kind: "status", status: 429, execute: true },
    run: ["ResourceExhausted", "unknown", 1, 1],
    others: ["NotFound", "unknown", 2, 1],
  },
  {
    what: "504, all done",
    fault: { kind: "status", status: 504, execute: true },
    run: ["DeadlineExceeded", "unknown", 1, 1],
    others: ["NotFound", "unknown", 2, 1],
  },
  {
    what: "502 with Retry-After, nothing done",
    fault: { kind: "status", status: 502, retryAfter: 0 },
    ...lostUndone,
  },
  { what: "502 in HTML, nothing done", fault: { kind: "html" }, ...lostUndone },
  { what: "502 in HTML, all done", fault: { kind: "html", execute: true }, ...lostDone },
  { what: "503 in HTML", fault: { kind: "html", status: 503 }, ...lostUndone },
  {
    what: "500, nothing done",
    fault: { kind: "status", status: 500 },
    ...everyCall("Internal", "unknown", 1, 0),
  },
  {
    what: "500, all done",
    fault: { kind: "status", status: 500, execute: true },
    ...everyCall("Internal", "unknown", 1, 1),
  },
  {
    what: "501",
    fault: { kind: "status", status: 501 },
    ...everyCall("Unimplemented", "rejected", 1, 0),
  },
  {
    what: "400",
    fault: { kind: "status", status: 400 },
    ...everyCall("InvalidArgument", "rejected", 1, 0),
  },
  {
    what: "401",
    fault: { kind: "status", status: 401 },
    ...everyCall("Unauthenticated", "rejected", 1, 0),
  },
  {
    what: "403",
    fault: { kind: "status", status: 403 },
    ...everyCall("PermissionDenied", "rejected", 1, 0),
  },
  { what: "404", fault: { kind: "status", status: 404 }, ...everyCall("NotFound", "rejected", 1, 0) },
  {
    what: "409 with Retry-After",
    fault: { kind: "status", status: 409, retryAfter: 0 },
    ...everyCall("Aborted", "rejected", 1, 0),
  },
  {
    what: "a redirect",
    fault: { kind: "status", status: 307, headers: { location: "http://127.0.0.1:9/" } },
    ...everyCall("Unknown", "unknown", 1, 0),
  },
];

export const answerRows: readonly FaultRow[] = [
  { what: "cut short", fault: { kind: "truncate" }, ...everyCall("DataLoss", "unknown", 1, 1) },
  { what: "garbage", fault: { kind: "garbage" }, ...everyCall("DataLoss", "unknown", 1, 1) },
  {
    what: "garbage, nothing done",
    fault: { kind: "garbage", execute: false },
    ...everyCall("DataLoss", "unknown", 1, 0),
  },
  {
    what: "too long, and says so",
    fault: { kind: "oversize", bytes: 5_000 },
    options: small,
    ...everyCall("ResourceExhausted", "unknown", 1, 1),
  },
  {
    what: "too long, and does not say so",
    fault: { kind: "oversize", bytes: 200_000, announced: false },
    options: small,
    ...everyCall("ResourceExhausted", "unknown", 1, 1),
  },
  { what: "long, within the limit", fault: { kind: "oversize", bytes: 100_000 }, ...everyCall("OK", 1, 1) },
  {
    what: "called HTML",
    fault: { kind: "content-type", contentType: "text/html" },
    ...everyCall("DataLoss", "unknown", 1, 1),
  },
  {
    what: "called nothing",
    fault: { kind: "content-type", contentType: "" },
    ...everyCall("DataLoss", "unknown", 1, 1),
  },
  {
    what: "binary that is called JSON",
    fault: { kind: "content-type", contentType: "application/json" },
    encodings: ["protobuf"],
    ...everyCall("DataLoss", "unknown", 1, 1),
  },
  {
    what: "JSON that is called binary",
    fault: { kind: "content-type", contentType: "application/x-protobuf" },
    encodings: ["json"],
    ...everyCall("DataLoss", "unknown", 1, 1),
  },
  {
    what: "empty",
    fault: { kind: "status", status: 204, execute: true },
    ...everyCall("Unknown", "unknown", 1, 1),
  },
  {
    what: "not ok",
    fault: { kind: "refusal", error: { code: 9, message: "not now" } },
    ...everyCall("FailedPrecondition", "rejected", 1, 0),
  },
  {
    what: "not ok, without a reason",
    fault: { kind: "refusal" },
    ...everyCall("Unknown", "rejected", 1, 0),
  },
  {
    what: "not ok, with status 400",
    fault: { kind: "refusal", status: 400, error: { code: 9, message: "not now" } },
    ...everyCall("FailedPrecondition", "rejected", 1, 0),
  },
  {
    what: "of a server that reads no binary",
    fault: { kind: "json-only" },
    encodings: ["protobuf"],
    // Abort and delete have no body that could not be read.
    run: ["OK", 2, 1],
    others: ["OK", 1, 1],
  },
];
