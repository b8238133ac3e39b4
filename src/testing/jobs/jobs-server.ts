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

/** The options of an embedded ByteNite server. */
export interface JobsServerOptions extends Omit<ServerOptions, "registry">, JobsOptions {}

/** A running embedded ByteNite server. */
export interface JobsServer extends ServerHandle<Fault | RefusalFault, JobsRpc>, JobsControls {}

/** Starts an embedded ByteNite: an HTTP server on loopback with a store of jobs. */
export async function startJobsServer(options: JobsServerOptions = {}): Promise<JobsServer> {
  const jobs = jobsService(options, (own: ServerOptions) => serverSettings(own, jobsOptionNames));
  return jobs.handle(await startEmbeddedServer(jobs.routes, jobs.settings));
}
