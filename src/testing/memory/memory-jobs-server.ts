import type { MemoryFault } from "../faults/faults.ts";
import type { RefusalFault } from "../faults/refusal-fault.ts";
import {
  type JobsControls,
  type JobsOptions,
  type JobsRpc,
  jobsOptionNames,
  jobsService,
} from "../jobs/jobs-service.ts";
import { type MemoryServer, memoryHandle } from "./memory-handle.ts";
import { type MemoryServerOptions, memorySettings } from "./memory-options.ts";

/** The options of a ByteNite test server without a socket. */
export interface MemoryJobsServerOptions extends Omit<MemoryServerOptions, "registry">, JobsOptions {}

/** A ByteNite test server without a socket. */
export interface MemoryJobsServer extends MemoryServer<MemoryFault | RefusalFault, JobsRpc>, JobsControls {}

/**
 * Creates the server of {@link startJobsServer} without a socket. A `JobsClient` reaches it with its `baseUrl`,
 * `accessToken` and `dispatcher`. It is ready at once and need not be closed.
 *
 * @throws RangeError that names an invalid option
 */
export function createMemoryJobsServer(options: MemoryJobsServerOptions = {}): MemoryJobsServer {
  const jobs = jobsService(options, (own: MemoryServerOptions) => memorySettings(own, jobsOptionNames));
  return jobs.handle(memoryHandle(jobs.routes, jobs.settings));
}
