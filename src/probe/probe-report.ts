/**
 * The result of a check.
 *
 * - `"proven"`: yes. A control request, whose response has to differ, excludes the other explanations that the probe knows.
 * - `"refuted"`: no.
 * - `"not shown"`: neither. The responses are inconclusive, or the check did not run.
 */
export type Verdict = "proven" | "refuted" | "not shown";

/** One request of a probe and its response, as text for people. It contains no secret. */
export interface Evidence {
  /** The request, for instance `POST /jobs/…/run, application/x-protobuf 12 01 08, accept application/x-protobuf`. */
  readonly asked: string;
  /** The response, for instance `400 InvalidArgument (application/octet-stream): …`. */
  readonly answered: string;
}

/** The checks of a probe, in the order of its report. */
export type FindingId =
  | "reachable"
  | "unknown-job"
  | "token"
  | "binary-answers"
  | "binary-requests"
  | "careful-mode"
  | "same-error"
  | "job-id-field"
  | "config-field"
  | "config-values"
  | "answer-fields"
  | "deadline-read"
  | "deadline-kept";

/** The result of one check. */
export interface Finding {
  readonly id: FindingId;
  /** A yes-or-no question; `"proven"` is yes. */
  readonly question: string;
  readonly verdict: Verdict;
  /** The requests and responses behind the verdict; empty if the check did not run. */
  readonly evidence: readonly Evidence[];
  /** What the verdict means for callers of this deployment. */
  readonly meaning: string;
}

/** The report of a probe. It is safe to log. */
export interface ProbeReport {
  readonly baseUrl: string;
  /** The id of the job that does not exist, to find the probe in the server's log. */
  readonly jobId: string;
  /** The number of requests, without those for an access token. */
  readonly requests: number;
  readonly findings: readonly Finding[];
  /** The field number of `config` in the run request, if it is known. The library sends 2. */
  readonly configField: number | undefined;
  /** Why the probe stopped early, if it did: the server accepted, or may have accepted, a call for a job that does not exist. */
  readonly stopped: string | undefined;
  /** The report in a sentence or two. */
  readonly summary: string;
}
