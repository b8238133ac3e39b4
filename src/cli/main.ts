#!/usr/bin/env node
import { execute } from "./execute.ts";
import { terminalOf } from "./terminal.ts";

// Not process.exit(): it would cut off what a pipe has not taken yet.
process.exitCode = await execute(process.argv.slice(2), terminalOf(process), process);
