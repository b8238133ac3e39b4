import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { commonOptions, type Options } from "./options.ts";

/** The help of the whole program. */
export function generalHelp(): string {
  const width = Math.max(...commands.map((each) => nameAndOperands(each).length));
  return [
    "Usage: bytenite-jobs <command> [options]",
    "",
    "Commands:",
    ...commands.map((each) => `  ${nameAndOperands(each).padEnd(width)}  ${each.summary}`),
    "",
    "Options:",
    "  -h, --help     print this help; behind a command, that of the command",
    "      --version  print the version",
    "",
    ...environment,
    "",
    ...statuses,
  ].join("\n");
}

/** The help of one command. */
export function helpOf(command: Command): string {
  const usesCredential = "access-token" in command.options;
  return [
    `Usage: bytenite-jobs ${nameAndOperands(command)} [options]`,
    "",
    `${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`,
    ...command.details,
    "",
    "Options:",
    ...optionLines({ ...command.options, ...commonOptions }),
    ...(usesCredential ? ["", ...environment] : []),
    "",
    ...(command.statuses ?? statuses),
  ].join("\n");
}

const environment = [
  "Environment: BYTENITE_BASE_URL, and BYTENITE_ACCESS_TOKEN or BYTENITE_API_KEY.",
  "Prefer these for secrets: other users of this machine can see options, and your shell remembers them.",
];

const statuses = [
  "Exit status: 0 done, 1 the call failed (whether it happened is in its message, and is `outcome` with --json),",
  "2 the command line is wrong and nothing was sent, 3 done, but the report could not be written (it went to the",
  "other of standard output and standard error), 130 ended by Ctrl-C, 143 ended by SIGTERM.",
];

function nameAndOperands({ name, operands }: Command): string {
  return [name, ...operands].join(" ");
}

function optionLines(options: Options): string[] {
  const rows = Object.entries(options).map(([name, { short, value, help }]) => {
    const dash = short === undefined ? "    " : `-${short}, `;
    return [`${dash}--${name}${value === undefined ? "" : ` ${value}`}`, help] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`);
}
