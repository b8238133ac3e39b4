import { startEmbeddedServer } from "./embedded-server.ts";
import type { Fault } from "./faults.ts";
import {
  type JobsControls,
  type JobsOptions,
  type JobsRpc,
  jobsOptionNames,
  jobsService,
} from "./jobs-service.ts";
import type { RefusalFault } from "./refusal-fault.ts";
import type { ServerHandle } from "./server-handle.ts";
import { type ServerOptions, serverSettings } from "./server-options.ts";

/** How an embedded ByteNite is set up. */
export interface JobsServerOptions extends Omit<ServerOptions, "registry">, JobsOptions {}

/** An embedded ByteNite that runs. */
export interface JobsServer extends ServerHandle<Fault | RefusalFault, JobsRpc>, JobsControls {}

/** Starts an embedded ByteNite: a real HTTP server on loopback, over a store of jobs. */
export async function startJobsServer(options: JobsServerOptions = {}): Promise<JobsServer> {
  const jobs = jobsService(options, (own: ServerOptions) => serverSettings(own, jobsOptionNames));
  return jobs.handle(await startEmbeddedServer(jobs.served, jobs.settings));
}
