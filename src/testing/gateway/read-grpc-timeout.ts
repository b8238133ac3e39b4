import { Code } from "../../errors/code.ts";
import { StatusError } from "./status-error.ts";

const nanosecondsPerUnit: Readonly<Record<string, bigint>> = {
  H: 3_600_000_000_000n,
  M: 60_000_000_000n,
  S: 1_000_000_000n,
  m: 1_000_000n,
  u: 1_000n,
  n: 1n,
};

const MAX_INT64 = 2n ** 63n - 1n;

/**
 * Parses a `Grpc-Timeout` header as a grpc-gateway does (timeoutDecode in its runtime/context.go): it allows a sign and more
 * than eight digits, and nanoseconds beyond 64 bits wrap around.
 *
 * @returns milliseconds, 0 or less if the deadline has already passed; undefined without a timeout, which includes `0S`
 * @throws StatusError `InvalidArgument`
 */
export function readGrpcTimeout(header: string | undefined): number | undefined {
  if (header === undefined || header === "") return undefined;
  const [, digits, unit] = /^([+-]?\d+)(.)$/.exec(header) ?? [];
  const scale = nanosecondsPerUnit[unit ?? ""];
  if (digits === undefined || scale === undefined) throw invalidTimeout(header);
  const count = BigInt(digits.replace("+", ""));
  if (count > MAX_INT64 || count < -MAX_INT64 - 1n) throw invalidTimeout(header);
  const nanoseconds = BigInt.asIntN(64, count * scale);
  return nanoseconds === 0n ? undefined : Number(nanoseconds) / 1e6;
}

function invalidTimeout(header: string): StatusError {
  return new StatusError(Code.InvalidArgument, `invalid grpc-timeout: ${header}`);
}
