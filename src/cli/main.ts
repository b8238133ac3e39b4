#!/usr/bin/env node
import { ExitStatus } from "./exit-status.ts";
import { complaintAbout } from "./node-version.ts";

const complaint = complaintAbout(process.versions.node);
if (complaint === undefined) {
  // Only now: an old Node.js cannot load what the commands need.
  const { execute } = await import("./execute.ts");
  const { terminalOf } = await import("./terminal.ts");
  // Not process.exit(): it would cut off what a pipe has not taken yet.
  process.exitCode = await execute(process.argv.slice(2), terminalOf(process), process);
} else {
  console.error(`error: ${complaint}`);
  process.exitCode = ExitStatus.Failed;
}
