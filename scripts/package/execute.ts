import { execFile } from "node:child_process";

/** What a program that ended well has written. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Longer than any of our programs takes on a busy machine, in milliseconds. */
const TIMEOUT_MS = 120_000;

/** Runs a program to its end. Rejects, with all that it wrote, if that end is not a good one. */
export function execute(
  command: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd,
      env: { ...process.env, ...env },
      timeout: TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    };
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) {
        resolve({ stdout, stderr });
        return;
      }
      const how = error.killed
        ? `took longer than ${TIMEOUT_MS / 1_000} s`
        : `ended with ${error.code ?? error.signal}`;
      reject(new Error(`${[command, ...args].join(" ")} ${how}\n${stdout}${stderr}`));
    });
  });
}
