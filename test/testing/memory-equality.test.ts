import { describe, expect, test } from "vitest";
import { type Encoding, scenarios } from "./memory-scenarios.ts";

/** A memory server is to be trusted because nobody can tell it from the one that listens. */
describe.each<Encoding>(["protobuf", "json"])("without a socket as with one, in %s", (encoding) => {
  test.each(scenarios)("$what", async ({ run, ends }) => {
    const [socket, memory] = await Promise.all([run("socket", encoding), run("memory", encoding)]);
    expect([memory.end].flat().map(codeOf)).toEqual(ends);
    expect(memory).toEqual(socket);
  });
});

function codeOf(end: unknown): unknown {
  return typeof end === "object" && end !== null && "code" in end ? end.code : "OK";
}
