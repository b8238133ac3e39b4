import { Code, codeName, type Outcome, type RpcError } from "bytenite-jobs";

/** The HTTP error for a failed call. */
export interface HttpError {
  readonly status: number;
  /** Seconds or an HTTP date, from the API. */
  readonly retryAfter?: string;
  /** The log level. */
  readonly level: "info" | "warn" | "error";
  readonly problem: Problem;
}

/** The body of the error, with the names of RFC 9457 and two more. */
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
  /** The detail for the caller. Without one it is the API's message, which is about the caller's input. */
  readonly detail?: string;
  /** Whether the caller may retry later. */
  readonly isRetryable?: true;
}

const ours = { level: "error", title: "The jobs API failed", detail: "It was not done." } as const;

/** The API rejected this service's credential, not the caller's: with a 401, the caller would ask its user to log in. */
const credential: Kind = {
  status: 502,
  level: "error",
  title: "The jobs API rejected this service",
  detail: "It was not done. This service has to be configured correctly first.",
};

const unavailable: Kind = {
  status: 503,
  level: "warn",
  title: "The jobs API cannot be reached now",
  detail: "It was not done. You may retry.",
  isRetryable: true,
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
    detail: "It was not done. You may retry.",
    isRetryable: true,
  },
  [Code.Unavailable]: unavailable,
  [Code.Cancelled]: { ...unavailable, level: "info", title: "This service is shutting down" },
  [Code.DeadlineExceeded]: {
    status: 504,
    level: "warn",
    title: "The deadline passed",
    detail: "It was not done.",
  },
  [Code.Unauthenticated]: credential,
  [Code.PermissionDenied]: credential,
  [Code.Unknown]: { status: 502, ...ours },
  [Code.Unimplemented]: { status: 502, ...ours },
  [Code.Internal]: { status: 502, ...ours },
  [Code.DataLoss]: { status: 502, ...ours },
};

/** For calls that may have happened. Not 429 or 503, which a caller's library may retry. */
const unknown: Kind = {
  status: 502,
  level: "error",
  title: "It is not known whether it happened",
  detail: "It may have been done.",
};

const unknownDetails: Readonly<Record<string, string>> = {
  RunJob: "It may be running: check before you run it again.",
  AbortJob: "It may have been aborted. It is safe to abort it again.",
  DeleteJob: "It may have been deleted. It is safe to delete it again.",
};

/** Translates a failed call, by its outcome first and its code second. */
export function errorToHttp(error: RpcError): HttpError {
  const { status, level, title, detail = error.reason, isRetryable } = kindOf(error);
  const problem = { title, status, detail, code: codeName(error.code), outcome: error.outcome };
  return { status, level, problem, ...(isRetryable && { retryAfter: retryAfter(error) }) };
}

function kindOf({ outcome, code, method, status }: RpcError): Kind {
  if (outcome === "unknown") {
    const detail = unknownDetails[method.split("/")[1] ?? ""] ?? unknown.detail ?? "";
    return { ...unknown, detail, status: code === Code.DeadlineExceeded ? 504 : 502 };
  }
  // The client of this service was closed or cannot be used: not the caller's fault.
  if (code === Code.FailedPrecondition && status === undefined) return unavailable;
  // A proxy of this service requires a credential.
  if (status === 407) return credential;
  return byCode[code];
}

function retryAfter({ headers }: RpcError): string {
  return String(headers["retry-after"] ?? 1);
}
