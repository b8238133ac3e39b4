import { Code } from "../errors/code.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { VERSION } from "../version.ts";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { ExitStatus } from "./exit-status.ts";
import { generalHelp, helpOf } from "./help.ts";
import { listenForInterruption } from "./interruption.ts";
import { inWordsOfCommandLine } from "./option-words.ts";
import { commonOptions, type ParsedOptions, parseOptions } from "./options.ts";
import { reportError } from "./report-error.ts";
import { printable, type Terminal } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

/** Does what a command line says, and gives the exit status. */
export async function execute(
  args: readonly string[],
  terminal: Terminal,
  process: NodeJS.Process,
): Promise<ExitStatus> {
  const [name, ...rest] = args;
  if (name === "--version") {
    terminal.out(VERSION);
    return ExitStatus.Ok;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    return printHelp(rest[0], terminal);
  }
  const command = commandCalled(name);
  if (command !== undefined) return executeCommand(command, rest, terminal, process);
  return reportUsage(noSuchCommand(name), undefined, wantsJson(args), terminal);
}

function printHelp(name: string | undefined, terminal: Terminal): ExitStatus {
  const about = commandCalled(name);
  if (about === undefined && name !== undefined && !name.startsWith("-")) {
    return reportUsage(noSuchCommand(name), undefined, false, terminal);
  }
  terminal.out(about === undefined ? generalHelp() : helpOf(about));
  return ExitStatus.Ok;
}

function commandCalled(name: string | undefined): Command | undefined {
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
  process: NodeJS.Process,
): Promise<ExitStatus> {
  const interruption = listenForInterruption(process);
  let options: ParsedOptions | undefined;
  try {
    options = parseOptions(args, { ...command.options, ...commonOptions });
    if (options.flag("help")) {
      terminal.out(helpOf(command));
      return ExitStatus.Ok;
    }
    checkOperands(command, options.positionals);
    const context = { options, terminal, isJson: options.flag("json"), interruption };
    return await command.execute(context);
  } catch (error) {
    const isJson = options?.flag("json") ?? wantsJson(args);
    if (error instanceof UsageError) return reportUsage(error.message, command, isJson, terminal);
    if (!(error instanceof RpcError)) throw error;
    if (isBadOption(error)) {
      return reportUsage(inWordsOfCommandLine(error.reason, options), command, isJson, terminal);
    }
    reportError(error, { command: command.name, jobId: options?.positionals[0] }, isJson, terminal);
    return interruption.status ?? ExitStatus.Failed;
  } finally {
    interruption.stop();
  }
}

function checkOperands({ name, operands }: Command, given: readonly string[]): void {
  if (given.length < operands.length) throw new UsageError(`${name} needs ${operands[given.length]}`);
  if (given.length > operands.length) {
    throw new UsageError(
      operands.length === 0 ? `${name} takes options only` : `${name} takes one ${operands[0]}`,
    );
  }
}

/** What the library refuses before anything is sent was wrong on the command line. */
function isBadOption({ code, outcome, attempts, status }: RpcError): boolean {
  return code === Code.InvalidArgument && outcome === "not_sent" && attempts === 0 && status === undefined;
}

/** For a command line that cannot be parsed: how to say so. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes("--json");
}

function reportUsage(
  reason: string,
  command: Command | undefined,
  isJson: boolean,
  { out, err, onErr }: Terminal,
): ExitStatus {
  const name = command?.name;
  if (isJson) {
    out(JSON.stringify({ ok: false, command: name, usageError: reason }));
  } else {
    err(`${onErr.red("error:")} ${printable(reason)}`);
    err(`Help: bytenite-jobs ${name === undefined ? "--help" : `${name} --help`}`);
  }
  return ExitStatus.Usage;
}
