import { join } from "node:path";
import { execute } from "./execute.ts";
import { install } from "./install.ts";

/** A Node.js to test the package on. */
export interface Node {
  /** For instance `"22.19.0"`. */
  readonly version: string;
  /** The path of the executable. */
  readonly path: string;
}

/** The oldest version that `engines` allows, and the newest of each supported line, which npm looks up. */
export const nodeVersions = ["22.19.0", "24", "26"] as const;

/** A version that is too old, and has to get an error. */
export const oldNodeVersion = "20";

/** Installs a Node.js from the npm package `node`. */
export async function installNode(wanted: string, folder: string): Promise<Node> {
  await install(folder, [`node@${wanted}`], { allowScripts: { node: true } });
  const path = join(folder, "node_modules/node/bin/node");
  const { stdout } = await execute(path, ["--version"], { cwd: folder });
  const version = stdout.trim().slice(1);
  if (version !== wanted && !version.startsWith(`${wanted}.`)) {
    throw new Error(`npm installed Node.js ${version} for node@${wanted}`);
  }
  return { version, path };
}
