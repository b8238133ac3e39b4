import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** A child process that is asked one thing at a time. */
export interface Asked<Answer> {
  ask(message: object): Promise<Answer>;
  close(): void;
}

const canPin = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;

/** Whether processes are pinned to a core each, as far as the system allows. */
export const isPinned = canPin;

/** Starts a module of this folder on one core. @returns it, and the first thing that it said */
export async function startPinned<First, Answer>(
  module: string,
  args: readonly string[],
  core: number,
): Promise<Asked<Answer> & { readonly first: First }> {
  const file = fileURLToPath(new URL(module, import.meta.url));
  const command = [process.execPath, file, ...args];
  const [executable = "", ...rest] = canPin ? ["taskset", "-c", String(core), ...command] : command;
  const child = spawn(executable, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const first = await answerOf<First>(child);
  return {
    first,
    async ask(message) {
      child.send(message);
      return answerOf<Answer>(child);
    },
    close: () => child.disconnect(),
  };
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
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
