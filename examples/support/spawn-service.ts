import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../fastify-service/main.ts", import.meta.url));

/** A line of a pino log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** The Fastify service as a child process. */
export interface ServiceProcess extends AsyncDisposable {
  /** For instance `http://127.0.0.1:49152`. */
  readonly origin: string;
  /** The log so far. */
  readonly log: readonly LogLine[];
  /** Resolves with the first past or future log line with this message. */
  logged(msg: string): Promise<LogLine>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code when the process ends, or with null if a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** Starts the service on a port that the system chooses, and waits until it listens. */
export async function spawnService(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [main], {
    env: { PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "close").then(([code]) => code as number | null);
  const log: LogLine[] = [];
  const waiting = new Map<string, (line: LogLine) => void>();
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (text) => {
    const line = JSON.parse(text) as LogLine;
    log.push(line);
    waiting.get(line.msg)?.(line);
  });
  const logged = async (msg: string): Promise<LogLine> => {
    const past = log.find((line) => line.msg === msg);
    if (past !== undefined) return past;
    const line = new Promise<LogLine>((resolve) => waiting.set(msg, resolve));
    const ended = exited.then((code) => {
      throw new Error(`the service ended (${code}) before it logged ${JSON.stringify(msg)}`);
    });
    return Promise.race([line, ended]);
  };
  const listening = new Promise<string>((resolve) => {
    lines.on("line", () => {
      const [, address] = /^Server listening at (\S+)$/.exec(log.at(-1)?.msg ?? "") ?? [];
      if (address !== undefined) resolve(address);
    });
  });
  const origin = await Promise.race([
    listening,
    exited.then((code) => {
      throw new Error(`the service ended (${code}) before it listened`);
    }),
  ]);
  return {
    origin,
    log,
    logged,
    kill: (signal) => child.kill(signal),
    exited,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await exited;
    },
  };
}
