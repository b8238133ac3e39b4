import { expect, onTestFinished, test } from "vitest";
import { spawnService } from "../../examples/support/spawn-service.ts";
import { startJobsServer } from "../../src/testing/index.ts";
import { runExample } from "./run-example.ts";

// With the built package: npm test builds it first.

async function running() {
  const api = await startJobsServer({ jobs: ["job-1", "job-2"] });
  const service = await spawnService({
    BYTENITE_BASE_URL: api.baseUrl,
    BYTENITE_ACCESS_TOKEN: api.accessToken,
  });
  onTestFinished(async () => {
    await service[Symbol.asyncDispose]();
    await api.close();
  });
  const post = (path: string) => fetch(`${service.origin}${path}`, { method: "POST" });
  return { api, service, post };
}

/** Starts a call to which the API responds only after `letRespond()`. */
async function callInFlight({ api, post }: Awaited<ReturnType<typeof running>>) {
  let letRespond = () => {};
  const until = new Promise<void>((resolve) => {
    letRespond = resolve;
  });
  api.fault({ kind: "delay", until, execute: true });
  const call = post("/jobs/job-1/run");
  await api.received(1);
  return { letRespond, call };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "at %s the call in flight ends, new ones are refused, nothing runs twice, and the exit code is 0",
  async (signal) => {
    const all = await running();
    const { api, service, post } = all;
    const { letRespond, call } = await callInFlight(all);
    service.kill(signal);
    await service.logged("shutting down");
    // The service stops listening a moment after this log line.
    const isTaken = () =>
      fetch(`${service.origin}/livez`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (await isTaken());
    const refused = await post("/jobs/job-2/run").then(
      ({ status }) => status,
      ({ cause }) => cause.code,
    );
    expect([503, "ECONNREFUSED"]).toContain(refused);

    letRespond();
    const response = await call;
    expect(response.status).toBe(200);
    expect(response.headers.get("connection")).toBe("close");
    expect(await service.exited).toBe(0);
    expect(service.log.at(-1)?.msg).toBe("closed");
    expect(api.executions).toEqual([{ rpc: "RunJob", jobId: "job-1" }]);
    expect(api.requests).toHaveLength(1);
  },
);

test("the second signal ends the service at once", async () => {
  const all = await running();
  const { service } = all;
  const { letRespond, call } = await callInFlight(all);
  const lost = expect(call).rejects.toThrow();
  service.kill("SIGTERM");
  await service.logged("shutting down");
  service.kill("SIGTERM");
  expect(await service.exited).toBe(1);
  await lost;
  letRespond();
});

test("the demo calls the service, shows each kind of response, and ends by itself", async () => {
  const { status, stdout } = await runExample("examples/fastify-service/demo.ts");
  expect(status).toBe(0);
  const statuses = [...stdout.matchAll(/^[A-Z]+ \S+ -> (\d+.*)$/gm)].map(([, status]) => status);
  expect(statuses).toEqual([
    "200", // readyz
    "200",
    "200",
    "200",
    "404",
    "400",
    "502",
    "429, Retry-After: 60",
    "504",
    "502",
    "200", // during SIGTERM
  ]);
  expect(stdout).toContain("The service ended with exit code 0.\nJobs that ran: job-1, job-3, job-4\n");
});
