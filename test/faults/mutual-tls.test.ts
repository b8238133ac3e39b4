import { Agent, ProxyAgent } from "undici";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Authority, type Credentials, createAuthority } from "../../examples/support/certificates.ts";
import { startConnectProxy } from "../../examples/support/connect-proxy.ts";
import { startTlsFront } from "../../examples/support/tls-front.ts";
import { Code } from "../../src/index.ts";
import { startJobsServer } from "../../src/testing/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";

let authority: Authority;
let ca: string;
let server: Credentials;
let client: Credentials;
let stranger: Credentials;

beforeAll(async () => {
  authority = await createAuthority();
  ca = authority.ca;
  server = await authority.server();
  client = await authority.client("billing-service");
  stranger = await (await createAuthority()).client("stranger");
});

/** The API behind a server that requires a client certificate of its authority. */
async function behindMutualTls({ http2 = false } = {}) {
  const api = await startJobsServer({ jobs: ["job-1"], accessToken: "token-1", http2 });
  const ALPNProtocols = [http2 ? "h2" : "http/1.1"];
  const front = await startTlsFront(api.port, { ca, ...server, ALPNProtocols });
  onTestFinished(async () => {
    await front[Symbol.asyncDispose]();
    await api.close();
  });
  return { api, front, baseUrl: `https://localhost:${front.port}/v1/customer` };
}

function agent(connect: NonNullable<Agent.Options["connect"]>): Agent {
  const dispatcher = new Agent({ connect });
  onTestFinished(() => dispatcher.destroy());
  return dispatcher;
}

test.each([false, true])("a client with a certificate is accepted (HTTP/2: %s)", async (http2) => {
  const { api, front, baseUrl } = await behindMutualTls({ http2 });
  const jobs = jobsClient(baseUrl, { dispatcher: agent({ ca, ...client }) });
  await jobs.run("job-1");
  await jobs.delete("job-1");
  expect(new Set(front.letIn)).toEqual(new Set(["billing-service"]));
  expect(api.executions.map(({ rpc }) => rpc)).toEqual(["RunJob", "DeleteJob"]);
});

test("a client with a certificate is accepted through a proxy", async () => {
  const { api, front, baseUrl } = await behindMutualTls();
  const proxy = await startConnectProxy();
  const dispatcher = new ProxyAgent({ uri: proxy.url, requestTls: { ca, ...client } });
  onTestFinished(async () => {
    await dispatcher.destroy();
    await proxy[Symbol.asyncDispose]();
  });
  await jobsClient(baseUrl, { dispatcher }).run("job-1");
  expect(proxy.asked).toEqual([`CONNECT localhost:${front.port}`]);
  expect(front.letIn).toEqual(["billing-service"]);
  expect(api.executions).toHaveLength(1);
});

describe.each([
  ["no certificate", () => ({})],
  ["a stranger's certificate", () => stranger],
])("a client with %s", (_what, own) => {
  test("is rejected by TLS 1.2 in the handshake: not sent", async () => {
    const { api, front, baseUrl } = await behindMutualTls();
    const jobs = jobsClient(baseUrl, { dispatcher: agent({ ca, ...own(), maxVersion: "TLSv1.2" }) });
    const error = await caught(jobs.run("job-1"));
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "not_sent", attempts: 4 });
    expect(front.turnedAway).toHaveLength(4);
    expect(api.requests).toHaveLength(0);
  });

  // The client sends the request right after its certificate. The connection then ends, as if the server had died in the
  // middle of the run.
  test("is rejected by TLS 1.3 after the handshake: unknown, and run is not retried", async () => {
    const { api, front, baseUrl } = await behindMutualTls();
    const jobs = jobsClient(baseUrl, { dispatcher: agent({ ca, ...own(), minVersion: "TLSv1.3" }) });
    const error = await caught(jobs.run("job-1"));
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 1 });
    expect(front.turnedAway).toHaveLength(1);
    expect(api.requests).toHaveLength(0);

    expect(await caught(jobs.abort("job-1"))).toMatchObject({ outcome: "unknown", attempts: 4 });
  });
});

test("a client that does not trust the server: not sent", async () => {
  const { api, baseUrl } = await behindMutualTls();
  const error = await caught(jobsClient(baseUrl, { dispatcher: agent({ ...client }) }).run("job-1"));
  expect(error).toMatchObject({ code: Code.Unavailable, outcome: "not_sent" });
  expect(api.requests).toHaveLength(0);
});
