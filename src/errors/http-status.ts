import { Code } from "./code.ts";

const fromStatus: ReadonlyMap<number, Code> = new Map([
  [400, Code.InvalidArgument],
  [401, Code.Unauthenticated],
  [403, Code.PermissionDenied],
  [404, Code.NotFound],
  [408, Code.DeadlineExceeded],
  [409, Code.Aborted],
  [412, Code.FailedPrecondition],
  [416, Code.OutOfRange],
  [429, Code.ResourceExhausted],
  [499, Code.Cancelled],
  [500, Code.Internal],
  [501, Code.Unimplemented],
  [502, Code.Unavailable],
  [503, Code.Unavailable],
  [504, Code.DeadlineExceeded],
]);

/**
 * The status code for an HTTP status of a response without a google.rpc.Status. It inverts the mapping of
 * google/rpc/code.proto, as REST APIs use the statuses.
 */
export function codeFromHttpStatus(status: number): Code {
  const code = fromStatus.get(status);
  if (code !== undefined) return code;
  if (status >= 400 && status < 500) return Code.FailedPrecondition;
  return Code.Unknown;
}

const toStatus: Readonly<Record<Code, number>> = {
  [Code.OK]: 200,
  [Code.Cancelled]: 499,
  [Code.Unknown]: 500,
  [Code.InvalidArgument]: 400,
  [Code.DeadlineExceeded]: 504,
  [Code.NotFound]: 404,
  [Code.AlreadyExists]: 409,
  [Code.PermissionDenied]: 403,
  [Code.ResourceExhausted]: 429,
  [Code.FailedPrecondition]: 400,
  [Code.Aborted]: 409,
  [Code.OutOfRange]: 400,
  [Code.Unimplemented]: 501,
  [Code.Internal]: 500,
  [Code.Unavailable]: 503,
  [Code.DataLoss]: 500,
  [Code.Unauthenticated]: 401,
};

/** The HTTP status that a grpc-gateway sends for a status code (google/rpc/code.proto). */
export function httpStatusFromCode(code: Code): number {
  return toStatus[code];
}
