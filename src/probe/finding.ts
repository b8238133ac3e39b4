import type { Finding, FindingId, Verdict } from "./probe-report.ts";
import type { Exchange } from "./prober.ts";

const questions: Readonly<Record<FindingId, string>> = {
  reachable: "Is the API there, and does it read the body of a run request?",
  "unknown-job": "Is a job that does not exist refused?",
  token: "Does the access token work?",
  "binary-answers": "Does it answer in binary?",
  "binary-requests": "Does it read binary requests?",
  "careful-mode": "Does it take a request in JSON and answer it in binary?",
  "same-error": "Does the same error come back in both encodings?",
  "job-id-field": "Is field 1 of the run request a text, as job_id is?",
  "config-field": "Is field 2 of the run request a message, as config is?",
  "config-values": "Are the fields 1, 2 and 3 of config what task_timeout, job_timeout and is_test_job are?",
  "answer-fields": "Has the API's own answer the field numbers that this library reads?",
  "deadline-read": "Is the header that carries the deadline read?",
  "deadline-kept": "Does a deadline end a call?",
};

/** The findings in the order of the report, with those that are missing filled in. */
export function complete(findings: readonly Finding[]): Finding[] {
  const ids = Object.keys(questions) as FindingId[];
  return ids.map(
    (id) =>
      findings.find((each) => each.id === id) ??
      finding(
        id,
        "not shown",
        [],
        "It was not asked: the API was not shown to be there, or the probe stopped.",
      ),
  );
}

/** Puts a finding together. */
export function finding(
  id: FindingId,
  verdict: Verdict,
  exchanges: readonly Exchange[],
  meaning: string,
): Finding {
  const evidence = exchanges.map(({ asked, answered }) => ({ asked, answered }));
  return { id, question: questions[id], verdict, evidence, meaning };
}
