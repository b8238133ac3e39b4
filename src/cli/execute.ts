import { asError } from "../errors/as-error.ts";
import { Code } from "../errors/code.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { VERSION } from "../version.ts";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { connectionFrom, hintAboutToken } from "./connection.ts";
import { ExitStatus } from "./exit-status.ts";
import { generalHelp, helpOf } from "./help.ts";
import { type Interruption, listenForInterruption } from "./interruption.ts";
import { inTermsOfCommandLine } from "./option-names.ts";
import { checkUtf8, commonOptions, type ParsedOptions, parseOptions } from "./options.ts";
import { didItHappen, reportError } from "./report-error.ts";
import { printable, type Terminal } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";
import { wantsJson } from "./wants-json.ts";

/** How a command line ended. */
export interface Ended {
  readonly status: ExitStatus;
  /** Whether a stream still waits for its reader, who gets no more: the process has to be ended. */
  readonly isStuck: boolean;
}

/** Does what a command line says, and reports it. */
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
    const about = rest.find((arg) => !arg.startsWith("-"));
    const command = commandCalled(about);
    if (command !== undefined || about === undefined) return printHelp(command, isJson, terminal);
    return reportUsage(noSuchCommand(about), undefined, isJson, terminal);
  }
  const command = commandCalled(name);
  if (command !== undefined) return executeCommand(command, rest, terminal, interruption);
  return reportUsage(noSuchCommand(name), undefined, isJson, terminal);
}

function printHelp(about: Command | undefined, isJson: boolean, terminal: Terminal): ExitStatus {
  const help = about === undefined ? generalHelp() : helpOf(about);
  terminal.out(isJson ? JSON.stringify({ ok: true, command: "help", help }) : help);
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
  interruption: Interruption,
): Promise<ExitStatus> {
  let options: ParsedOptions | undefined;
  try {
    options = parseOptions(args, { ...command.options, ...commonOptions });
    if (options.flag("help")) return printHelp(command, options.flag("json"), terminal);
    checkOperands(command, options.positionals);
    const context = { options, terminal, isJson: options.flag("json"), interruption };
    return await command.execute(context);
  } catch (error) {
    const isJson = options?.flag("json") ?? wantsJson(args);
    if (error instanceof UsageError) return reportUsage(error.message, command, isJson, terminal);
    const failure = error instanceof RpcError ? error : unexpected(error);
    if (isBadOption(failure)) {
      return reportUsage(inTermsOfCommandLine(failure.reason, options), command, isJson, terminal);
    }
    const hint = options === undefined ? undefined : hintOf(failure, options, terminal);
    const doing = { command: command.name, jobId: options?.positionals[0], hint };
    reportError(failure, doing, isJson, terminal);
    return interruption.status ?? ExitStatus.Failed;
  }
}

/** A mistake of this program. What had begun before it may have happened. */
function unexpected(thrown: unknown): RpcError {
  const { stack, message } = asError(thrown);
  return new RpcError({
    code: Code.Internal,
    reason: `a mistake in bytenite-jobs: ${stack ?? message}`,
    outcome: "unknown",
    cause: thrown,
  });
}

function hintOf({ status }: RpcError, options: ParsedOptions, { env }: Terminal): string | undefined {
  return status === 401 ? hintAboutToken(connectionFrom(options, env)) : undefined;
}

function checkOperands({ name, operands }: Command, given: readonly string[]): void {
  if (given.length < operands.length) throw new UsageError(`${name} needs ${operands[given.length]}`);
  if (given.length > operands.length) {
    throw new UsageError(
      operands.length === 0 ? `${name} takes options only` : `${name} takes one ${operands[0]}`,
    );
  }
  operands.forEach((operand, i) => {
    checkUtf8(operand, given[i] ?? "");
  });
}

/** What the library refuses before anything is sent was wrong on the command line. */
function isBadOption({ code, outcome, attempts, status }: RpcError): boolean {
  return code === Code.InvalidArgument && outcome === "not_sent" && attempts === 0 && status === undefined;
}

function reportUsage(
  reason: string,
  command: Command | undefined,
  isJson: boolean,
  { out, err, onErr }: Terminal,
): ExitStatus {
  const name = command?.name;
  if (isJson) {
    // Who reads .error.outcome must not take this for a success.
    const error = { name: "UsageError", reason, outcome: "not_sent", outcomeInWords: didItHappen.not_sent };
    out(JSON.stringify({ ok: false, command: name, usageError: reason, error }));
  } else {
    const help = `Help: bytenite-jobs ${name === undefined ? "--help" : `${name} --help`}`;
    err(`${onErr.red("error:")} ${printable(reason)}\n${help}`);
  }
  return ExitStatus.Usage;
}
