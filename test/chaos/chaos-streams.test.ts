import { expect, test } from "vitest";
import { chaosOfStreams } from "./chaos-streams.ts";

// `npm run chaos` does the same with twenty thousand streams.
test("with random faults, streams have no message twice, lose none before a clean end, and none hangs", async () => {
  const counts = await chaosOfStreams(1, 500);
  expect(counts).toMatchObject({
    streams: 500,
    wrongMessages: 0,
    lostMessages: 0,
    wrongRequests: 0,
    leakedRequests: 0,
    notSentButBegun: 0,
    untypedErrors: 0,
    hung: 0,
  });
  for (const count of [counts.ended, counts.left, counts.failed]) expect(count).toBeGreaterThan(20);
}, 600_000);
