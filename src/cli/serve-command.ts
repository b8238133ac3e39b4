import { create } from "@bufbuild/protobuf";
import { Customer, RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import type { JobsServer } from "../testing/jobs/jobs-server.ts";
import { compileRoute } from "../transcoding/compile-route.ts";
import { requestTarget } from "../transcoding/request-target.ts";
import { TranscodingError } from "../transcoding/transcoding-error.ts";
import type { Command } from "./command.ts";
import { ExitStatus } from "./exit-status.ts";
import { UsageError, wholeNumber } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** `bytenite-jobs serve`. */
export const serveCommand: Command = {
  name: "serve",
  operands: [],
  summary: "serve an embedded ByteNite on this machine, to try things out",
  details: [
    "It keeps a store of jobs in memory and runs nothing. Ctrl-C or SIGTERM ends it. Paste its output into the",
    "shell in which you run the other commands.",
  ],
  statuses: [
    "Exit status: 0 ended by Ctrl-C or SIGTERM, 2 the command line is invalid, 3 as 0, but standard output could",
    "not be written.",
  ],
  options: {
    port: { type: "string", value: "<port>", help: "the port to listen on [a free one]" },
    job: {
      type: "string",
      multiple: true,
      value: "<jobId>",
      mayHaveDash: true,
      help: "the id of a job that exists; may be repeated",
    },
  },
  async execute({ options, terminal, isJson, interruption, note }) {
    note({ ifUnknown: { text: "Nothing was run." } });
    const port = wholeNumber("--port", options.text("port")) ?? 0;
    if (port > 65_535) throw new UsageError("--port must be at most 65535");
    const jobs = options.texts("job");
    checkJobs(jobs);
    // Loaded only here, so that the other commands start faster.
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

/** @throws UsageError for an id that is given twice, and for one that no path can contain */
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
  // For a shell: the other commands only see exported variables.
  out(`export BYTENITE_BASE_URL=${baseUrl}\nexport BYTENITE_ACCESS_TOKEN=${accessToken}`);
  hint("Ctrl-C ends it.");
}

function listenFailure(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return new UsageError("--port: the port is already in use");
  if (code === "EACCES") return new UsageError("--port: no permission to listen on this port");
  return error;
}
