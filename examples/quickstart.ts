// Runs, aborts and deletes a job, in binary and then in JSON, against the embedded server, and prints the requests and
// responses. `npm start` runs it.
import { JobsClient } from "bytenite-jobs";
import { startJobsServer } from "bytenite-jobs/testing";
import { printCalls } from "./support/print-calls.ts";

// An HTTP server on this machine. To call ByteNite itself, omit `baseUrl`.
await using server = await startJobsServer({ jobs: ["job-1", "job-2"] });

async function runAbortDelete(encoding: "protobuf" | "json", jobId: string) {
  await using jobs = new JobsClient({
    baseUrl: server.baseUrl,
    accessToken: server.accessToken,
    encoding, // "protobuf" is the default
  });
  return [
    await jobs.run(jobId, { taskTimeout: 3600, jobTimeout: 86_400n, isTestJob: true }),
    await jobs.abort(jobId),
    await jobs.delete(jobId),
  ];
}

const responses = {
  protobuf: await runAbortDelete("protobuf", "job-1"),
  json: await runAbortDelete("json", "job-2"),
};

const problems = printCalls(responses, server);
for (const problem of problems) console.error(`unexpected: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
