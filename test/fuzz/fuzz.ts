// npm run fuzz [-- --responses 1000000 --streams 1000000 --seed 7]
import { parseArgs } from "node:util";
import { fuzzResponses } from "./fuzz-responses.ts";
import { fuzzStreams } from "./fuzz-streams.ts";

const { values } = parseArgs({
  options: {
    responses: { type: "string", default: "1000000" },
    streams: { type: "string", default: "1000000" },
    seed: { type: "string" },
  },
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

/** One round of this many comes over real sockets; a dispatcher in the process is faster. */
const SOCKET_ROUNDS = 10;
const totalStreams = Number(values.streams);
const streams = { streams: 0, ends: 0, serverErrors: 0, errors: 0, messages: 0 };
for (let done = 0, i = 0; done < totalStreams; done += round, i++) {
  const over = i % SOCKET_ROUNDS === 0 ? "sockets" : "memory";
  const { faults, ...counts } = await fuzzStreams(seed + i, Math.min(round, totalStreams - done), over);
  for (const key of Object.keys(streams) as (keyof typeof streams)[]) streams[key] += counts[key];
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
  const heap = Math.round(process.memoryUsage().heapUsed / 2 ** 20);
  console.log(
    `seed ${seed + i}, over ${over}: ${streams.streams} streams, ${streams.messages} messages, ${streams.ends} ends, ` +
      `${streams.serverErrors} errors of the server, ${streams.errors} errors, ${faults.length} faults in this round, heap ${heap} MiB`,
  );
}
