import { expect, test } from "vitest";
import { fuzzAnswers } from "./fuzz-responses.ts";

// `npm run fuzz` does the same with a million answers.
test("ten thousand fuzzed answers end in the right value or an RpcError", async () => {
  const { faults, ...counts } = await fuzzAnswers(1, 10_000);
  expect(faults).toEqual([]);
  expect(counts.answers).toBe(10_000);
  // The run is worth little if nearly everything ends the same way.
  for (const count of [counts.values, counts.refusals, counts.errors]) expect(count).toBeGreaterThan(500);
}, 600_000);
