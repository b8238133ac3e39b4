import { mkdirSync, writeFileSync } from "node:fs";
import { execute } from "./execute.ts";

/** Installs packages in a new folder. */
export async function install(
  folder: string,
  packages: readonly string[],
  manifest: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, JSON.stringify({ private: true, type: "module", ...manifest }));
  const flags = ["--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline"];
  await execute("npm", ["install", ...flags, ...packages], { cwd: folder });
}
