import type { FindingId, ProbeReport, Verdict } from "../../src/index.ts";

/** The verdicts of a report, by the ids of its findings. */
export function verdictsOf({ findings }: ProbeReport): Readonly<Record<FindingId, Verdict>> {
  return Object.fromEntries(findings.map(({ id, verdict }) => [id, verdict])) as Record<FindingId, Verdict>;
}

/** The ids of a report's findings that have a verdict. */
export function withVerdict(report: ProbeReport, verdict: Verdict): readonly FindingId[] {
  return report.findings.filter((each) => each.verdict === verdict).map(({ id }) => id);
}
