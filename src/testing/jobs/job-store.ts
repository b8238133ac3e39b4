import type { JobConfig } from "../../../gen/bytenite/job/job_pb.js";
import { Code } from "../../errors/code.ts";
import { StatusError } from "../gateway/status-error.ts";

/** The state of a job: it starts as a draft, and can be run, aborted and deleted. */
export type JobState = "draft" | "running" | "aborted" | "deleted";

/** An action on a job. */
export type JobAction = "run" | "abort" | "delete";

/** A job of the embedded server. */
export interface Job {
  readonly id: string;
  readonly state: JobState;
  /** The config of the last run; undefined if it had none, or the job never ran. */
  readonly config: JobConfig | undefined;
  /** How many times the job was run. */
  readonly runs: number;
}

/**
 * Returns the state after an action; undefined if the server rejects the action.
 *
 * Abort and delete are idempotent in their effect, but not in their response: the second delete, and the second abort of a
 * draft, finds no job and is a 404. An aborted job still exists, so aborting it again succeeds and changes nothing. An
 * aborted job cannot run again.
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

/** Stores jobs by id. Deleted jobs can be read, but reject every action. */
export class JobStore {
  readonly #jobs = new Map<string, Job>();

  /** Adds a draft. The id of a deleted job may be used again. */
  add(id: string): void {
    const state = this.#jobs.get(id)?.state ?? "deleted";
    if (state !== "deleted") throw new Error(`there is a job ${JSON.stringify(id)} already; it is ${state}`);
    this.#jobs.set(id, { id, state: "draft", config: undefined, runs: 0 });
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** @throws StatusError `InvalidArgument` for a negative timeout, `NotFound`, or `FailedPrecondition` */
  run(id: string, config: JobConfig | undefined): Job {
    if (config !== undefined && (config.taskTimeout < 0n || config.jobTimeout < 0n)) {
      throw new StatusError(Code.InvalidArgument, "a timeout must not be negative");
    }
    const job = this.#after(id, "run");
    return this.#set({ ...job, config, runs: job.runs + 1 });
  }

  /** @throws StatusError `NotFound` */
  abort(id: string): Job {
    return this.#set(this.#after(id, "abort"));
  }

  /** @throws StatusError `NotFound` */
  delete(id: string): Job {
    return this.#set(this.#after(id, "delete"));
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

  #set(job: Job): Job {
    this.#jobs.set(job.id, job);
    return job;
  }
}
