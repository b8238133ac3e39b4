// Requests in absolute form, as clients send them to a proxy (RFC 9112, section 3.2.2).
import { request } from "node:http";
import { type Dispatcher, ProxyAgent } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../src/index.ts";
import { createMemoryJobsServer, startJobsServer } from "../../src/testing/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";

/** Sends a request with exactly this target, and returns the status of the response. */
function statusOf(port: number, method: string, path: string, accessToken: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: accessToken };
    request({ port, host: "127.0.0.1", method, path, headers, agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    })
      .on("error", reject)
      .end();
  });
}

/** {@link statusOf} without a socket. */
function memoryStatusOf(dispatcher: Dispatcher, method: Dispatcher.HttpMethod, path: string, token: string) {
  return new Promise<number>((resolve, reject) => {
    dispatcher.dispatch(
      { path, method, headers: { authorization: token } },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, status) => resolve(status),
        onResponseData: () => undefined,
        onResponseEnd: () => undefined,
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}

const targets: readonly (readonly [target: string, status: number])[] = [
  ["http://api.example.com/v1/customer/jobs/job-1/abort", 200],
  ["HTTPS://api.example.com:8443/v1/customer/jobs/job-1/abort", 200],
  ["http://user@[::1]:80/v1/customer/jobs/job-1/abort", 200],
  ["http://api.example.com/v1/customer/jobs/job-1/abort?x=http://y/z", 200],
  ["http://api.example.com/v1/customer/jobs/no-such-job/abort", 404],
  ["http://api.example.com/jobs/job-1/abort", 404],
  ["http://api.example.com", 404],
  ["http://api.example.com?/v1/customer/jobs/job-1/abort", 404],
  ["ftp://api.example.com/v1/customer/jobs/job-1/abort", 404],
];

describe("a target in absolute form is served like its path", () => {
  test.each(targets)("%s: %i", async (target, status) => {
    await using server = await startJobsServer({ jobs: ["job-1"] });
    expect(await statusOf(server.port, "POST", target, server.accessToken)).toBe(status);
    expect(server.requests).toMatchObject([{ path: target, status }]);
    expect(server.executions).toHaveLength(status === 200 ? 1 : 0);
  });

  // undici sends no others.
  const sendable = targets.filter(([target]) => /^https?:\/\//.test(target));

  test.each(sendable)("in memory: %s: %i", async (target, status) => {
    await using server = createMemoryJobsServer({ jobs: ["job-1"] });
    const { dispatcher, accessToken } = server;
    expect(await memoryStatusOf(dispatcher, "POST", target, accessToken)).toBe(status);
    expect(server.requests).toMatchObject([{ path: target, status }]);
  });

  test("in memory: no others are sent", async () => {
    const { dispatcher } = createMemoryJobsServer();
    for (const path of ["http:/v1", "ftp://x/v1", "http"]) {
      await expect(memoryStatusOf(dispatcher, "POST", path, "")).rejects.toThrow("invalid request path");
    }
  });
});

describe("undici's ProxyAgent, with an embedded server in the place of the proxy", () => {
  async function behindProxy() {
    const server = await startJobsServer({ jobs: ["job-1"] });
    const dispatcher = new ProxyAgent({ uri: `http://127.0.0.1:${server.port}`, token: "Basic dTpw" });
    onTestFinished(async () => {
      await dispatcher.destroy();
      await server.close();
    });
    const { apiKey } = server;
    return { server, client: jobsClient("http://api.localhost/v1/customer", { apiKey, dispatcher }) };
  }

  test("carries calls and the exchange of an API key", async () => {
    const { server, client } = await behindProxy();
    expect(await client.run("job-1", { isTestJob: true })).toMatchObject({ ok: true });
    expect(server.executions).toHaveLength(1);
    expect(server.requests).toMatchObject([
      { rpc: "AccessToken", path: "http://api.localhost/v1/auth/access_token" },
      {
        rpc: "bytenite.customer.Customer/RunJob",
        path: "http://api.localhost/v1/customer/jobs/job-1/run",
        headers: { host: "api.localhost", "proxy-authorization": "Basic dTpw" },
      },
    ]);
  });

  test("meets the faults of an rpc", async () => {
    const { server, client } = await behindProxy();
    server.fault({ kind: "reset" }, { rpc: "RunJob" });
    expect(await caught(client.run("job-1"))).toMatchObject({ code: Code.Unavailable, outcome: "unknown" });
  });
});

test("the embedded exchange reads JSON behind a byte order mark", async () => {
  await using server = await startJobsServer();
  const body = `\ufeff${JSON.stringify({ apiKey: server.apiKey })}`;
  const response = await fetch(server.tokenUrl, { method: "POST", body });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ token: expect.stringMatching(/^token-/) });
});
