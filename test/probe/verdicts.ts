import type { FindingId, ProbeReport, Verdict } from "../../src/index.ts";

/** The verdicts of a report, by the ids of its findings. */
export function verdictsOf({ findings }: ProbeReport): Readonly<Record<FindingId, Verdict>> {
  return Object.fromEntries(findings.map(({ id, verdict }) => [id, verdict])) as Record<FindingId, Verdict>;
}

/** The ids of a report's findings that have a verdict. */
export function withVerdict(report: ProbeReport, verdict: Verdict): readonly FindingId[] {
  return report.findings.filter((each) => each.verdict === verdict).map(({ id }) => id);
}

/** What is found of a server that understands everything. */
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
