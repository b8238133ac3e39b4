import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { jsonTextOf } from "../codecs/json-codec.ts";
import { codeName } from "../errors/code.ts";
import type { Outcome } from "../errors/outcome.ts";
import type { RpcError } from "../errors/rpc-error.ts";
import { JobsError } from "../jobs/jobs-error.ts";
import { printable, type Terminal } from "./terminal.ts";

/** The call that failed. */
export interface FailedCall {
  readonly command: string;
  readonly jobId?: string | undefined;
  /** The possible cause. */
  readonly hint?: string | undefined;
}

/** Describes whether the call happened, and what to do about it. */
export function describeOutcome(outcome: Outcome, command: string | undefined): string {
  if (outcome === "not_sent") return "It did not happen: nothing was sent.";
  if (outcome === "rejected") return "It did not happen: the server rejected it.";
  if (command === "run") {
    return "IT MAY HAVE HAPPENED: the job may be running. Check before you run it again.";
  }
  if (command === "probe" || command === "serve") return "Nothing was run.";
  return "It may have happened. It is safe to repeat it.";
}

/** Reports a failed call, its outcome and the server's response. */
export function reportError(error: RpcError, call: FailedCall, isJson: boolean, terminal: Terminal): void {
  const { command, jobId, hint } = call;
  const outcome = describeOutcome(error.outcome, command);
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
  const isEmphasized = error.outcome === "unknown" && command === "run";
  const lines = [
    `${onErr.red("error:")} ${what}: ${codeName(error.code)}${status}: ${printable(error.reason)}`,
    isEmphasized ? onErr.bold(onErr.red(outcome)) : outcome,
  ];
  if (error.attempts > 1 && command !== "probe") lines.push(`There were ${error.attempts} attempts.`);
  if (error instanceof JobsError && error.response.requestId !== "") {
    lines.push(`request id: ${printable(error.response.requestId)}`);
  }
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  terminal.err(lines.join("\n"));
}

/** Writes 64-bit integers as numbers, like ByteNite's API description. JSON.stringify could not write all digits. */
function responseText({ response }: JobsError): string {
  return jsonTextOf(GenericResponseSchema, response, { jsonInt64: "number" });
}
