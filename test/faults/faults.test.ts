import { describe, expect, test } from "vitest";
import { Code, codeName } from "../../src/errors/code.ts";
import { RpcError } from "../../src/index.ts";
import { type CallName, calls } from "../support/clients.ts";
import { answerRows, connectionRows, type End, type FaultRow, statusRows } from "./fault-rows.ts";
import { type Faulty, faulty, type Version } from "./faulty-server.ts";

/** Every way in which the embedded server goes wrong, in every call, encoding and HTTP version. */
const variants = (["HTTP/1.1", "HTTP/2"] as const).flatMap((version) =>
  (["protobuf", "json"] as const).flatMap((encoding) =>
    (Object.keys(calls) as CallName[]).map((name) => ({ version, encoding, name })),
  ),
);

describe.each(variants)("$name in $encoding over $version", ({ version, encoding, name }) => {
  const applies = ({ versions = [version], encodings = [encoding] }: FaultRow) =>
    versions.includes(version) && encodings.includes(encoding);

  describe("on a connection that is", () => {
    test.each(connectionRows.filter(applies))("$what", (row) => check(row, version, encoding, name));
  });

  describe("that is answered with", () => {
    test.each(statusRows.filter(applies))("$what", (row) => check(row, version, encoding, name));
  });

  describe("whose answer is", () => {
    test.each(answerRows.filter(applies))("$what", (row) => check(row, version, encoding, name));
  });
});

async function check(
  { fault, run, others, options, replayed }: FaultRow,
  version: Version,
  encoding: "protobuf" | "json",
  name: CallName,
): Promise<void> {
  const setup = await faulty(version, { encoding, ...options });
  const { server } = setup;
  server.addJob("warm-up");
  // A connection that has served a call before, as most have.
  await setup.client.run("warm-up");
  server.fault(fault);
  const expected = name === "run" ? run : others;
  expect(await endOf(setup, name)).toEqual(expected);
  const requests = expected[0] === "OK" ? expected[1] + (replayed ? 1 : 0) : expected[2];
  expect(server.requests).toHaveLength(1 + requests);
}

/** Makes the call, and says how it ended. */
async function endOf(setup: Faulty, name: CallName): Promise<End> {
  const { server, client } = setup;
  const executions = () => server.executions.filter(({ jobId }) => jobId === "job-1").length;
  try {
    await calls[name](client);
    return ["OK", setup.attempts, executions()];
  } catch (error) {
    if (!(error instanceof RpcError) || error.code === Code.OK) throw error;
    const { code, outcome, attempts, history } = error;
    expect(history).toHaveLength(attempts);
    return [codeName(code) as Exclude<ReturnType<typeof codeName>, "OK">, outcome, attempts, executions()];
  }
}
