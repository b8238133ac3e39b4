import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PRISM } from "./install-prism.ts";

const description = fileURLToPath(new URL("../../bytenite-openapi.json", import.meta.url));

/** A running Prism that validates requests. */
export interface Prism {
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * Starts Stoplight Prism with ByteNite's description, on a port that the system chooses.
 *
 * @param upstream the origin to forward requests to; without one Prism responds with mocks
 */
export async function startPrism(upstream?: string): Promise<Prism> {
  if (!existsSync(PRISM)) {
    throw new Error("Prism is not there: npm run test:interop installs it and runs these tests");
  }
  const mode = upstream === undefined ? ["mock", description] : ["proxy", description, upstream, "--errors"];
  const args = [PRISM, ...mode, "--port", "0", "--host", "127.0.0.1", "--multiprocess", "false"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  const close = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  const origin = await Promise.race([originOf(child), exited.then(() => undefined)]);
  if (origin !== undefined) return { origin, close };
  throw new Error("Prism ended before it was ready");
}

/** Reads all output, so that the process never blocks on a full pipe. */
function originOf(child: ChildProcess): Promise<string | undefined> {
  child.stderr?.resume();
  const { stdout } = child;
  return new Promise((resolve) => {
    if (stdout === null) return resolve(undefined);
    createInterface({ input: stdout }).on("line", (line) => {
      const origin = /Prism is listening on (http:\/\/\S+)/.exec(line)?.[1];
      if (origin !== undefined) resolve(origin);
    });
  });
}
