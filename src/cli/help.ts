import type { Command } from "./command.ts";

import { commonOptions, type Options } from "./options.ts";

/** The help of the whole program. */
export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((each) => nameAndOperands(each).length));
  return [
    "Usage: bytenite-jobs <command> [options]",
    "",
    "Commands:",
    ...commands.map((each) => `  ${nameAndOperands(each).padEnd(width)}  ${each.summary}`),
    "",
    "Options:",
    "  -h, --help     print this help; after a command, the help of the command",
    "      --version  print the version",
    "",
    ...environment,
    "call reads none of these variables.",
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
  "Prefer these for secrets: other users of this machine can see options, and your shell keeps them in its history.",
];

const statuses = [
  "Exit status: 0 success, 1 the call failed (the message, and `outcome` with --json, say whether it happened),",
  "2 the command line is invalid and nothing was sent, 3 success, but the report could not be written to its stream",
  "and went to the other one (standard output or standard error), 130 ended by Ctrl-C, 143 ended by SIGTERM.",
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
