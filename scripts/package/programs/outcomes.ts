// Makes calls that fail in each way, and checks their outcomes, their events and their stacks. Prints a line for each step that
// succeeded.
import assert from "node:assert/strict";
import { tracingChannel } from "node:diagnostics_channel";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type CallEvent, codeName, JobsClient, RpcError } from "bytenite-jobs";
import { startJobsServer } from "bytenite-jobs/testing";

/** The line that the stacks lead to. Bun sees only functions that await. */
async function lineOfTheCaller(call: () => Promise<unknown>): Promise<RpcError> {
  try {
    await call();
  } catch (error) {
    assert(error instanceof RpcError);
    const [first, ...lines] = (error.stack ?? "").split("\n");
    assert.equal(first, `${error.name}: ${error.message}`);
    assert.match(lines.join("\n"), /lineOfTheCaller .*outcomes\.js/);
    return error;
  }
  throw new Error("the call did not fail");
}

async function main(): Promise<void> {
  const events: CallEvent[] = [];
  tracingChannel("bytenite-jobs:call").subscribe({
    ...{ start() {}, end() {}, asyncStart() {}, error() {} },
    asyncEnd: (event) => events.push(event as CallEvent),
  });
  const check = async (what: string, expected: string, call: () => Promise<unknown>) => {
    const error = await lineOfTheCaller(async () => await call());
    assert.equal(`${codeName(error.code)} ${error.outcome} ${error.attempts}`, expected, what);
    const event = events.pop();
    assert.equal(event?.error, error);
    assert.equal(event?.outcome, error.outcome);
    console.log(`${what}: ${expected}`);
  };

  const ids = ["reset", "cut", "hang", "signal", "garbage"].map((name) => `job-${name}`);
  await using server = await startJobsServer({ jobs: ids });
  const { baseUrl, accessToken } = server;
  await using jobs = new JobsClient({ baseUrl, accessToken, retry: false });

  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, "close");
  await using nowhere = new JobsClient({ baseUrl: `http://127.0.0.1:${port}`, accessToken, retry: false });
  await check("refused", "Unavailable not_sent 1", () => nowhere.run("job-1"));

  server.fault({ kind: "reset", where: "before-answer", execute: true });
  await check("reset", "Unavailable unknown 1", () => jobs.run("job-reset"));
  server.fault({ kind: "reset", where: "in-answer", execute: true });
  await check("reset in the response", "Unavailable unknown 1", () => jobs.run("job-cut"));
  server.fault({ kind: "garbage", execute: true });
  await check("a response that cannot be decoded", "DataLoss unknown 1", () => jobs.run("job-garbage"));
  assert.deepEqual(
    server.executions.map(({ jobId }) => jobId),
    ["job-reset", "job-cut", "job-garbage"],
  );

  server.fault({ kind: "hang" });
  await check("a deadline", "DeadlineExceeded unknown 1", () => jobs.run("job-hang", {}, { timeoutMs: 100 }));
  const forever = { baseUrl, accessToken: () => new Promise<string>(() => undefined) };
  await using waiting = new JobsClient(forever);
  await check("a deadline before the request", "DeadlineExceeded not_sent 0", () =>
    waiting.run("job-hang", {}, { timeoutMs: 100 }),
  );
  server.fault({ kind: "hang" });
  await check("a signal", "DeadlineExceeded unknown 1", () =>
    jobs.run("job-signal", {}, { signal: AbortSignal.timeout(100) }),
  );
  const cancelled = new AbortController();
  const canceller = createServer((socket) => socket.once("data", () => cancelled.abort()));
  canceller.listen(0, "127.0.0.1");
  await once(canceller, "listening");
  const { port: heard } = canceller.address() as AddressInfo;
  await using silent = new JobsClient({ baseUrl: `http://127.0.0.1:${heard}`, accessToken });
  await check("cancelled", "Cancelled unknown 1", () =>
    silent.run("job-1", {}, { signal: cancelled.signal }),
  );
  canceller.close();
  await once(canceller, "close");

  await check("an invalid call", "InvalidArgument not_sent 0", () => jobs.run(""));
  await check("an error response", "NotFound rejected 1", () => jobs.run("no-such-job"));
  server.fault({ kind: "refusal", message: "no money" });
  await check("a refusal", "Unknown rejected 1", () => jobs.abort("job-hang"));
  await using patient = new JobsClient({ baseUrl, accessToken });
  server.fault({ kind: "status", status: 429, retryAfter: 0 });
  assert.equal((await patient.run("job-hang")).ok, true);
  assert.equal(events.pop()?.attempts, 2);
  console.log("a rate limit is retried");
}

main();
