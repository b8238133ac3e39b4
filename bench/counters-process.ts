// Makes calls for bench/counters.ts in one way, under callgrind, which counts only the last of them.
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { makeCalls } from "./make-calls.ts";
import { ways } from "./ways/all.ts";
import type { Origins } from "./ways/way.ts";

const [name, origins, calls] = process.argv.slice(2) as [keyof typeof ways, string, string];
const call = await (await ways[name]())(JSON.parse(origins) as Origins);

const round = (count: number) => makeCalls(call, count, 32);

function control(...options: string[]): void {
  execFileSync("callgrind_control", [...options, String(process.pid)], { stdio: "ignore" });
}

// Until V8 has optimized everything.
for (let i = 0; i < 20; i++) await round(6_000);
await sleep(200);
control("--instr=on");
// Fills the simulated caches.
await round(2_000);
control("--zero");
await round(Number(calls));
control("--dump=measured");
control("--instr=off");
process.exit();
