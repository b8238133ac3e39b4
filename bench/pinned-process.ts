import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** A child process that handles one request at a time. */
export interface PinnedProcess<Response> {
  request(message: object): Promise<Response>;
  close(): void;
}

const canPin = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;

/** Whether each process is pinned to a core, which needs `taskset` and more than one core. */
export const isPinned = canPin;

/** Starts a module of this folder on one core. @returns the process and its first message */
export async function startPinned<First, Response>(
  module: string,
  args: readonly string[],
  core: number,
): Promise<PinnedProcess<Response> & { readonly first: First }> {
  const file = fileURLToPath(new URL(module, import.meta.url));
  const command = [process.execPath, file, ...args];
  const [executable = "", ...rest] = canPin ? ["taskset", "-c", String(core), ...command] : command;
  const child = spawn(executable, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const first = await messageOf<First>(child);
  return {
    first,
    async request(message) {
      child.send(message);
      return messageOf<Response>(child);
    },
    close: () => child.disconnect(),
  };
}

async function messageOf<T>(child: ChildProcess): Promise<T> {
  const stop = new AbortController();
  try {
    const [value] = (await Promise.race([
      once(child, "message", { signal: stop.signal }),
      once(child, "exit", { signal: stop.signal }).then(() => {
        throw new Error("a process of the benchmark ended");
      }),
    ])) as [T];
    return value;
  } finally {
    stop.abort();
  }
}
