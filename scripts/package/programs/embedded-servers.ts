// Uses `bytenite-jobs/testing` alone, with Node's fetch as the client. Prints a line for each step that succeeded.
import assert from "node:assert/strict";
import { Customer } from "bytenite-jobs";
import { Code, StatusError, startJobsServer, startServer } from "bytenite-jobs/testing";

async function main(): Promise<void> {
  await using jobs = await startJobsServer({ jobs: ["job-1"] });
  const post = (path: string) =>
    fetch(`${jobs.baseUrl}${path}`, {
      method: "POST",
      headers: { authorization: jobs.accessToken, "content-type": "application/json" },
      body: '{"config":{"taskTimeout":"60"}}',
    });
  jobs.fault({ kind: "status", status: 503, retryAfter: 1 });
  const busy = await post("/jobs/job-1/run");
  assert.deepEqual([busy.status, busy.headers.get("retry-after")], [503, "1"]);
  assert.equal(jobs.executions.length, 0);
  const run = await post("/jobs/job-1/run");
  assert.equal(run.status, 200);
  assert.equal(((await run.json()) as { ok: boolean }).ok, true);
  assert.equal(jobs.job("job-1")?.config?.taskTimeout, 60n);
  console.log("startJobsServer responds to fetch, after a fault");

  await using server = await startServer(Customer, {
    runJob() {
      throw new StatusError(Code.ResourceExhausted, "no machines", { headers: { "retry-after": "2" } });
    },
  });
  const full = await fetch(`${server.baseUrl}/jobs/job-1/run`, { method: "POST", body: "{}" });
  assert.equal(full.status, 429);
  assert.equal(full.headers.get("retry-after"), "2");
  assert.equal(((await full.json()) as { message: string }).message, "no machines");
  assert.equal(server.requests[0]?.rpc, "bytenite.customer.Customer/RunJob");
  console.log("startServer sends a StatusError");
}

main();
