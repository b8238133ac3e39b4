import type { GenericResponse } from "../../gen/bytenite/common/common_pb.js";
import type { CallOptions } from "../client/call-options.ts";
import type { JobConfigInit } from "../jobs/job-config.ts";
import { JobsClient, type JobsClientOptions } from "../jobs/jobs-client.ts";
import type { Command, CommandContext } from "./command.ts";
import { connectionFrom, connectionNames, hintAboutToken } from "./connection.ts";
import { ExitStatus } from "./exit-status.ts";
import {
  connectionOptions,
  encodingFrom,
  encodingOption,
  type Options,
  type ParsedOptions,
  wholeBigInt,
} from "./options.ts";
import { printable } from "./terminal.ts";

const jobOptions = {
  "task-timeout": { type: "string", value: "<seconds>", help: "time limit for each task of the job" },
  "job-timeout": { type: "string", value: "<seconds>", help: "time limit for the whole job" },
  "test-job": { type: "boolean", help: "this run is a test" },
} as const satisfies Options;

type Call = (client: JobsClient, jobId: string, options: CallOptions) => Promise<GenericResponse>;

/** `bytenite-jobs run <jobId>`. */
export const runCommand: Command = {
  ...jobCommand("run", "start a job", (options) => {
    const config = configFrom(options);
    return (client, jobId, call) => client.run(jobId, config, call);
  }),
  details: [
    "This command never runs a job twice: it retries only if the first attempt provably did not reach the server.",
    "Until `bytenite-jobs probe` has proven the field numbers of your deployment, use --encoding careful, so that",
    "the timeouts surely arrive.",
  ],
  options: { ...jobOptions, ...connectionOptions, ...encodingOption },
  libraryNames: {
    ...connectionNames,
    job_id: ["<jobId>"],
    "config.taskTimeout": ["--task-timeout"],
    "config.jobTimeout": ["--job-timeout"],
  },
};

/** `bytenite-jobs abort <jobId>`. */
export const abortCommand = jobCommand(
  "abort",
  "abort a job; a job that has not started is deleted",
  () => (client, jobId, call) => client.abort(jobId, call),
);

/** `bytenite-jobs delete <jobId>`. */
export const deleteCommand = jobCommand(
  "delete",
  "delete a job",
  () => (client, jobId, call) => client.delete(jobId, call),
);

function jobCommand(name: string, summary: string, prepare: (options: ParsedOptions) => Call): Command {
  return {
    name,
    summary,
    operands: ["<jobId>"],
    details: [],
    options: { ...connectionOptions, ...encodingOption },
    libraryNames: { ...connectionNames, job_id: ["<jobId>"] },
    execute: (context) => execute(name, prepare(context.options), context),
  };
}

async function execute(command: string, call: Call, context: CommandContext): Promise<ExitStatus> {
  const { options, terminal, isJson, interruption } = context;
  const jobId = options.positionals[0] ?? "";
  context.note({ subject: { jobId }, ifUnknown: command === "run" ? mayBeRunning : repeatable });
  const connection = connectionFrom(options, terminal.env);
  context.note({ hintOf: ({ status }) => hintAboutToken(connection, status) });
  const response = await callOnce({ ...connection, encoding: encodingFrom(options) }, (client) =>
    call(client, jobId, { signal: interruption.signal }),
  );
  const { requestId, message } = response;
  if (isJson) {
    terminal.out(JSON.stringify({ ok: true, command, jobId, requestId, message }));
    return ExitStatus.Ok;
  }
  const text = printable(message) || "accepted";
  const id = requestId === "" ? "" : `\nrequest id: ${printable(requestId)}`;
  terminal.out(`${terminal.onOut.green(`${command} ${printable(jobId)}:`)} ${text}${id}`);
  return ExitStatus.Ok;
}

const mayBeRunning = {
  text: "IT MAY HAVE HAPPENED: the job may be running. Check before you run it again.",
  isUnsafe: true,
};
const repeatable = { text: "It may have happened. It is safe to repeat it." };

async function callOnce<T>(options: JobsClientOptions, call: (client: JobsClient) => Promise<T>): Promise<T> {
  const client = new JobsClient(options);
  try {
    return await call(client);
  } finally {
    await client.close();
  }
}

/** Undefined without any of these options, so that the job runs with the defaults of the deployment. */
function configFrom(options: ParsedOptions): JobConfigInit | undefined {
  const taskTimeout = wholeBigInt("--task-timeout", options.text("task-timeout"));
  const jobTimeout = wholeBigInt("--job-timeout", options.text("job-timeout"));
  const isTestJob = options.flag("test-job") || undefined;
  if (taskTimeout === undefined && jobTimeout === undefined && isTestJob === undefined) return undefined;
  return { taskTimeout, jobTimeout, isTestJob };
}
