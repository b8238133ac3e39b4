import { OUTAGE_FROM_MS, OUTAGE_TO_MS, type SimulatedCall } from "./fleet.ts";

/** The effects of an outage. */
export interface OutageReport {
  /** Requests for each call that began during the outage. */
  readonly requestsPerCall: number;
  /** The time until 99 of 100 calls succeeded for three seconds, in seconds after the outage. */
  readonly secondsToRecover: number;
  /** Calls that began after the outage and failed. */
  readonly failedAfterwards: number;
  /** Successful calls among those that began in the last second of the outage. */
  readonly rescued: string;
}

const SECOND_MS = 1_000;

export function outageReport(calls: readonly SimulatedCall[]): OutageReport {
  const during = calls.filter(({ startedAt }) => startedAt >= OUTAGE_FROM_MS && startedAt < OUTAGE_TO_MS);
  // Calls that began shortly before the end may get their response after it.
  const dark = during.filter(({ startedAt }) => startedAt < OUTAGE_TO_MS - 5 * SECOND_MS);
  const lastSecond = during.filter(({ startedAt }) => startedAt >= OUTAGE_TO_MS - SECOND_MS);
  const after = calls.filter(({ startedAt }) => startedAt >= OUTAGE_TO_MS);
  const requests = dark.reduce((sum, call) => sum + call.requests, 0);
  return {
    requestsPerCall: requests / dark.length,
    secondsToRecover: secondsToRecover(after),
    failedAfterwards: after.filter(({ succeeded }) => !succeeded).length,
    rescued: `${lastSecond.filter(({ succeeded }) => succeeded).length} of ${lastSecond.length}`,
  };
}

function secondsToRecover(after: readonly SimulatedCall[]): number {
  const windowMs = 100;
  const windows: { calls: number; succeeded: number }[] = [];
  for (const { startedAt, succeeded } of after) {
    const i = Math.floor((startedAt - OUTAGE_TO_MS) / windowMs);
    windows[i] ??= { calls: 0, succeeded: 0 };
    windows[i].calls++;
    if (succeeded) windows[i].succeeded++;
  }
  const isGood = (i: number) => {
    const { calls = 0, succeeded = 0 } = windows[i] ?? {};
    return succeeded >= calls * 0.99;
  };
  const firstGood = windows.findIndex((_, i) => Array.from({ length: 30 }, (__, j) => i + j).every(isGood));
  return firstGood < 0 ? Number.POSITIVE_INFINITY : (firstGood * windowMs) / SECOND_MS;
}
