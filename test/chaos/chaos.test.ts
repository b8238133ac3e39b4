import { expect, test } from "vitest";
import { chaosRun } from "./chaos-run.ts";

// `npm run chaos` does the same with a hundred thousand calls. The number of calls bounds the run, not time.
test("with random faults, no job runs twice, and none that ran has the outcome not_sent or rejected", async () => {
  const counts = await chaosRun(1, 4_000);
  expect(counts).toMatchObject({
    calls: 4_000,
    runTwice: 0,
    notDoneButRun: 0,
    okButNotRun: 0,
    okButOther: 0,
    untypedErrors: 0,
    hung: 0,
  });
  // The run has to have all kinds of results.
  const { ok, rejected, unknown, unknownButRun, retries } = counts;
  for (const count of [ok, rejected, unknown, unknownButRun, retries]) expect(count).toBeGreaterThan(50);
}, 600_000);
