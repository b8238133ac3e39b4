import type { Finding, FindingId, Verdict } from "./probe-report.ts";
import type { Exchange } from "./prober.ts";

const questions: Readonly<Record<FindingId, string>> = {
  reachable: "Is the API reachable, and does it read the body of a run request?",
  "unknown-job": "Does it reject a job that does not exist?",
  token: "Is the access token valid?",
  "binary-answers": "Does it respond in binary?",
  "binary-requests": "Does it read binary requests?",
  "careful-mode": "Does it respond in binary to a JSON request?",
  "same-error": "Is an error the same in both encodings?",
  "job-id-field": "Is field 1 of the run request a string, like job_id?",
  "config-field": "Is field 2 of the run request a message, like config?",
  "config-values": "Are fields 1, 2 and 3 of config task_timeout, job_timeout and is_test_job?",
  "answer-fields": "Has the API's own response message the field numbers that this library reads?",
  "deadline-read": "Does it read the deadline header?",
  "deadline-kept": "Does it end a call at its deadline?",
};

/** Sorts the findings into the order of the report, and adds a finding for each check that did not run. */
export function completeFindings(findings: readonly Finding[]): Finding[] {
  const ids = Object.keys(questions) as FindingId[];
  return ids.map(
    (id) =>
      findings.find((each) => each.id === id) ??
      finding(
        id,
        "not shown",
        [],
        "It was not checked: the API was not shown to be reachable, or the probe stopped.",
      ),
  );
}

/** Makes a finding from the exchanges that it is based on. */
export function finding(
  id: FindingId,
  verdict: Verdict,
  exchanges: readonly Exchange[],
  meaning: string,
): Finding {
  const evidence = exchanges.map(({ asked, answered }) => ({ asked, answered }));
  return { id, question: questions[id], verdict, evidence, meaning };
}
