import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GenericResponseSchema } from "../../../gen/bytenite/common/common_pb.js";
import type { Customer } from "../../../gen/bytenite/customer/customer_pb.js";
import type { JobConfig } from "../../../gen/bytenite/job/job_pb.js";
import type { ServiceImplementation } from "../gateway/service-implementation.ts";
import type { Job, JobStore } from "./job-store.ts";

/** An rpc that was carried out. */
export interface Execution {
  readonly rpc: "RunJob" | "AbortJob" | "DeleteJob";
  readonly jobId: string;
  /** What the job was run with, if it was run with something. */
  readonly config?: JobConfig | undefined;
}

/**
 * ByteNite's rpcs over a store of jobs.
 *
 * @param executions gets what was carried out; a call that is refused is not
 * @param limit how many of the last executions are kept
 */
export function jobHandlers(
  store: JobStore,
  executions: Execution[],
  limit: number,
): ServiceImplementation<typeof Customer> {
  let count = 0;
  const done = (execution: Execution, { state }: Job): MessageInitShape<typeof GenericResponseSchema> => {
    count++;
    executions.push(execution);
    if (executions.length > limit) executions.shift();
    return { ok: true, requestId: `request-${count}`, message: `job ${execution.jobId} is ${state}` };
  };
  return {
    runJob: ({ jobId, config }) =>
      done({ rpc: "RunJob", jobId, ...(config && { config }) }, store.run(jobId, config)),
    abortJob: ({ jobId }) => done({ rpc: "AbortJob", jobId }, store.abort(jobId)),
    deleteJob: ({ jobId }) => done({ rpc: "DeleteJob", jobId }, store.delete(jobId)),
  };
}
