// npm run simulate:outage [-- --seed 7]: simulates five hundred clients with a thousand calls per second and a server that
// is down for a minute, in virtual time, with the library's retry policies.
import { parseArgs } from "node:util";
import { Random } from "../fuzz/random.ts";
import { behaviors, simulateFleet } from "./fleet.ts";
import { outageReport } from "./outage-report.ts";

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" } } });

const rows = behaviors.map((behavior) => {
  const report = outageReport(simulateFleet(behavior, new Random(Number(values.seed))));
  return {
    "retry behavior": behavior.name,
    "requests per call in the outage": report.requestsPerCall.toFixed(2),
    "seconds to recover": report.secondsToRecover.toFixed(1),
    "calls that failed after the outage": report.failedAfterwards,
    "calls of the last second that succeeded": report.rescued,
  };
});
console.table(rows);
