import { join } from "node:path";
import { execute } from "./execute.ts";
import { install } from "./install.ts";

/** A Node.js to try the package on. */
export interface Node {
  /** For instance `"22.19.0"`. */
  readonly version: string;
  /** Its program. */
  readonly path: string;
}

/** The oldest that `engines` allows, and the newest of each line that is alive, which npm looks up. */
export const nodeVersions = ["22.19.0", "24", "26"] as const;

/** One that is too old, and has to be told so. */
export const oldNodeVersion = "20";

/** Brings a Node.js, as the npm package of that name has it. */
export async function bringNode(wanted: string, folder: string): Promise<Node> {
  await install(folder, [`node@${wanted}`], { allowScripts: { node: true } });
  const path = join(folder, "node_modules/node/bin/node");
  const { stdout } = await execute(path, ["--version"], { cwd: folder });
  const version = stdout.trim().slice(1);
  if (version !== wanted && !version.startsWith(`${wanted}.`)) {
    throw new Error(`npm brought Node.js ${version} for node@${wanted}`);
  }
  return { version, path };
}
