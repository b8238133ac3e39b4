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

/** How a ByteNite without a socket is set up. */
export interface MemoryJobsServerOptions extends Omit<MemoryServerOptions, "registry">, JobsOptions {}

/** A ByteNite without a socket. */
export interface MemoryJobsServer extends MemoryServer<MemoryFault | RefusalFault, JobsRpc>, JobsControls {}

/**
 * What {@link startJobsServer} serves, without a socket: for a `JobsClient` that is given the server's `baseUrl`,
 * `accessToken` and `dispatcher`. It is there at once, and holds nothing that has to be closed.
 *
 * @throws RangeError that names the option, if one cannot be used
 */
export function createMemoryJobsServer(options: MemoryJobsServerOptions = {}): MemoryJobsServer {
  const jobs = jobsService(options, (own: MemoryServerOptions) => memorySettings(own, jobsOptionNames));
  return jobs.handle(memoryHandle(jobs.served, jobs.settings));
}
