import { probe } from "../probe/probe.ts";
import type { ProbeReport, Verdict } from "../probe/probe-report.ts";
import type { Command } from "./command.ts";
import { connectionFrom, connectionNames, hintAboutToken } from "./connection.ts";
import { ExitStatus } from "./exit-status.ts";
import { connectionOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** `bytenite-jobs probe`. */
export const probeCommand: Command = {
  name: "probe",
  operands: [],
  summary: "check what a deployment understands, without running anything",
  details: [
    "All requests are about a job that does not exist, and most have bodies that no server can read. The probe",
    "stops if the server accepts one. Each finding is proven, refuted, or not shown.",
  ],
  statuses: [
    "Exit status: 0 nothing was refuted, 1 something was refuted, or the API was not found, 2 the command line is",
    "invalid, 3 as 0, but the report could not be written, 130 ended by Ctrl-C, 143 ended by SIGTERM.",
  ],
  options: {
    ...connectionOptions,
    timeout: { ...connectionOptions.timeout, help: "deadline of the whole probe; 0 for none [60000]" },
    verbose: { type: "boolean", short: "v", help: "also print each request and response" },
  },
  libraryNames: connectionNames,
  async execute({ options, terminal, isJson, interruption, note }) {
    note({ ifUnknown: { text: "Nothing was run." }, isOneCall: false });
    const connection = connectionFrom(options, terminal.env);
    note({ hintOf: ({ status }) => hintAboutToken(connection, status) });
    const report = await probe({ ...connection, signal: interruption.signal });
    const { stopped, findings } = report;
    const isGood =
      stopped === undefined && isReachable(report) && findings.every(({ verdict }) => verdict !== "refuted");
    const isTokenRejected = findings.some(({ id, verdict }) => id === "token" && verdict === "refuted");
    const hint = isTokenRejected ? hintAboutToken(connection) : undefined;
    if (isJson) terminal.out(JSON.stringify({ ok: isGood, command: "probe", ...report, hint }));
    else print(report, hint, options.flag("verbose"), terminal);
    return isGood ? ExitStatus.Ok : ExitStatus.Failed;
  },
};

function isReachable({ findings }: ProbeReport): boolean {
  return findings.some(({ id, verdict }) => id === "reachable" && verdict === "proven");
}

function print(
  report: ProbeReport,
  hint: string | undefined,
  isVerbose: boolean,
  { out, onOut }: Terminal,
): void {
  const paint: Readonly<Record<Verdict, (text: string) => string>> = {
    proven: onOut.green,
    refuted: onOut.red,
    "not shown": onOut.yellow,
  };
  const lines = [`${report.baseUrl}, with the job ${report.jobId}, which does not exist`];
  for (const { question, verdict, evidence, meaning } of report.findings) {
    lines.push("", `${paint[verdict](verdict.padEnd("not shown".length))}  ${onOut.bold(question)}`);
    lines.push(`           ${meaning}`);
    if (!isVerbose) continue;
    for (const { asked, answered } of evidence) {
      lines.push(`           > ${asked}`, `           < ${answered}`);
    }
  }
  lines.push("", report.summary);
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  // One write: a reader of the first lines only, such as `head`, then leaves no text that cannot be written.
  out(lines.join("\n"));
}
