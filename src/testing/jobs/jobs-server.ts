import type { Fault } from "../faults/faults.ts";
import type { RefusalFault } from "../faults/refusal-fault.ts";
import { startEmbeddedServer } from "../server/embedded-server.ts";
import type { ServerHandle } from "../server/server-handle.ts";
import { type ServerOptions, serverSettings } from "../server/server-options.ts";
import {
  type JobsControls,
  type JobsOptions,
  type JobsRpc,
  jobsOptionNames,
  jobsService,
} from "./jobs-service.ts";

/** How an embedded ByteNite is set up. */
export interface JobsServerOptions extends Omit<ServerOptions, "registry">, JobsOptions {}

/** An embedded ByteNite that runs. */
export interface JobsServer extends ServerHandle<Fault | RefusalFault, JobsRpc>, JobsControls {}

/** Starts an embedded ByteNite: a real HTTP server on loopback, over a store of jobs. */
export async function startJobsServer(options: JobsServerOptions = {}): Promise<JobsServer> {
  const jobs = jobsService(options, (own: ServerOptions) => serverSettings(own, jobsOptionNames));
  return jobs.handle(await startEmbeddedServer(jobs.served, jobs.settings));
}
