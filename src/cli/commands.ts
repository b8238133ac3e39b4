import type { Command } from "./command.ts";
import { abortCommand, deleteCommand, runCommand } from "./job-commands.ts";
import { probeCommand } from "./probe-command.ts";
import { serveCommand } from "./serve-command.ts";

/** All commands, in the order of the help. */
export const commands: readonly Command[] = [
  runCommand,
  abortCommand,
  deleteCommand,
  probeCommand,
  serveCommand,
];
