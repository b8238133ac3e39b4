import type { ExitStatus } from "./exit-status.ts";
import type { Interruption } from "./interruption.ts";
import type { Options, ParsedOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** The context in which a command runs. */
export interface CommandContext {
  readonly options: ParsedOptions;
  readonly terminal: Terminal;
  readonly isJson: boolean;
  readonly interruption: Interruption;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** The arguments after the name, for instance `<jobId>`. */
  readonly operands: readonly string[];
  /** One line, for the list of commands. */
  readonly summary: string;
  /** More lines for the command's help. */
  readonly details: readonly string[];
  /** The lines about exit statuses, if they differ from those of a call. */
  readonly statuses?: readonly string[];
  readonly options: Options;
  /**
   * @throws UsageError if the command line is invalid
   * @throws RpcError if the call fails
   */
  readonly execute: (context: CommandContext) => Promise<ExitStatus>;
}
