import type { FindingId, ProbeReport, Verdict } from "../../src/index.ts";

/** The verdicts of a report, by the id of the finding. */
export function verdictsOf({ findings }: ProbeReport): Readonly<Record<FindingId, Verdict>> {
  return Object.fromEntries(findings.map(({ id, verdict }) => [id, verdict])) as Record<FindingId, Verdict>;
}

/** The ids of the findings with this verdict. */
export function withVerdict(report: ProbeReport, verdict: Verdict): readonly FindingId[] {
  return report.findings.filter((each) => each.verdict === verdict).map(({ id }) => id);
}

/** The verdicts for a server with binary, deadlines and tokens. */
export const binary = {
  reachable: "proven",
  "unknown-job": "proven",
  token: "proven",
  "binary-answers": "proven",
  "binary-requests": "proven",
  "careful-mode": "proven",
  "same-error": "proven",
  "job-id-field": "proven",
  "config-field": "proven",
  "config-values": "not shown",
  "answer-fields": "not shown",
  "deadline-read": "proven",
  "deadline-kept": "proven",
};
