// Uses `bytenite-jobs` like a backend, against the embedded server of the same package. Prints a line for each step that
// succeeded. All is in a function, because a CommonJS project has no top-level await.
import assert from "node:assert/strict";
import { Code, Customer, JobsClient, JobsError, probe, RpcError } from "bytenite-jobs";
import { startJobsServer } from "bytenite-jobs/testing";

async function main(): Promise<void> {
  await using server = await startJobsServer({ jobs: ["job-binary", "job-json", "job-lost"] });
  const { baseUrl, accessToken, apiKey } = server;

  for (const [encoding, mediaType] of [
    ["protobuf", "application/x-protobuf"],
    ["json", "application/json"],
  ] as const) {
    const id = encoding === "json" ? "job-json" : "job-binary";
    await using jobs = new JobsClient({ baseUrl, accessToken, encoding });
    const limits = { taskTimeout: 3_600, jobTimeout: 86_400n, isTestJob: true };
    const response = await jobs.run(id, limits);
    assert.equal(response.ok, true);
    assert.notEqual(response.requestId, "");
    const stored = server.job(id);
    assert.equal(stored?.state, "running");
    assert.equal(stored?.config?.taskTimeout, 3_600n);
    assert.equal(stored?.config?.jobTimeout, 86_400n);
    assert.equal((await jobs.abort(id)).ok, true);
    assert.equal(server.job(id)?.state, "aborted");
    assert.equal((await jobs.delete(id)).ok, true);
    assert.equal(server.job(id)?.state, "deleted");

    const [run, abort, remove] = server.requests.slice(-3);
    assert.deepEqual([run?.method, abort?.method, remove?.method], ["POST", "POST", "DELETE"]);
    assert.equal(run?.headers["content-type"], mediaType);
    assert.equal(run?.responseHeaders["content-type"], mediaType);
    console.log(`run, abort and delete in ${mediaType}`);

    const error: unknown = await jobs.run("no-such-job").catch((reason: unknown) => reason);
    assert(error instanceof RpcError);
    assert.equal(error.code, Code.NotFound);
    assert.equal(error.status, 404);
    assert.equal(error.outcome, "rejected");
    assert.equal(error.method, `${Customer.typeName}/RunJob`);
    console.log(`NotFound in ${mediaType}`);
  }

  await using jobs = new JobsClient({ baseUrl, apiKey });
  server.fault({ kind: "reset", where: "before-answer", execute: true }, { rpc: "RunJob" });
  const lost: unknown = await jobs.run("job-lost").catch((reason: unknown) => reason);
  assert(lost instanceof RpcError && !(lost instanceof JobsError));
  assert.equal(lost.outcome, "unknown");
  assert.equal(lost.attempts, 1);
  assert.equal(server.executions.filter(({ jobId }) => jobId === "job-lost").length, 1);
  console.log("a lost run with an API key is unknown, and not retried");

  server.fault({ kind: "refusal", message: "no money" });
  const refused: unknown = await jobs.abort("job-lost").catch((reason: unknown) => reason);
  assert(refused instanceof JobsError);
  assert.equal(refused.response.ok, false);
  assert.match(refused.message, /no money/);
  console.log("a refusal is a JobsError");

  const report = await probe({ baseUrl, accessToken });
  assert.equal(report.findings.find(({ id }) => id === "config-field")?.verdict, "proven");
  assert.equal(report.configField, 2);
  console.log("probe finds the config in field 2");
}

main();
