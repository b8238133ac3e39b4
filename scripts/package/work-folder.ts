import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes an empty folder outside of the repository, which goes when this process ends, however it ends. */
export function makeWorkFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bytenite-jobs-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  // Signals would end the process without an "exit".
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  return folder;
}
