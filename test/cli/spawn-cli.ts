import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

// As it is built (npm test does that first): it starts in half the time.
const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** How a process of the command line ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the command line that runs. */
export interface Running {
  readonly child: ChildProcess;
  /** The first line of its standard output. */
  readonly firstLine: Promise<string>;
  /** The first line of its standard error. */
  readonly firstErrorLine: Promise<string>;
  readonly ended: Promise<Ended>;
}

/** Where a process writes, other than to this one: descriptors. */
export interface Streams {
  readonly stdout?: number;
  readonly stderr?: number;
}

/** Starts the command line as a process of its own, with nothing in its environment but what is given. */
export function startCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  streams: Streams = {},
): Running {
  return startProcess(process.execPath, [main, ...args], env, streams);
}

/** Starts it with a script for bash, in which `"$@"` is the command line. */
export function startCliInShell(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  return startProcess("/bin/bash", ["-c", script, "bash", process.execPath, main, ...args], env, {});
}

function startProcess(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  streams: Streams,
): Running {
  const child = spawn(command, args, {
    env,
    stdio: ["ignore", streams.stdout ?? "pipe", streams.stderr ?? "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const firstLineOf = async (stream: Readable | null) => {
    if (stream === null) return "";
    const [line] = await once(createInterface({ input: stream }), "line");
    return String(line);
  };
  const ended = once(child, "close").then(([status]) => ({
    status: status as number | null,
    stdout,
    stderr,
  }));
  return {
    child,
    firstLine: firstLineOf(child.stdout),
    firstErrorLine: firstLineOf(child.stderr),
    ended,
  };
}

/** Runs the command line to its end. */
export function runCli(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended> {
  return startCli(args, env).ended;
}
