import { expect, test } from "vitest";
import { type Outcome, RpcError } from "../../src/index.ts";
import { faulty } from "../faults/faulty-server.ts";
import { Random } from "../fuzz/random.ts";
import { jobsClient } from "../support/clients.ts";
import { closedPort } from "../support/loopback.ts";
import { behaviors, simulateFleet } from "./fleet.ts";
import { outageReport } from "./outage-report.ts";

const CALLS = 1_000;
const IN_FLIGHT = 20;

/** Makes a thousand calls, and returns the number of attempts and the outcomes. */
async function thousandCalls(call: (id: string) => Promise<unknown>) {
  let attempts = 0;
  let next = 0;
  const outcomes = new Set<Outcome>();
  const worker = async () => {
    for (let i = next++; i < CALLS; i = next++) {
      const error = await call(`job-${i}`).catch((thrown: unknown) => thrown);
      if (!(error instanceof RpcError))
        throw new Error("the call did not fail as it should", { cause: error });
      attempts += error.attempts;
      outcomes.add(error.outcome);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return { attempts, outcomes: [...outcomes] };
}

test.each([
  ["503", { kind: "status", status: 503 }],
  ["502 in HTML", { kind: "html" }],
  ["lost connections", { kind: "reset" }],
] as const)("in a total outage (%s) at most 1.1 requests leave us for each call", async (_what, fault) => {
  const { server, client } = await faulty("HTTP/1.1");
  server.fault(fault, { times: Number.POSITIVE_INFINITY });
  const { attempts, outcomes } = await thousandCalls((id) => client.abort(id));
  expect(outcomes).toEqual(["unknown"]);
  expect(server.requests).toHaveLength(attempts);
  expect(attempts).toBeLessThanOrEqual(1.1 * CALLS);
});

test("while the server is down, a call connects at most 1.1 times", async () => {
  const client = jobsClient(`http://127.0.0.1:${await closedPort()}`);
  const { attempts, outcomes } = await thousandCalls((id) => client.run(id));
  expect(outcomes).toEqual(["not_sent"]);
  expect(attempts).toBeLessThanOrEqual(1.1 * CALLS);
});

test("after the outage, retries resume with the first successful calls", async () => {
  const { server, client } = await faulty("HTTP/1.1");
  server.fault({ kind: "status", status: 503 }, { times: Number.POSITIVE_INFINITY });
  await thousandCalls((id) => client.abort(id));
  server.clearFaults();
  // From 0 tokens to more than 5, by a tenth for each success.
  for (let i = 0; i < 62; i++) {
    server.addJob(`calm-${i}`);
    await client.run(`calm-${i}`);
  }
  server.fault({ kind: "status", status: 503 });
  await client.abort("calm-1");
  expect(server.requests.at(-1)?.status).toBe(200);
});

// `npm run simulate:outage` prints a table.
test("a simulated fleet adds almost no load in an outage, and recovers as fast as without retries", () => {
  const [ours, plain, none] = behaviors.map((behavior) =>
    outageReport(simulateFleet(behavior, new Random(1))),
  );
  expect(ours?.requestsPerCall).toBeLessThan(1.1);
  expect(plain?.requestsPerCall).toBe(4);
  expect(none?.requestsPerCall).toBe(1);
  expect(ours?.secondsToRecover).toBeLessThanOrEqual(plain?.secondsToRecover ?? 0);
});
