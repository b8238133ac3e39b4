// npm run fuzz [-- --responses 1000000 --seed 7]
import { parseArgs } from "node:util";
import { fuzzResponses } from "./fuzz-responses.ts";

const { values } = parseArgs({
  options: { responses: { type: "string", default: "1000000" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const total = Number(values.responses);
const round = 50_000;
const sum = { responses: 0, values: 0, jobsErrors: 0, errors: 0 };

for (let done = 0, i = 0; done < total; done += round, i++) {
  const { faults, ...counts } = await fuzzResponses(seed + i, Math.min(round, total - done));
  for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += counts[key];
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
  const heap = Math.round(process.memoryUsage().heapUsed / 2 ** 20);
  console.log(
    `seed ${seed + i}: ${sum.responses} responses, ${sum.values} values, ${sum.jobsErrors} JobsErrors, ` +
      `${sum.errors} errors, ${faults.length} faults in this round, heap ${heap} MiB`,
  );
}
