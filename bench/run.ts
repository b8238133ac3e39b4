// npm run bench: the cost of a call, side by side with other ways to make it.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { chartOf } from "./chart.ts";
import { measure, type Plan } from "./measure.ts";
import { isPinned } from "./pinned-process.ts";
import { tableOf, targetsOf } from "./report.ts";
import { wayNames } from "./ways/all.ts";

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    rounds: { type: "string" },
    calls: { type: "string" },
    "in-flight": { type: "string" },
    ways: { type: "string" },
    chart: { type: "string" },
  },
});

const numberOr = (text: string | undefined, otherwise: number) =>
  text === undefined ? otherwise : Number(text);
const plan: Plan = {
  ways:
    values.ways === undefined ? wayNames : wayNames.filter((way) => new RegExp(values.ways ?? "").test(way)),
  inFlight: (values["in-flight"] ?? (values.short ? "32" : "1,32,128")).split(",").map(Number),
  rounds: numberOr(values.rounds, values.short ? 5 : 11),
  calls: numberOr(values.calls, 6_000),
  warmupCalls: values.short ? 15_000 : 20_000,
};

const day = new Date().toISOString().slice(0, 10);
const place = `${cpus().length} cores of ${cpus()[0]?.model.trim() || process.arch}`;
const how = isPinned ? "server and client pinned to a core each" : "not pinned";
const caption = `${day}, ${place}, Node.js ${process.versions.node}, ${how}; npm run bench`;

const results = await measure(plan, (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${text}\x1b[K`);
});
if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
console.log(
  `${caption}\n${plan.rounds} rounds of ${plan.calls} calls; medians of the rounds, and of the ratios within each\n`,
);
for (const inFlight of plan.inFlight) console.log(`${tableOf(results, inFlight)}\n`);
if (plan.inFlight.includes(32)) console.log(`Targets, 32 in flight\n${targetsOf(results)}`);
if (values.chart !== undefined) {
  mkdirSync(dirname(values.chart), { recursive: true });
  writeFileSync(
    values.chart,
    chartOf(results, plan.inFlight.includes(32) ? 32 : (plan.inFlight[0] ?? 32), caption),
  );
}
