import type { ExitStatus } from "./exit-status.ts";
import type { Interruption } from "./interruption.ts";
import type { LibraryNames } from "./option-names.ts";
import type { Options, ParsedOptions } from "./options.ts";
import type { FailureNotes } from "./report-error.ts";
import type { Terminal } from "./terminal.ts";

/** The context in which a command runs. */
export interface CommandContext {
  readonly options: ParsedOptions;
  readonly terminal: Terminal;
  readonly isJson: boolean;
  readonly interruption: Interruption;
  /** Adds to what the report says if the command fails. */
  note(notes: FailureNotes): void;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** The arguments after the name, for instance `<jobId>`. One in square brackets may be missing. */
  readonly operands: readonly string[];
  /** The flag with which all operands may be missing. */
  readonly flagWithoutOperands?: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** More lines for the command's help. */
  readonly details: readonly string[];
  /** The lines about exit statuses, if they differ from those of a call. */
  readonly statuses?: readonly string[];
  readonly options: Options;
  /** The names on the command line of what the library's errors name. */
  readonly libraryNames?: LibraryNames;
  /**
   * @throws UsageError if the command line is invalid
   * @throws RpcError if the call fails
   */
  readonly execute: (context: CommandContext) => Promise<ExitStatus>;
}
