import type { ExitStatus } from "./exit-status.ts";
import type { Interruption } from "./interruption.ts";
import type { Options, ParsedOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** What a command works with. */
export interface CommandContext {
  readonly options: ParsedOptions;
  readonly terminal: Terminal;
  readonly isJson: boolean;
  readonly interruption: Interruption;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** What comes behind the name, for instance `<jobId>`. */
  readonly operands: readonly string[];
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What else there is to know, line by line. */
  readonly details: readonly string[];
  /** What its exit statuses mean, line by line, where they are not those of a call. */
  readonly statuses?: readonly string[];
  readonly options: Options;
  /**
   * @throws UsageError if the command line cannot be understood
   * @throws RpcError if the call fails
   */
  readonly execute: (context: CommandContext) => Promise<ExitStatus>;
}
