import { Agent, type Dispatcher, interceptors, RetryAgent } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Fault, startJobsServer } from "../../src/testing/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";

const eager = { minTimeout: 1, methods: ["POST" as const] };

const dispatchers: readonly (readonly [string, () => Dispatcher])[] = [
  ["RetryAgent", () => new RetryAgent(new Agent(), eager)],
  ["the retry interceptor", () => new Agent().compose(interceptors.retry(eager))],
];

/** A run with a fault, through a dispatcher. */
async function run(dispatcher: Dispatcher, fault: Fault) {
  const api = await startJobsServer({ jobs: ["job-1"], accessToken: "token-1" });
  onTestFinished(async () => {
    await dispatcher.destroy();
    await api.close();
  });
  api.fault(fault);
  const error = await caught(jobsClient(api.baseUrl, { dispatcher }).run("job-1"));
  return { api, error };
}

describe.each(dispatchers)("%s, configured to retry a POST,", (_name, dispatcher) => {
  test("is stopped if there was no response: the job runs once", async () => {
    const { api, error } = await run(dispatcher(), { kind: "reset", execute: true });
    expect(error.outcome).toBe("unknown");
    expect(api.requests).toHaveLength(1);
    expect(api.executions).toHaveLength(1);
  });

  // The documentation warns of this. Here the job store rejects the second run; another server would not.
  test("resends a run in the middle of its response, unnoticed by the client", async () => {
    const { api, error } = await run(dispatcher(), { kind: "reset", where: "in-answer" });
    expect(error).toMatchObject({ outcome: "unknown", attempts: 1 });
    expect(api.requests.map(({ rpc }) => rpc?.split("/")[1])).toEqual(["RunJob", "RunJob"]);
  });
});

test("RetryAgent does not retry a POST by default", async () => {
  for (const where of ["before-answer", "in-answer"] as const) {
    const { api } = await run(new RetryAgent(new Agent(), { minTimeout: 1 }), {
      kind: "reset",
      where,
      execute: true,
    });
    expect(api.requests).toHaveLength(1);
  }
});
