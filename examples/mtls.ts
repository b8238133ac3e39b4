// Mutual TLS: the server requires a client certificate, and the client trusts a private authority. The dispatcher does all of
// it. `npm run example:mtls` runs it.
import { JobsClient, RpcError } from "bytenite-jobs";
import { startJobsServer } from "bytenite-jobs/testing";
import { Agent } from "undici";
import { createAuthority } from "./support/certificates.ts";
import { startTlsFront } from "./support/tls-front.ts";

// An HTTPS server on this machine, with certificates in memory. Yours are files.
const authority = await createAuthority();
await using api = await startJobsServer({ jobs: ["job-1", "job-2"] });
await using front = await startTlsFront(api.port, { ca: authority.ca, ...(await authority.server()) });
const { cert, key } = await authority.client("billing-service");
const { ca } = authority;

/** Runs a job over connections with these TLS options. */
async function run(jobId: string, connect: NonNullable<Agent.Options["connect"]>): Promise<string> {
  // A service creates one dispatcher and closes it at its end. The client never closes it.
  const dispatcher = new Agent({ connect });
  await using jobs = new JobsClient({
    baseUrl: `https://localhost:${front.port}/v1/customer`,
    accessToken: api.accessToken,
    dispatcher,
  });
  try {
    const { message } = await jobs.run(jobId);
    return message;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return `${error.outcome}, ${error.message}`;
  } finally {
    await dispatcher.close();
  }
}

console.log("With a certificate:", await run("job-1", { ca, cert, key }));

// The client rejects the server's certificate before it sends anything.
console.log("A server that the client does not trust:", await run("job-2", { cert, key }));

// In TLS 1.2 the server rejects the client during the handshake: nothing was sent.
console.log("Without a certificate, in TLS 1.2:", await run("job-2", { ca, maxVersion: "TLSv1.2" }));

// In TLS 1.3 the client completes its handshake before the server checks its certificate, so the request is already sent when
// the server rejects it. The client only sees that the connection ends: the outcome is "unknown", and the client does not
// retry. So test a new certificate with an idempotent call, not with a run.
console.log("Without a certificate, in TLS 1.3:", await run("job-2", { ca, minVersion: "TLSv1.3" }));

console.log(`\nThe server accepted: ${front.letIn.join(", ")}`);
const jobIds = api.executions.map(({ jobId }) => jobId);
console.log(`Jobs that ran: ${jobIds.join(", ")}`);
if (jobIds.join() !== "job-1") process.exitCode = 1;
