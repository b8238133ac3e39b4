import { Code, codeName, type Outcome, type RpcError } from "bytenite-jobs";

/** What a failed call is to the caller of this service. */
export interface HttpError {
  readonly status: number;
  /** In seconds, or an HTTP date, as the API said it. */
  readonly retryAfter?: string;
  /** How loudly it goes into the log. */
  readonly level: "info" | "warn" | "error";
  readonly problem: Problem;
}

/** The body, with the names of RFC 9457 and two of its own. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The gRPC code. */
  readonly code: string;
  /** Whether it happened. */
  readonly outcome: Outcome;
}

interface Kind {
  readonly status: number;
  readonly level: HttpError["level"];
  readonly title: string;
  /** What the caller is told; undefined: the API's own words, which are about the caller's input. */
  readonly detail?: string;
  /** Whether the same call may do better later. */
  readonly comeBack?: true;
}

const ours = { level: "error", title: "The jobs API failed", detail: "It was not done." } as const;

/** Our credential was refused, not the caller's: a 401 would make it ask its user to log in again. */
const credential: Kind = {
  status: 502,
  level: "error",
  title: "The jobs API refused this service",
  detail: "It was not done, and it will not be until this service is set up right.",
};

const unavailable: Kind = {
  status: 503,
  level: "warn",
  title: "The jobs API cannot be reached now",
  detail: "It was not done. It may be tried again.",
  comeBack: true,
};

/** For calls that did not happen. */
const byCode: Readonly<Record<Code, Kind>> = {
  [Code.OK]: { status: 502, ...ours },
  [Code.InvalidArgument]: { status: 400, level: "info", title: "Bad request" },
  [Code.OutOfRange]: { status: 400, level: "info", title: "Bad request" },
  [Code.NotFound]: { status: 404, level: "info", title: "There is no such job" },
  [Code.AlreadyExists]: { status: 409, level: "info", title: "The job is not in a state for this" },
  [Code.FailedPrecondition]: { status: 409, level: "info", title: "The job is not in a state for this" },
  [Code.Aborted]: { status: 409, level: "info", title: "The job is not in a state for this" },
  [Code.ResourceExhausted]: {
    status: 429,
    level: "warn",
    title: "Too many calls",
    detail: "It was not done. It may be tried again.",
    comeBack: true,
  },
  [Code.Unavailable]: unavailable,
  [Code.Cancelled]: { ...unavailable, level: "info", title: "This service is shutting down" },
  [Code.DeadlineExceeded]: {
    status: 504,
    level: "warn",
    title: "The time is over",
    detail: "It was not done.",
  },
  [Code.Unauthenticated]: credential,
  [Code.PermissionDenied]: credential,
  [Code.Unknown]: { status: 502, ...ours },
  [Code.Unimplemented]: { status: 502, ...ours },
  [Code.Internal]: { status: 502, ...ours },
  [Code.DataLoss]: { status: 502, ...ours },
};

/**
 * For calls that may have happened. The status must be none that a caller's library takes for an invitation to send
 * the call again: 429 and 503 are.
 */
const unknown: Kind = {
  status: 502,
  level: "error",
  title: "It is not known whether it happened",
  detail: "It may have been done.",
};

const what: Readonly<Record<string, string>> = {
  RunJob: "It may be running: look before you run it again.",
  AbortJob: "It may have been stopped. Stopping it again does no harm.",
  DeleteJob: "It may have been deleted. Deleting it again does no harm.",
};

/** Translates a failed call, by its outcome first and its code second. */
export function errorToHttp(error: RpcError): HttpError {
  const { status, level, title, detail = error.reason, comeBack } = kindOf(error);
  const problem = { title, status, detail, code: codeName(error.code), outcome: error.outcome };
  return { status, level, problem, ...(comeBack && { retryAfter: retryAfter(error) }) };
}

function kindOf({ outcome, code, method, status }: RpcError): Kind {
  if (outcome === "unknown") {
    const detail = what[method.split("/")[1] ?? ""] ?? unknown.detail ?? "";
    return { ...unknown, detail, status: code === Code.DeadlineExceeded ? 504 : 502 };
  }
  // Our client was closed, or cannot be used: nothing that the caller did.
  if (code === Code.FailedPrecondition && status === undefined) return unavailable;
  // A proxy of ours wants to know who we are.
  if (status === 407) return credential;
  return byCode[code];
}

function retryAfter({ headers }: RpcError): string {
  return String(headers["retry-after"] ?? 1);
}
