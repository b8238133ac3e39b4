const units: readonly (readonly [letter: string, ms: number])[] = [
  ["m", 1],
  ["S", 1_000],
  ["M", 60_000],
  ["H", 3_600_000],
];

/**
 * The longest timeout: the whole hours in Go's time.Duration, which ends at 2^63 − 1 ns (292 years). A gateway multiplies
 * unit and count without a check, so that a longer timeout would overflow to a deadline in the past.
 */
const LONGEST = "2562047H";

/**
 * Formats the value of a `Grpc-Timeout` header: a whole number of at most eight digits, and one letter for its unit.
 * It is never 0, which a grpc-gateway reads as "no timeout".
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 * @param remainingMs the time until the deadline, in milliseconds
 */
export function formatGrpcTimeout(remainingMs: number): string {
  if (remainingMs >= 2_562_047 * 3_600_000) return LONGEST;
  for (const [letter, ms] of units) {
    const count = Math.max(Math.ceil(remainingMs / ms), 1);
    if (count < 100_000_000) return `${count}${letter}`;
  }
  return LONGEST;
}
