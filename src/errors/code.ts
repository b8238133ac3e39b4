/**
 * The status codes of gRPC, with gRPC's numbers.
 *
 * @see https://grpc.io/docs/guides/status-codes/
 */
export const Code = {
  OK: 0,
  Cancelled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;

/** One of the status codes of gRPC, as a number. */
export type Code = (typeof Code)[keyof typeof Code];

const names = /* @__PURE__ */ Object.keys(Code) as (keyof typeof Code)[];

/** The name of a status code: `codeName(Code.NotFound)` is `"NotFound"`. */
export function codeName(code: Code): keyof typeof Code {
  return names[code] as keyof typeof Code;
}

/** Whether a number is one of gRPC's seventeen status codes. */
export function isCode(value: number): value is Code {
  return Number.isInteger(value) && value >= 0 && value < names.length;
}

const byProtobufName = /* @__PURE__ */ codesByProtobufName();

/** The status code with this name in google.rpc.Code, for instance `"NOT_FOUND"`. */
export function codeFromProtobufName(name: string): Code | undefined {
  return byProtobufName.get(name);
}

function codesByProtobufName(): ReadonlyMap<string, Code> {
  const codes = new Map<string, Code>(names.map((name) => [protobufName(name), Code[name]]));
  return codes.set("CANCELED", Code.Cancelled);
}

/** The name of a status code in google.rpc.Code, for instance `"NOT_FOUND"`. */
export function protobufName(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
}
