import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GenericResponseSchema } from "../../../gen/bytenite/common/common_pb.js";
import type { Customer } from "../../../gen/bytenite/customer/customer_pb.js";
import type { JobConfig } from "../../../gen/bytenite/job/job_pb.js";
import type { ServiceImplementation } from "../gateway/service-implementation.ts";
import type { Job, JobStore } from "./job-store.ts";

/** An rpc that the server executed. */
export interface Execution {
  readonly rpc: "RunJob" | "AbortJob" | "DeleteJob";
  readonly jobId: string;
  /** The config of the run, if it had one. */
  readonly config?: JobConfig | undefined;
}

/**
 * Implements ByteNite's rpcs with a store of jobs.
 *
 * @param executions gets each executed rpc, without failed calls
 * @param limit how many of the last executions it keeps
 */
export function jobHandlers(
  store: JobStore,
  executions: Execution[],
  limit: number,
): ServiceImplementation<typeof Customer> {
  let count = 0;
  const executed = (execution: Execution, { state }: Job): MessageInitShape<typeof GenericResponseSchema> => {
    count++;
    executions.push(execution);
    if (executions.length > limit) executions.shift();
    return { ok: true, requestId: `request-${count}`, message: `job ${execution.jobId} is ${state}` };
  };
  return {
    runJob: ({ jobId, config }) =>
      executed({ rpc: "RunJob", jobId, ...(config && { config }) }, store.run(jobId, config)),
    abortJob: ({ jobId }) => executed({ rpc: "AbortJob", jobId }, store.abort(jobId)),
    deleteJob: ({ jobId }) => executed({ rpc: "DeleteJob", jobId }, store.delete(jobId)),
  };
}
