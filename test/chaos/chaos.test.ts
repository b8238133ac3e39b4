import { expect, test } from "vitest";
import { chaosRun } from "./chaos-run.ts";

// `npm run chaos` does the same with a hundred thousand calls. The run is bounded by its calls; how long they take is the
// machine's affair.
test("no job is run twice, and none that was run is called undone, whatever goes wrong", async () => {
  const counts = await chaosRun(1, 4_000);
  expect(counts).toMatchObject({
    calls: 4_000,
    runTwice: 0,
    calledUndoneButRun: 0,
    okButNotRun: 0,
    okButOther: 0,
    untypedErrors: 0,
    hung: 0,
  });
  // The run is worth little if nearly everything ends the same way.
  const { ok, rejected, unknown, unknownButRun, retries } = counts;
  for (const count of [ok, rejected, unknown, unknownButRun, retries]) expect(count).toBeGreaterThan(50);
}, 600_000);
