import { describe, expect, test } from "vitest";
import { type Encoding, scenarios } from "./memory-scenarios.ts";

/** A memory server is to be trusted because nobody can tell it from the one that listens. */
describe.each<Encoding>(["protobuf", "json"])("without a socket as with one, in %s", (encoding) => {
  test.each(scenarios)("$what", async ({ run, ends }) => {
    // One after the other: some stop the clock.
    const socket = await run("socket", encoding);
    const memory = await run("memory", encoding);
    expect([memory.end].flat().map(codeOf)).toEqual(ends);
    expect(memory).toEqual(socket);
  });
});

function codeOf(end: unknown): unknown {
  return typeof end === "object" && end !== null && "code" in end ? end.code : "OK";
}
