import { create } from "@bufbuild/protobuf";
import { Customer, RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import type { JobsServer } from "../testing/jobs/jobs-server.ts";
import { compileRoute } from "../transcoding/compile-route.ts";
import { requestTarget } from "../transcoding/request-target.ts";
import { TranscodingError } from "../transcoding/transcoding-error.ts";
import type { Command } from "./command.ts";
import { ExitStatus } from "./exit-status.ts";
import { wholeNumber } from "./numbers.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

/** `bytenite-jobs serve`. */
export const serveCommand: Command = {
  name: "serve",
  operands: [],
  summary: "serve an embedded ByteNite on this machine, to try things out",
  details: [
    "It keeps a store of jobs in memory and runs nothing. Ctrl-C or SIGTERM ends it. What it prints is for the shell",
    "in which the other commands are to reach it.",
  ],
  statuses: [
    "Exit status: 0 ended by Ctrl-C or SIGTERM, 2 the command line is wrong, 3 ended likewise, but standard output",
    "could not be written.",
  ],
  options: {
    port: { type: "string", value: "<port>", help: "[0: a free one]" },
    job: {
      type: "string",
      multiple: true,
      value: "<jobId>",
      mayHaveDash: true,
      help: "a job that exists; may be repeated",
    },
  },
  async execute({ options, terminal, isJson, interruption }) {
    const port = wholeNumber("--port", options.text("port")) ?? 0;
    if (port > 65_535) throw new UsageError("--port must be at most 65535");
    const jobs = options.texts("job");
    checkJobs(jobs);
    // Only here: nobody who runs a job has to load a server.
    const { startJobsServer } = await import("../testing/jobs/jobs-server.ts");
    const server = await startJobsServer({ port, jobs }).catch((error: unknown) => {
      throw listenFailure(error);
    });
    try {
      announce(server, jobs, isJson, terminal);
      await interruption.happened;
    } finally {
      await server.close();
    }
    return ExitStatus.Ok;
  },
};

/** @throws UsageError for an id that is given twice, and for one with which no call could be made */
function checkJobs(jobs: readonly string[]): void {
  const twice = jobs.find((id, i) => jobs.indexOf(id) < i);
  if (twice !== undefined) throw new UsageError(`--job ${JSON.stringify(twice)} is given twice`);
  const route = compileRoute(Customer.method.runJob);
  for (const jobId of jobs) {
    try {
      requestTarget(route, create(RunJobRequestSchema, { jobId }));
    } catch (error) {
      if (!(error instanceof TranscodingError)) throw error;
      throw new UsageError(error.message.replace(/^job_id\b/, "--job"));
    }
  }
}

function announce(
  { baseUrl, accessToken, apiKey }: JobsServer,
  jobs: readonly string[],
  isJson: boolean,
  { out, hint }: Terminal,
): void {
  if (isJson) {
    out(JSON.stringify({ ok: true, command: "serve", baseUrl, accessToken, apiKey, jobs }));
    return;
  }
  // To be pasted into a shell: what the other commands read has to be exported.
  out(`export BYTENITE_BASE_URL=${baseUrl}\nexport BYTENITE_ACCESS_TOKEN=${accessToken}`);
  hint("Ctrl-C ends it.");
}

function listenFailure(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return new UsageError("--port: something else listens there");
  if (code === "EACCES") return new UsageError("--port: this port is not allowed");
  return error;
}
