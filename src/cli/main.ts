#!/usr/bin/env node
import { ExitStatus } from "./exit-status.ts";
import { wantsJson } from "./wants-json.ts";

const args = process.argv.slice(2);
// First and separately, because an old Node.js cannot load the modules of the commands.
const tooOld = await import("../supported-node.ts").then(
  () => undefined,
  (error: Error) => error.message,
);
if (tooOld === undefined) {
  const { execute } = await import("./execute.ts");
  const { terminalOf } = await import("./terminal.ts");
  const { status, isStuck } = await execute(args, terminalOf(process), process);
  // Only then, because process.exit() would cut off what a pipe has not accepted yet.
  if (isStuck) process.exit(status);
  process.exitCode = status;
} else {
  process.exitCode = ExitStatus.Failed;
  if (wantsJson(args)) {
    console.log(JSON.stringify({ ok: false, error: { reason: tooOld, outcome: "not_sent" } }));
  } else {
    console.error(`error: ${tooOld}`);
  }
}
