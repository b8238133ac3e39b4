import { describe, expect, test } from "vitest";
import { Code, codeName } from "../../src/errors/code.ts";
import { RpcError } from "../../src/index.ts";
import { type CallName, calls } from "../support/clients.ts";
import { countResponseHeads } from "../support/response-heads.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";
import { type CallResult, connectionRows, type FaultRow, responseRows, statusRows } from "./fault-rows.ts";
import { type Faulty, faulty, type Version } from "./faulty-server.ts";

/** Each fault of the embedded server is tested with each call, encoding and HTTP version. */
const variants = (["HTTP/1.1", "HTTP/2"] as const).flatMap((version) =>
  (["protobuf", "json"] as const).flatMap((encoding) =>
    (Object.keys(calls) as CallName[]).map((call) => ({ version, encoding, call })),
  ),
);

describe.each(variants)("$call in $encoding over $version", ({ version, encoding, call }) => {
  const applies = ({ versions = [version], encodings = [encoding] }: FaultRow) =>
    versions.includes(version) && encodings.includes(encoding);

  describe("on a connection that is", () => {
    test.each(connectionRows.filter(applies))("$name", (row) => check(row, version, encoding, call));
  });

  describe("with the status", () => {
    test.each(statusRows.filter(applies))("$name", (row) => check(row, version, encoding, call));
  });

  describe("with a response that is", () => {
    test.each(responseRows.filter(applies))("$name", (row) => check(row, version, encoding, call));
  });
});

async function check(
  { fault, run, others, options, replayed }: FaultRow,
  version: Version,
  encoding: "protobuf" | "json",
  call: CallName,
): Promise<void> {
  const { timeoutMs = 0 } = options ?? {};
  const moveOn = timeoutMs > 0 ? stopClock() : undefined;
  const heads = countResponseHeads();
  const setup = await faulty(version, { encoding, ...options });
  const { server } = setup;
  server.addJob("warm-up");
  // The connection has served a call before, as most connections have.
  await setup.client.run("warm-up", undefined, { timeoutMs: 5_000 });
  server.fault(fault);
  const expected = call === "run" ? run : others;
  const headsBefore = heads.count;
  const result = resultOf(setup, call);
  if (moveOn !== undefined) {
    await server.received(2);
    await until(() => server.executions.length === 1 + Number(expected.at(-1)));
    if ("where" in fault) await until(() => heads.count > headsBefore);
    await moveOn(timeoutMs);
  }
  expect(await result).toEqual(expected);
  const requests = expected[0] === "OK" ? expected[1] + (replayed ? 1 : 0) : expected[2];
  expect(server.requests).toHaveLength(1 + requests);
}

/** Makes the call, and returns its result. */
async function resultOf(setup: Faulty, call: CallName): Promise<CallResult> {
  const { server, client } = setup;
  const executions = () => server.executions.filter(({ jobId }) => jobId === "job-1").length;
  try {
    await calls[call](client);
    return ["OK", setup.attempts, executions()];
  } catch (error) {
    if (!(error instanceof RpcError) || error.code === Code.OK) throw error;
    const { code, outcome, attempts, history } = error;
    expect(history).toHaveLength(attempts);
    return [codeName(code) as Exclude<ReturnType<typeof codeName>, "OK">, outcome, attempts, executions()];
  }
}
