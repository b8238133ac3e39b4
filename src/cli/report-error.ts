import type { JsonValue } from "@bufbuild/protobuf";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { jsonTextOf } from "../codecs/json-codec.ts";
import { codeName } from "../errors/code.ts";
import type { Outcome } from "../errors/outcome.ts";
import type { RpcError } from "../errors/rpc-error.ts";
import { JobsError } from "../jobs/jobs-error.ts";
import { escapeControls, printable, type Terminal } from "./terminal.ts";

/** What a command adds to the report of its failure. */
export interface FailureNotes {
  /** What the command is about, by its name in JSON: `{ jobId: "job-1" }`. */
  readonly subject?: Readonly<Record<string, string>>;
  /** What an unknown outcome means. It is emphasized if it is not safe to repeat the command. */
  readonly ifUnknown?: { readonly text: string; readonly isUnsafe?: boolean };
  /** Whether the command is one call, whose attempts are of interest. */
  readonly isOneCall?: boolean;
  /** The possible cause. */
  readonly hintOf?: (error: RpcError) => string | undefined;
  /** The details of an error in JSON, instead of only their types. */
  readonly detailsOf?: (error: RpcError) => readonly JsonValue[];
  /** More members of the document of `--json`. */
  readonly members?: () => Readonly<Record<string, unknown>>;
}

/** Describes whether a call happened, and what to do about it. */
export function describeOutcome(outcome: Outcome, { ifUnknown }: FailureNotes = {}): string {
  if (outcome === "not_sent") return "It did not happen: nothing was sent.";
  if (outcome === "rejected") return "It did not happen: the server rejected it.";
  return ifUnknown?.text ?? "It may have happened.";
}

/** Reports a failed call, its outcome and the server's response. */
export function reportError(
  error: RpcError,
  command: string,
  notes: FailureNotes,
  isJson: boolean,
  terminal: Terminal,
): void {
  const { subject = {}, ifUnknown, isOneCall = true, members } = notes;
  const hint = notes.hintOf?.(error);
  const details = notes.detailsOf?.(error);
  const outcome = describeOutcome(error.outcome, notes);
  if (isJson) {
    const logged = error.toJSON();
    const text = JSON.stringify({ ...logged, ...(details && { details }), outcomeInWords: outcome, hint });
    const whole =
      error instanceof JobsError ? `${text.slice(0, -1)},"response":${responseText(error)}}` : text;
    const what = JSON.stringify({ ok: false, command, ...subject, ...members?.() });
    terminal.out(`${what.slice(0, -1)},"error":${whole}}`);
    return;
  }
  const { onErr } = terminal;
  const status = error.status === undefined ? "" : ` (HTTP ${error.status})`;
  const what = [command, ...Object.values(subject).map(printable)].join(" ");
  const isEmphasized = error.outcome === "unknown" && ifUnknown?.isUnsafe === true;
  const lines = [
    `${onErr.red("error:")} ${what}: ${codeName(error.code)}${status}: ${printable(error.reason)}`,
    isEmphasized ? onErr.bold(onErr.red(outcome)) : outcome,
  ];
  if (error.attempts > 1 && isOneCall) lines.push(`There were ${error.attempts} attempts.`);
  if (error instanceof JobsError && error.response.requestId !== "") {
    lines.push(`request id: ${printable(error.response.requestId)}`);
  }
  for (const detail of details ?? []) lines.push(`detail: ${escapeControls(JSON.stringify(detail))}`);
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  terminal.err(lines.join("\n"));
}

/** Writes 64-bit integers as numbers, like ByteNite's API description. JSON.stringify could not write all digits. */
function responseText({ response }: JobsError): string {
  return jsonTextOf(GenericResponseSchema, response, { jsonInt64: "number" });
}
