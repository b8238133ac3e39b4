import type { JobsServer } from "../testing/jobs-server.ts";
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
  statuses: ["Exit status: 0 ended by Ctrl-C or SIGTERM, 2 the command line is wrong."],
  options: {
    port: { type: "string", value: "<port>", help: "[0: a free one]" },
    job: { type: "string", multiple: true, value: "<jobId>", help: "a job that exists; may be repeated" },
  },
  async execute({ options, terminal, isJson, interruption }) {
    const port = wholeNumber("--port", options.text("port")) ?? 0;
    if (port > 65_535) throw new UsageError("--port must be at most 65535");
    const jobs = options.texts("job");
    // Only here: nobody who runs a job has to load a server.
    const { startJobsServer } = await import("../testing/jobs-server.ts");
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

function announce(
  { baseUrl, accessToken, apiKey }: JobsServer,
  jobs: readonly string[],
  isJson: boolean,
  { out, err }: Terminal,
): void {
  if (isJson) {
    out(JSON.stringify({ ok: true, command: "serve", baseUrl, accessToken, apiKey, jobs }));
    return;
  }
  // To be pasted into a shell: what the other commands read has to be exported.
  out(`export BYTENITE_BASE_URL=${baseUrl}`);
  out(`export BYTENITE_ACCESS_TOKEN=${accessToken}`);
  err("Ctrl-C ends it.");
}

function listenFailure(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return new UsageError("--port: something else listens there");
  if (code === "EACCES") return new UsageError("--port: this port is not allowed");
  return error;
}
