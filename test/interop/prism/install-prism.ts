import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const installed = join(here, "node_modules", "@stoplight", "prism-cli");

/** The path of the command. */
export const PRISM = join(installed, "dist", "index.js");

/** Installs Prism by the lock file here, if it is missing. Without scripts: one of them sends telemetry. */
export function installPrism(): void {
  const lock = JSON.parse(readFileSync(join(here, "package-lock.json"), "utf8"));
  const { version } = lock.packages["node_modules/@stoplight/prism-cli"];
  if (versionInstalled() === version) return;
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"];
  const { status, error } = spawnSync("npm", args, { cwd: here, stdio: "inherit" });
  if (status !== 0) throw new Error(`npm ci of Prism failed: ${error?.message ?? status}`);
}

function versionInstalled(): string | undefined {
  const manifest = join(installed, "package.json");
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")).version : undefined;
}
