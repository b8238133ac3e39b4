import { probe } from "../probe/probe.ts";
import type { ProbeReport, Verdict } from "../probe/probe-report.ts";
import type { Command } from "./command.ts";
import { connectionFrom } from "./connection.ts";
import { ExitStatus } from "./exit-status.ts";
import { connectionOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** `bytenite-jobs probe`. */
export const probeCommand: Command = {
  name: "probe",
  operands: [],
  summary: "find out what a deployment understands, without running anything",
  details: [
    "All requests are about a job that does not exist, and most have bodies that no server can read. It stops",
    "at once if one is accepted all the same. Each line is proven, refuted, or not shown.",
  ],
  statuses: [
    "Exit status: 0 nothing was refuted, 1 something was, or the API was not found, 2 the command line is wrong,",
    "130 ended by Ctrl-C, 143 ended by SIGTERM.",
  ],
  options: {
    ...connectionOptions,
    timeout: { ...connectionOptions.timeout, help: "deadline of the whole probe; 0 is none [60000]" },
    verbose: { type: "boolean", short: "v", help: "also print what was asked and what came back" },
  },
  async execute({ options, terminal, isJson, interruption }) {
    const connection = connectionFrom(options, terminal.env);
    const report = await probe({ ...connection, signal: interruption.signal });
    const isGood = isReachable(report) && report.findings.every(({ verdict }) => verdict !== "refuted");
    if (isJson) terminal.out(JSON.stringify({ ok: isGood, command: "probe", ...report }));
    else print(report, options.flag("verbose"), terminal);
    return isGood ? ExitStatus.Ok : ExitStatus.Failed;
  },
};

function isReachable({ findings }: ProbeReport): boolean {
  return findings.some(({ id, verdict }) => id === "reachable" && verdict === "proven");
}

function print(report: ProbeReport, isVerbose: boolean, { out, onOut }: Terminal): void {
  const paint: Readonly<Record<Verdict, (text: string) => string>> = {
    proven: onOut.green,
    refuted: onOut.red,
    "not shown": onOut.yellow,
  };
  out(`${report.baseUrl}, asked about ${report.jobId}, which does not exist`);
  for (const { question, verdict, evidence, meaning } of report.findings) {
    out("");
    out(`${paint[verdict](verdict.padEnd("not shown".length))}  ${onOut.bold(question)}`);
    out(`           ${meaning}`);
    if (!isVerbose) continue;
    for (const { asked, answered } of evidence) {
      out(`           > ${asked}`);
      out(`           < ${answered}`);
    }
  }
  out("");
  out(report.summary);
}
