// Calls through an HTTP proxy, as from a company network. The dispatcher does all of it.
// `npm run example:proxy` runs it.
import { JobsClient, RpcError } from "bytenite-jobs";
import { startJobsServer } from "bytenite-jobs/testing";
import { type Dispatcher, EnvHttpProxyAgent, ProxyAgent } from "undici";
import { createAuthority } from "./support/certificates.ts";
import { startConnectProxy } from "./support/connect-proxy.ts";
import { startTlsFront } from "./support/tls-front.ts";

// An API and a proxy on this machine. The API uses HTTPS, with a certificate of a private authority.
const authority = await createAuthority();
const { ca } = authority;
await using api = await startJobsServer({ jobs: ["job-1", "job-2", "job-3", "job-4", "job-5", "job-6"] });
await using front = await startTlsFront(api.port, await authority.server());
await using proxy = await startConnectProxy("user:password");
const proxyUrl = proxy.url.replace("//", "//user:password@");
const httpsUrl = `https://localhost:${front.port}/v1/customer`;

/** Runs a job, and prints the result and the proxy's requests. */
async function run(title: string, jobId: string, baseUrl: string, dispatcher: Dispatcher): Promise<void> {
  const seen = proxy.asked.length;
  await using jobs = new JobsClient({ baseUrl, accessToken: api.accessToken, dispatcher });
  try {
    const { message } = await jobs.run(jobId);
    console.log(`${title}: ${message}`);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    console.log(`${title}: ${error.outcome}, ${error.message}`);
  } finally {
    for (const line of new Set(proxy.asked.slice(seen))) console.log(`    the proxy received: ${line}`);
    // A service creates one dispatcher and closes it at its end. The client never closes it.
    await dispatcher.close();
  }
}

// For https: the proxy makes a tunnel, and sees only the name of the host. `requestTls` is for the API; `proxyTls` would be for
// a proxy with an https: URL.
await run("A tunnel", "job-1", httpsUrl, new ProxyAgent({ uri: proxyUrl, requestTls: { ca } }));

// The usual environment variables. Lower case overrides HTTPS_PROXY.
process.env.no_proxy = "";
process.env.https_proxy = proxyUrl;
const environment = { requestTls: { ca }, connect: { ca } };
await run("https_proxy", "job-2", httpsUrl, new EnvHttpProxyAgent(environment));
process.env.no_proxy = "localhost";
await run("no_proxy", "job-3", httpsUrl, new EnvHttpProxyAgent(environment));

// A proxy that refuses has forwarded nothing: the outcome is "not_sent", and the client makes four attempts.
await run("A wrong password", "job-4", httpsUrl, new ProxyAgent({ uri: proxy.url, requestTls: { ca } }));
proxy.refuseWith(502);
await run("A proxy that fails", "job-4", httpsUrl, new ProxyAgent({ uri: proxyUrl, requestTls: { ca } }));
proxy.refuseWith(undefined);

// For http: the proxy gets the absolute URL and forwards the request, so it sees the token and the job.
await run("Plain http", "job-5", api.baseUrl, new ProxyAgent(proxyUrl));
await run("Plain http, no password", "job-4", api.baseUrl, new ProxyAgent(proxy.url));
// `proxyTunnel` makes a tunnel for http: too, if the proxy allows tunnels to such ports.
await run("Plain http, a tunnel", "job-6", api.baseUrl, new ProxyAgent({ uri: proxyUrl, proxyTunnel: true }));

const jobIds = api.executions.map(({ jobId }) => jobId);
console.log(`\nJobs that ran: ${jobIds.join(", ")}`);
if (jobIds.join() !== "job-1,job-2,job-3,job-5,job-6") process.exitCode = 1;
