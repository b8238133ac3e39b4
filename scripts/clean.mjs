// Removes the folders named on the command line, so that no stale file is ever packed.
import { rmSync } from "node:fs";

for (const folder of process.argv.slice(2)) rmSync(folder, { recursive: true, force: true });
