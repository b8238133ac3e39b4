import { expect, test } from "vitest";
import { fuzzStreams } from "./fuzz-streams.ts";

// `npm run fuzz` does the same with a million streams.
test.each([
  ["memory", 2_000],
  ["sockets", 300],
] as const)(
  "fuzzed streams over %s are the messages that were meant, or those before an error",
  async (over, count) => {
    const { faults, ...counts } = await fuzzStreams(1, count, over);
    expect(faults).toEqual([]);
    expect(counts.streams).toBe(count);
    // The run has to have all kinds of results.
    for (const each of [counts.ends, counts.serverErrors, counts.errors])
      expect(each).toBeGreaterThan(count / 50);
  },
);
