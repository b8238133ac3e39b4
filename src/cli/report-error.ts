import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { jsonTextOf } from "../codecs/json-codec.ts";
import { codeName } from "../errors/code.ts";
import type { Outcome } from "../errors/outcome.ts";
import type { RpcError } from "../errors/rpc-error.ts";
import { JobsError } from "../jobs/jobs-error.ts";
import { printable, type Terminal } from "./terminal.ts";

/** What was being done when it failed. */
export interface Doing {
  readonly command: string;
  readonly jobId?: string | undefined;
  /** What may be behind it. */
  readonly hint?: string | undefined;
}

/** Whether it happened, in words. */
export const didItHappen: Readonly<Record<Outcome, string>> = {
  not_sent: "It did not happen: nothing was sent.",
  rejected: "It did not happen: the server refused it.",
  unknown: "It may have happened.",
};

/** Whether it happened, and what to do about that, in words. */
export function describeOutcome(outcome: Outcome, { command }: Doing): string {
  if (outcome !== "unknown") return didItHappen[outcome];
  if (command === "run") {
    return "IT MAY HAVE HAPPENED: the job may be running. Make sure before you run it again.";
  }
  if (command === "probe" || command === "serve") return "Nothing was run.";
  return `${didItHappen.unknown} It is safe to do it again.`;
}

/** Says what failed, whether it happened all the same, and what the server said. */
export function reportError(error: RpcError, doing: Doing, isJson: boolean, terminal: Terminal): void {
  const { command, jobId, hint } = doing;
  const outcome = describeOutcome(error.outcome, doing);
  if (isJson) {
    const details = JSON.stringify({ ...error.toJSON(), outcomeInWords: outcome, hint });
    const whole =
      error instanceof JobsError ? `${details.slice(0, -1)},"response":${responseText(error)}}` : details;
    const what = JSON.stringify({ ok: false, command, jobId });
    terminal.out(`${what.slice(0, -1)},"error":${whole}}`);
    return;
  }
  const { onErr } = terminal;
  const status = error.status === undefined ? "" : ` (HTTP ${error.status})`;
  const what = jobId === undefined ? command : `${command} ${printable(jobId)}`;
  const isLoud = error.outcome === "unknown" && command === "run";
  const lines = [
    `${onErr.red("error:")} ${what}: ${codeName(error.code)}${status}: ${printable(error.reason)}`,
    isLoud ? onErr.bold(onErr.red(outcome)) : outcome,
  ];
  if (error.attempts > 1 && command !== "probe") lines.push(`It was tried ${error.attempts} times.`);
  if (error instanceof JobsError && error.response.requestId !== "") {
    lines.push(`request id: ${printable(error.response.requestId)}`);
  }
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  terminal.err(lines.join("\n"));
}

/** As ByteNite's description of its API has it: numbers, which JSON.stringify could not write to the last digit. */
function responseText({ response }: JobsError): string {
  return jsonTextOf(GenericResponseSchema, response, { jsonInt64: "number" });
}
