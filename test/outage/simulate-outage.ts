// npm run simulate:outage [-- --seed 7]: five hundred clients, a thousand calls a second, and a server that is gone for
// a minute. In virtual time; the clients retry by the policies that the library runs.
import { parseArgs } from "node:util";
import { Random } from "../fuzz/random.ts";
import { manners, simulateFleet } from "./fleet.ts";
import { outageReport } from "./outage-report.ts";

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" } } });

const rows = manners.map((manner) => {
  const report = outageReport(simulateFleet(manner, new Random(Number(values.seed))));
  return {
    "the fleet retries like": manner.name,
    "requests per call in the outage": report.requestsPerCall.toFixed(2),
    "seconds to recover": report.secondsToRecover.toFixed(1),
    "calls that failed after it": report.failedAfterwards,
    "rescued of the last second": report.rescued,
  };
});
console.table(rows);
