import { asError } from "../errors/as-error.ts";
import { Code } from "../errors/code.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { VERSION } from "../version.ts";
import { callCommand } from "./call/call-command.ts";
import type { Command } from "./command.ts";
import { ExitStatus } from "./exit-status.ts";
import { generalHelp, helpOf } from "./help.ts";
import { type Interruption, listenForInterruption } from "./interruption.ts";
import { abortCommand, deleteCommand, runCommand } from "./job-commands.ts";
import { withCommandLineNames } from "./option-names.ts";
import { checkUtf8, commonOptions, type ParsedOptions, parseOptions, UsageError } from "./options.ts";
import { probeCommand } from "./probe-command.ts";
import { describeOutcome, type FailureNotes, reportError } from "./report-error.ts";
import { serveCommand } from "./serve-command.ts";
import { printable, type Terminal } from "./terminal.ts";
import { wantsJson } from "./wants-json.ts";

/** All commands, in the order of the help. */
const commands: readonly Command[] = [
  runCommand,
  abortCommand,
  deleteCommand,
  probeCommand,
  callCommand,
  serveCommand,
];

/** The result of a command line. */
export interface Ended {
  readonly status: ExitStatus;
  /** Whether a stream still waits for its reader, so that the process has to be ended. */
  readonly isStuck: boolean;
}

/** Executes a command line, and reports the result. */
export async function execute(
  args: readonly string[],
  terminal: Terminal,
  process: NodeJS.Process,
): Promise<Ended> {
  const interruption = listenForInterruption(process);
  try {
    const status = await executeLine(args, terminal, interruption);
    const written = await terminal.written(interruption.signal);
    const isReported = written === "all" || status !== ExitStatus.Ok;
    return { status: isReported ? status : ExitStatus.Unreported, isStuck: written === "stuck" };
  } finally {
    interruption.stop();
  }
}

async function executeLine(
  args: readonly string[],
  terminal: Terminal,
  interruption: Interruption,
): Promise<ExitStatus> {
  const [name, ...rest] = args;
  const isJson = wantsJson(args);
  if (name === "--version") {
    terminal.out(isJson ? JSON.stringify({ ok: true, command: "version", version: VERSION }) : VERSION);
    return ExitStatus.Ok;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    const topic = rest.find((arg) => !arg.startsWith("-"));
    const command = findCommand(topic);
    if (command !== undefined || topic === undefined) return printHelp(command, isJson, terminal);
    return reportUsage(noSuchCommand(topic), undefined, isJson, terminal);
  }
  const command = findCommand(name);
  if (command !== undefined) return executeCommand(command, rest, terminal, interruption);
  return reportUsage(noSuchCommand(name), undefined, isJson, terminal);
}

function printHelp(command: Command | undefined, isJson: boolean, terminal: Terminal): ExitStatus {
  const help = command === undefined ? generalHelp(commands) : helpOf(command);
  terminal.out(isJson ? JSON.stringify({ ok: true, command: "help", help }) : help);
  return ExitStatus.Ok;
}

function findCommand(name: string | undefined): Command | undefined {
  return commands.find((each) => each.name === name);
}

function noSuchCommand(name: string | undefined): string {
  if (name === undefined || name.startsWith("-")) return "there is no command";
  return `there is no command ${JSON.stringify(printable(name).slice(0, 40))}`;
}

async function executeCommand(
  command: Command,
  args: readonly string[],
  terminal: Terminal,
  interruption: Interruption,
): Promise<ExitStatus> {
  let options: ParsedOptions | undefined;
  let notes: FailureNotes = {};
  try {
    options = parseOptions(args, { ...command.options, ...commonOptions });
    if (options.flag("help")) return printHelp(command, options.flag("json"), terminal);
    checkOperands(command, options);
    const note = (more: FailureNotes) => {
      notes = { ...notes, ...more };
    };
    const context = { options, terminal, isJson: options.flag("json"), interruption, note };
    return await command.execute(context);
  } catch (error) {
    const isJson = options?.flag("json") ?? wantsJson(args);
    if (error instanceof UsageError) return reportUsage(error.message, command, isJson, terminal);
    const failure = error instanceof RpcError ? error : unexpected(error);
    if (isInvalidCall(failure)) {
      const reason = withCommandLineNames(failure.reason, command.libraryNames ?? {}, options);
      return reportUsage(reason, command, isJson, terminal);
    }
    reportError(failure, command.name, notes, isJson, terminal);
    return interruption.status ?? ExitStatus.Failed;
  }
}

/** Turns an unexpected error, which is a bug of this program, into an error with an unknown outcome. */
function unexpected(thrown: unknown): RpcError {
  const { stack, message } = asError(thrown);
  return new RpcError({
    code: Code.Internal,
    reason: `a bug in bytenite-jobs: ${stack ?? message}`,
    outcome: "unknown",
    cause: thrown,
  });
}

function checkOperands({ name, operands, flagWithoutOperands }: Command, options: ParsedOptions): void {
  const { positionals: args } = options;
  const isOptional = flagWithoutOperands !== undefined && options.flag(flagWithoutOperands);
  const missing = operands[args.length];
  if (missing?.startsWith("<") && !isOptional) throw new UsageError(`${name} needs ${missing}`);
  if (args.length > operands.length) {
    const [only = "options", ...others] = operands;
    if (only === "options") throw new UsageError(`${name} takes options only`);
    if (others.length === 0) throw new UsageError(`${name} takes one ${only}`);
    throw new UsageError(`${name} takes ${operands.join(" ")} only: put an argument with spaces in quotes`);
  }
  operands.forEach((operand, i) => {
    checkUtf8(operand, args[i] ?? "");
  });
}

/** Whether the command line is to blame: nothing was sent, because an argument is invalid, or no call can be made of it. */
function isInvalidCall({ code, outcome, attempts, status }: RpcError): boolean {
  const isInvalid = code === Code.InvalidArgument || code === Code.Unimplemented;
  return isInvalid && outcome === "not_sent" && attempts === 0 && status === undefined;
}

function reportUsage(
  reason: string,
  command: Command | undefined,
  isJson: boolean,
  { out, err, onErr }: Terminal,
): ExitStatus {
  const name = command?.name;
  if (isJson) {
    // Scripts that read .error.outcome must not take this for a success.
    const outcomeInWords = describeOutcome("not_sent");
    const error = { name: "UsageError", reason, outcome: "not_sent", outcomeInWords };
    out(JSON.stringify({ ok: false, command: name, usageError: reason, error }));
  } else {
    const help = `Help: bytenite-jobs ${name === undefined ? "--help" : `${name} --help`}`;
    err(`${onErr.red("error:")} ${printable(reason)}\n${help}`);
  }
  return ExitStatus.Usage;
}
