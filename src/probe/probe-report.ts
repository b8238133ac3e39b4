/**
 * What can be said about a question.
 *
 * - `"proven"`: yes, and what came back has no other explanation.
 * - `"refuted"`: no.
 * - `"not shown"`: neither; what came back can mean several things, or it could not be asked.
 */
export type Verdict = "proven" | "refuted" | "not shown";

/** One request of a probe, and what it was answered with. Both are for people to read, and hold no secret. */
export interface Evidence {
  /** For instance `POST /jobs/…/run, application/x-protobuf 12 01 08, accept application/x-protobuf`. */
  readonly asked: string;
  /** For instance `400 InvalidArgument (application/octet-stream): …`. */
  readonly answered: string;
}

/** The questions that a probe asks, in the order of its report. */
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

/** The answer to one question. */
export interface Finding {
  readonly id: FindingId;
  /** A question with yes or no for an answer; `"proven"` is yes. */
  readonly question: string;
  readonly verdict: Verdict;
  /** Empty, if it could not be asked. */
  readonly evidence: readonly Evidence[];
  /** What it means for whoever calls this deployment. */
  readonly meaning: string;
}

/** What a probe found out about a deployment. It can be written to a log as it is. */
export interface ProbeReport {
  readonly baseUrl: string;
  /** The id of the job that does not exist, for whoever looks into the server's log. */
  readonly jobId: string;
  /** How many requests were made, without those for an access token. */
  readonly requests: number;
  readonly findings: readonly Finding[];
  /** The field number of `config` in the run request, if it was shown. The library sends 2. */
  readonly configField: number | undefined;
  /** Why the probe ended early, if it did: the server accepted, or may have accepted, a call for a job that does not exist. */
  readonly stopped: string | undefined;
  /** The whole in a sentence or two. */
  readonly summary: string;
}
