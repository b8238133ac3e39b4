import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

// The built command line (npm test builds it first), because it starts in half the time.
const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** The result of a command line. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command line. */
export interface Running {
  readonly child: ChildProcess;
  /** The first line of its standard output. */
  readonly firstLine: Promise<string>;
  /** The first line of its standard error. */
  readonly firstErrorLine: Promise<string>;
  readonly ended: Promise<Ended>;
}

/** Descriptors that replace the pipes to this process. */
export interface Streams {
  readonly stdout?: number;
  readonly stderr?: number;
}

/** Starts the command line as a child process with exactly this environment. */
export function startCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  streams: Streams = {},
): Running {
  return startProcess(process.execPath, [main, ...args], env, streams);
}

/** Starts the command line with a bash script, in which `"$@"` is the command line. */
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
