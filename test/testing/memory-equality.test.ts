import { describe, expect, test } from "vitest";
import { type Encoding, scenarios } from "./memory-scenarios.ts";

/** Runs each scenario on a listening server and on a memory server: both must give the same result. */
describe.each<Encoding>(["protobuf", "json"])("the same with a socket and in memory, in %s", (encoding) => {
  test.each(scenarios)("$what", async ({ run, ends }) => {
    // In sequence, because some scenarios stop the clock.
    const socket = await run("socket", encoding);
    const memory = await run("memory", encoding);
    expect([memory.end].flat().map(codeOf)).toEqual(ends);
    expect(memory).toEqual(socket);
  });
});

function codeOf(end: unknown): unknown {
  return typeof end === "object" && end !== null && "code" in end ? end.code : "OK";
}
