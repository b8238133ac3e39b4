import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const builds = new URL("../.build/", import.meta.url);

export interface GoProcess<Ready> {
  /** The first line of the process, which is JSON. */
  readonly ready: Ready;
  close(): Promise<void>;
}

/** Starts a program that npm run test:interop has built in test/interop/.build, and waits until it serves. */
export async function startGoProcess<Ready>(
  path: string,
  flags: readonly string[] = [],
): Promise<GoProcess<Ready>> {
  const binary = fileURLToPath(new URL(path, builds));
  if (!existsSync(binary)) {
    throw new Error(`${path} is not built: npm run test:interop builds it and runs these tests`);
  }
  const child = spawn(binary, flags, { stdio: ["pipe", "pipe", "pipe"] });
  const said = lastWordsOf(child);
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [first] = await Promise.race([
    once(lines, "line") as Promise<[string]>,
    exited.then(([code, signal]) => {
      throw new Error(`${path} ended before it was ready (${code ?? signal}): ${said()}`);
    }),
  ]);
  return {
    ready: JSON.parse(first) as Ready,
    close: async () => {
      // The process ends when its standard input ends.
      child.stdin.end();
      await exited;
    },
  };
}

/** Reads all of standard error, so that the process never blocks on a full pipe, and keeps the last part. */
function lastWordsOf(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(-4096);
  });
  return () => text.trim();
}
