// Runs the tests with four busy processes beside them, one time or as many as are asked for: npm run test:busy -- 5
// What fails here and not in `npm test` depends on how fast the machine is.
import { spawn, spawnSync } from "node:child_process";

const times = Number(process.argv[2] ?? 1);
// They end with this process, however it ends.
const busy = "const { ppid } = process; while (process.ppid === ppid);";
const beside = Array.from({ length: 4 }, () => spawn(process.execPath, ["-e", busy], { stdio: "ignore" }));

let failed = 0;
for (let i = 0; i < times; i++) {
  if (spawnSync("vitest", ["run"], { stdio: "inherit" }).status !== 0) failed++;
}
for (const child of beside) child.kill();
console.log(`${times - failed} of ${times} runs passed`);
process.exitCode = failed === 0 ? 0 : 1;
