import type { JobConfig } from "../../../gen/bytenite/job/job_pb.js";
import { Code } from "../../errors/code.ts";
import { StatusError } from "../gateway/status-error.ts";

/** Where a job is in its life: it is made as a draft, run, stopped, and at the end deleted. */
export type JobState = "draft" | "running" | "aborted" | "deleted";

/** What can be done with a job. */
export type JobAction = "run" | "abort" | "delete";

/** A job of the embedded server. */
export interface Job {
  readonly id: string;
  readonly state: JobState;
  /** What it was last run with; undefined if it never was, or was run without. */
  readonly config: JobConfig | undefined;
  /** How many times it was run. */
  readonly runs: number;
}

/**
 * The state after an action; undefined where the server says no.
 *
 * Abort and delete are idempotent in what they do, not in what they answer: what is gone is not found any
 * more, so the second delete, and the second abort of a draft, is a 404. A job that is stopped is still there,
 * so stopping it again is fine and changes nothing. A stopped job does not run again.
 */
export function nextState(state: JobState, action: JobAction): JobState | undefined {
  return transitions[state][action];
}

const transitions: Readonly<Record<JobState, Readonly<Partial<Record<JobAction, JobState>>>>> = {
  draft: { run: "running", abort: "deleted", delete: "deleted" },
  running: { abort: "aborted", delete: "deleted" },
  aborted: { abort: "aborted", delete: "deleted" },
  deleted: {},
};

/** Jobs by their id. Deleted ones can still be looked at, but nothing can be done with them. */
export class JobStore {
  readonly #jobs = new Map<string, Job>();

  /** Makes a draft. A deleted job's id may be used again. */
  add(id: string): void {
    const state = this.#jobs.get(id)?.state ?? "deleted";
    if (state !== "deleted") throw new Error(`there is a job ${JSON.stringify(id)} already; it is ${state}`);
    this.#jobs.set(id, { id, state: "draft", config: undefined, runs: 0 });
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** @throws StatusError `InvalidArgument` for a timeout below zero, `NotFound`, or `FailedPrecondition` */
  run(id: string, config: JobConfig | undefined): Job {
    if (config !== undefined && (config.taskTimeout < 0n || config.jobTimeout < 0n)) {
      throw new StatusError(Code.InvalidArgument, "a timeout must not be negative");
    }
    const job = this.#after(id, "run");
    return this.#keep({ ...job, config, runs: job.runs + 1 });
  }

  /** @throws StatusError `NotFound` */
  abort(id: string): Job {
    return this.#keep(this.#after(id, "abort"));
  }

  /** @throws StatusError `NotFound` */
  delete(id: string): Job {
    return this.#keep(this.#after(id, "delete"));
  }

  #after(id: string, action: JobAction): Job {
    const job = this.#jobs.get(id);
    if (job === undefined || job.state === "deleted") {
      throw new StatusError(Code.NotFound, `there is no job ${JSON.stringify(id)}`);
    }
    const state = nextState(job.state, action);
    if (state === undefined) {
      throw new StatusError(Code.FailedPrecondition, `job ${JSON.stringify(id)} is ${job.state}`);
    }
    return { ...job, state };
  }

  #keep(job: Job): Job {
    this.#jobs.set(job.id, job);
    return job;
  }
}
