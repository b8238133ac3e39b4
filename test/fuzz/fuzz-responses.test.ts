import { expect, test } from "vitest";
import { fuzzResponses } from "./fuzz-responses.ts";

// `npm run fuzz` does the same with a million responses.
test("ten thousand fuzzed responses end in the right value or an RpcError", async () => {
  const { faults, ...counts } = await fuzzResponses(1, 10_000);
  expect(faults).toEqual([]);
  expect(counts.responses).toBe(10_000);
  // The run has to have all kinds of results.
  for (const count of [counts.values, counts.jobsErrors, counts.errors]) expect(count).toBeGreaterThan(500);
}, 600_000);
