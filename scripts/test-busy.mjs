// npm run test:busy: runs the tests beside four busy processes, once or several times (`-- 5`). A test that fails here but not
// in `npm test` depends on the speed of the machine.
import { spawn, spawnSync } from "node:child_process";

const times = Number(process.argv[2] ?? 1);
// The busy processes end with this process.
const busy = "const { ppid } = process; while (process.ppid === ppid);";
const processes = Array.from({ length: 4 }, () => spawn(process.execPath, ["-e", busy], { stdio: "ignore" }));

let failed = 0;
for (let i = 0; i < times; i++) {
  if (spawnSync("vitest", ["run"], { stdio: "inherit" }).status !== 0) failed++;
}
for (const child of processes) child.kill();
console.log(`${times - failed} of ${times} runs passed`);
process.exitCode = failed === 0 ? 0 : 1;
