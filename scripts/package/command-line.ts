import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Check } from "./checks.ts";
import { execute } from "./execute.ts";
import type { Runtime } from "./runtimes.ts";

/** Checks the command that npm links. Node.js is started as from a shell, by its place in the PATH; another runtime runs the file. */
export function checksOfCommandLine(
  runtime: Runtime,
  root: string,
  folder: string,
  version: string,
): Check[] {
  const linked = join(folder, "node_modules/.bin/bytenite-jobs");
  const isNode = runtime.kind.name === "Node.js";
  const [command, ...before] = isNode
    ? ([linked] as const)
    : ([runtime.path, ...runtime.run, linked] as const);
  const path = { PATH: `${dirname(runtime.path)}${delimiter}${process.env.PATH}` };
  return [
    {
      name: "bytenite-jobs --version",
      async run() {
        const { stdout } = await execute(command, [...before, "--version"], { cwd: folder, env: path });
        if (stdout !== `${version}\n`) throw new Error(`it prints ${JSON.stringify(stdout)}, not ${version}`);
        return version;
      },
    },
    {
      name: "bytenite-jobs run and call, against bytenite-jobs serve",
      async run() {
        const env = { ...process.env, ...path };
        const server = spawn(command, [...before, "serve", "--json", "--job", "job-1"], {
          cwd: folder,
          env,
          stdio: ["ignore", "pipe", "inherit"],
        });
        const ended = once(server, "exit");
        try {
          const [line] = await Promise.race([once(createInterface(server.stdout), "line"), ended]);
          const { baseUrl, accessToken } = JSON.parse(String(line));
          const clientEnv = { ...path, BYTENITE_BASE_URL: baseUrl, BYTENITE_ACCESS_TOKEN: accessToken };
          const args = [...before, "run", "job-1", "--task-timeout", "60", "--json"];
          const { stdout } = await execute(command, args, { cwd: folder, env: clientEnv });
          const { ok, requestId } = JSON.parse(stdout);
          if (ok !== true || typeof requestId !== "string") throw new Error(`run printed ${stdout}`);
          const descriptors = join(folder, "api.binpb");
          await execute(join(root, "node_modules/.bin/buf"), ["build", "proto", "-o", descriptors], {
            cwd: root,
          });
          const where = [
            "--descriptors",
            descriptors,
            "--base-url",
            baseUrl,
            "-H",
            `authorization: ${accessToken}`,
          ];
          const call = [
            ...before,
            "call",
            ...where,
            "bytenite.customer.Customer/AbortJob",
            '{"jobId":"job-1"}',
          ];
          const response = await execute(command, call, { cwd: folder, env: path });
          if (JSON.parse(response.stdout).ok !== true) throw new Error(`call printed ${response.stdout}`);
        } finally {
          server.kill("SIGTERM");
        }
        const [status] = await ended;
        if (status !== 0) throw new Error(`serve ended with ${status} on SIGTERM`);
        return undefined;
      },
    },
  ];
}
