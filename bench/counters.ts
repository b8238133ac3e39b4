// npm run bench:counters: the instructions and the cache misses of one small call, side by side with a bare dispatch. They
// are counted by callgrind, which simulates the caches, so that a noisy machine or one without counters does not matter.
// What the kernel does is not counted. Needs valgrind; takes four minutes.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startPinned } from "./pinned-process.ts";
import type { ServerUsage } from "./server-process.ts";
import type { WayName } from "./ways/all.ts";
import type { Origins } from "./ways/way.ts";

const CALLS = 3_000;
const ways: readonly WayName[] = ["bare dispatch", "bytenite-jobs, binary"];

/** Size, associativity and line size in bytes: of the L1 caches for instructions and for data, and of the L2 cache. */
const processors = {
  "AMD EPYC (Zen 4): L1 32 kB, L2 1 MB": ["32768,8,64", "32768,8,64", "1048576,16,64"],
  "Intel Xeon (Sapphire Rapids): L1 32 and 48 kB, L2 2 MB": ["32768,8,64", "49152,12,64", "2097152,16,64"],
} as const;
type Caches = (typeof processors)[keyof typeof processors];

const titles = ["instructions", "L1 misses, instructions", "L1 misses, data", "L2 misses"] as const;
type Counts = readonly number[];

const server = await startPinned<Origins, ServerUsage>("server-process.ts", [], 0);
console.log(
  `Node.js ${process.versions.node}, for each of ${CALLS} calls, 32 in flight; npm run bench:counters`,
);
for (const [processor, caches] of Object.entries(processors)) {
  const rows: Counts[] = [];
  for (const way of ways) rows.push(await count(way, caches));
  const [bare = []] = rows;
  console.log(`\n${processor}\n\n| client | ${titles.join(" | ")} |\n|${" --- |".repeat(titles.length + 1)}`);
  for (const [i, row] of rows.entries()) {
    const cells = row.map(
      (each, k) => `${Math.round(each)} (× ${(each / (bare[k] ?? Number.NaN)).toFixed(2)})`,
    );
    console.log(`| ${[ways[i], ...cells].join(" | ")} |`);
  }
}
server.close();

async function count(way: WayName, [l1Instructions, l1Data, l2]: Caches): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "counters-"));
  try {
    const client = fileURLToPath(new URL("counters-process.ts", import.meta.url));
    await promisify(execFile)("valgrind", [
      "--tool=callgrind",
      "--instr-atstart=no",
      // V8 writes machine code.
      "--smc-check=all-non-file",
      "--cache-sim=yes",
      `--I1=${l1Instructions}`,
      `--D1=${l1Data}`,
      `--LL=${l2}`,
      `--callgrind-out-file=${join(folder, "counts")}`,
      process.execPath,
      client,
      way,
      JSON.stringify(server.first),
      String(CALLS),
    ]);
    // The first dump is that of the measured calls.
    const dump = readdirSync(folder).find((name) => name.endsWith(".1")) ?? "counts.1";
    return countsIn(readFileSync(join(folder, dump), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function countsIn(dump: string): Counts {
  const events = /^events: (.*)$/m.exec(dump)?.[1]?.split(" ") ?? [];
  const totals = /^(?:summary|totals): (.*)$/m.exec(dump)?.[1]?.split(" ") ?? [];
  const sum = (...names: string[]) =>
    names.reduce((total, name) => total + Number(totals[events.indexOf(name)]), 0) / CALLS;
  return [sum("Ir"), sum("I1mr"), sum("D1mr", "D1mw"), sum("ILmr", "DLmr", "DLmw")];
}
