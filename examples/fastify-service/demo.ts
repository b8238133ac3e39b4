// Starts the embedded server, and the service in front of it as a child process. Calls the service, also while the API fails,
// and shuts it down during a call. `npm run example:fastify` runs it.
import { startJobsServer } from "bytenite-jobs/testing";
import { spawnService } from "../support/spawn-service.ts";

await using api = await startJobsServer({ jobs: ["job-1", "job-2", "job-3", "job-4"] });
await using service = await spawnService({
  BYTENITE_BASE_URL: api.baseUrl,
  BYTENITE_ACCESS_TOKEN: api.accessToken,
});

async function call(method: string, path: string, init: RequestInit = {}): Promise<void> {
  const response = await fetch(`${service.origin}${path}`, { method, ...init });
  const retryAfter = response.headers.get("retry-after");
  console.log(`${method} ${path} -> ${response.status}${retryAfter ? `, Retry-After: ${retryAfter}` : ""}`);
  console.log(`    ${await response.text()}`);
}

const json = (body: unknown): RequestInit => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

console.log("Calls that succeed");
await call("GET", "/readyz");
await call("POST", "/jobs/job-1/run", json({ taskTimeout: 3600, jobTimeout: 86_400, isTestJob: true }));
await call("POST", "/jobs/job-1/abort");
await call("DELETE", "/jobs/job-1");

console.log("\nMistakes of the caller");
await call("POST", "/jobs/no-such-job/run");
await call("POST", "/jobs/job-2/run", json({ tasktimeout: 3600 }));

console.log("\nFailures of the API");
api.fault({ kind: "status", status: 401 });
await call("POST", "/jobs/job-2/run");
api.fault({ kind: "status", status: 429, retryAfter: 60 });
await call("POST", "/jobs/job-2/run");
api.fault({ kind: "hang" });
await call("POST", "/jobs/job-2/run", { headers: { "x-request-timeout-ms": "200" } });
// The API runs the job, and then resets the connection.
api.fault({ kind: "reset", execute: true });
await call("POST", "/jobs/job-3/run");

console.log("\nSIGTERM during a call");
let letRespond = () => {};
const mayRespond = new Promise<void>((resolve) => {
  letRespond = resolve;
});
const seen = api.requests.length;
api.fault({ kind: "delay", until: mayRespond, execute: true });
const last = call("POST", "/jobs/job-4/run");
await api.received(seen + 1);
service.kill("SIGTERM");
await service.logged("shutting down");
letRespond();
await last;
const exitCode = await service.exited;
console.log(`The service ended with exit code ${exitCode}.`);

const runs = api.executions.filter(({ rpc }) => rpc === "RunJob").map(({ jobId }) => jobId);
console.log(`Jobs that ran: ${runs.join(", ")}`);
if (exitCode !== 0 || runs.join() !== "job-1,job-3,job-4") process.exitCode = 1;
