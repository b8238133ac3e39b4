// Runs `buf format` with the given flags on each module of the repository; buf accepts one at a time.
import { spawnSync } from "node:child_process";

let worst = 0;
for (const module of ["proto", "examples/proto", "test/proto"]) {
  const { status } = spawnSync("buf", ["format", module, ...process.argv.slice(2)], { stdio: "inherit" });
  worst = Math.max(worst, status ?? 1);
}
process.exitCode = worst;
