// Mutual TLS: the server wants to see a certificate of the client, and the client has its own idea of whom to
// trust. All of it is the dispatcher's business. `npm run example:mtls` runs it.
import { JobsClient, RpcError } from "bytenite-jobs";
import { startJobsServer } from "bytenite-jobs/testing";
import { Agent } from "undici";
import { createAuthority } from "./support/certificates.ts";
import { startTlsFront } from "./support/tls-front.ts";

// A real HTTPS server on this machine, and certificates that live as long as this process. Yours are files.
const authority = await createAuthority();
await using api = await startJobsServer({ jobs: ["job-1", "job-2"] });
await using front = await startTlsFront(api.port, { ca: authority.ca, ...(await authority.server()) });
const { cert, key } = await authority.client("billing-service");
const { ca } = authority;

/** Runs a job over connections that are made so. */
async function run(jobId: string, connect: NonNullable<Agent.Options["connect"]>): Promise<string> {
  // One for the whole process, closed by whoever made it: the client leaves it open.
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

// The client refuses, before it has sent anything: such a server may be anybody.
console.log("A server that it does not trust:", await run("job-2", { cert, key }));

// In TLS 1.2 the server refuses in the handshake: nothing was sent.
console.log("Without one, in TLS 1.2:", await run("job-2", { ca, maxVersion: "TLSv1.2" }));

// In TLS 1.3 the client's part of the handshake is over before the server has looked at its certificate, so the
// request is on its way when the refusal comes. All that the client sees is a connection that ends: "unknown". It is
// not tried again. So try a new certificate with a call that may happen twice, not with a run.
console.log("Without one, in TLS 1.3:", await run("job-2", { ca, minVersion: "TLSv1.3" }));

console.log(`\nThe server let in: ${front.letIn.join(", ")}`);
const jobIds = api.executions.map(({ jobId }) => jobId);
console.log(`Jobs that ran: ${jobIds.join(", ")}`);
if (jobIds.join() !== "job-1") process.exitCode = 1;
