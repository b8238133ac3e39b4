import { execFile } from "node:child_process";

/** The output of a program. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** The time limit of a program, in milliseconds; none needs as long, even on a busy machine. */
const TIMEOUT_MS = 120_000;

/** Runs a program. Rejects with its output if its exit status is not 0. */
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
      const reason = error.killed
        ? `took longer than ${TIMEOUT_MS / 1_000} s`
        : `ended with ${error.code ?? error.signal}`;
      reject(new Error(`${[command, ...args].join(" ")} ${reason}\n${stdout}${stderr}`));
    });
  });
}
