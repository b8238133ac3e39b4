import type { DescMethod, Message, Registry } from "@bufbuild/protobuf";
import { rpcName } from "../../transcoding/rpc-name.ts";
import type { CommandContext } from "../command.ts";
import { ExitStatus } from "../exit-status.ts";
import { escapeControls } from "../terminal.ts";
import { indented, responseText } from "./message-json.ts";

/** How responses are printed. */
export interface Output {
  readonly types: Registry;
  readonly context: CommandContext;
  /** More members of the document of `--json`. */
  readonly members: () => Readonly<Record<string, unknown>>;
}

/** Prints the only response of a call. */
export function printResponse(
  method: DescMethod,
  message: Message,
  { types, context, members }: Output,
): void {
  const { terminal, isJson } = context;
  const response = responseText(method.output, message, types);
  if (isJson) {
    const head = JSON.stringify({ ok: true, command: "call", method: rpcName(method), ...members() });
    terminal.out(`${head.slice(0, -1)},"response":${response}}`);
  } else {
    terminal.out(terminal.isInteractive ? escapeControls(indented(response)) : response);
  }
}

/** Prints each response in a line, as it comes. */
export async function printStream(
  method: DescMethod,
  responses: AsyncIterable<Message>,
  { types, context, members }: Output,
): Promise<ExitStatus> {
  const { terminal, isJson, interruption, note } = context;
  let count = 0;
  note({ members: () => ({ ...members(), responses: count }) });
  try {
    for await (const message of responses) {
      const json = responseText(method.output, message, types);
      const line = isJson ? `{"response":${json}}` : terminal.isInteractive ? escapeControls(json) : json;
      if (!(await terminal.line(line, interruption.signal))) return interruption.status ?? ExitStatus.Ok;
      count++;
    }
  } catch (error) {
    // To interrupt a stream is how one ends it.
    if (interruption.status !== undefined && count > 0 && !isJson) return interruption.status;
    if (count > 0)
      note({
        ifUnknown: { text: `The stream broke after ${count} ${count === 1 ? "message" : "messages"}.` },
      });
    throw error;
  }
  if (isJson) {
    const end = { ok: true, command: "call", method: rpcName(method), ...members(), responses: count };
    terminal.out(JSON.stringify(end));
  }
  return ExitStatus.Ok;
}
