import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { type ProbeReport, probe } from "../../src/index.ts";
import { type JobsServer, type JobsServerOptions, startJobsServer } from "../../src/testing/index.ts";
import { binary, verdictsOf } from "./verdicts.ts";

async function jobsServer(options: JobsServerOptions = {}): Promise<JobsServer> {
  const server = await startJobsServer({ jobs: ["job-1"], ...options });
  onTestFinished(() => server.close());
  return server;
}

/** Expects that nothing was executed, and that every request was about the job that does not exist. */
function expectHarmless(server: JobsServer, report: ProbeReport): void {
  expect(server.executions).toEqual([]);
  expect(report.requests).toBeGreaterThan(0);
  const calls = server.requests.filter(({ path }) => path.startsWith("/v1/customer/"));
  expect(calls).toHaveLength(report.requests);
  expect(calls.filter(({ path }) => !path.includes(`/jobs/${report.jobId}/`))).toEqual([]);
}

test("a server with binary: config is proven to be field 2, and nothing is executed", async () => {
  const server = await jobsServer();
  const report = await probe({ baseUrl: server.baseUrl, accessToken: server.accessToken });
  expect(verdictsOf(report)).toEqual(binary);
  expect(report).toMatchObject({ configField: 2, stopped: undefined, baseUrl: server.baseUrl });
  expect(report.summary).toContain("config is field 2");
  expectHarmless(server, report);
  const bodies = server.requests.map(({ requestBytes }) => Buffer.from(requestBytes).toString("hex"));
  expect(bodies).toContain("120108");
});

test("a server whose binary has the content type of a stock gateway", async () => {
  const server = await jobsServer({ binaryContentType: "application/octet-stream" });
  const report = await probe({ baseUrl: server.baseUrl, accessToken: server.accessToken });
  expect(verdictsOf(report)).toEqual(binary);
  const { meaning } = report.findings.find(({ id }) => id === "binary-answers") ?? {};
  expect(meaning).toContain("application/octet-stream");
  expectHarmless(server, report);
});

test("a server with another media type for binary", async () => {
  const server = await jobsServer({ binaryMediaTypes: ["application/protobuf"] });
  const { baseUrl, accessToken } = server;
  const byDefault = await probe({ baseUrl, accessToken });
  expect(verdictsOf(byDefault)).toMatchObject({ "binary-answers": "refuted", "binary-requests": "refuted" });
  const { meaning } = byDefault.findings.find(({ id }) => id === "binary-answers") ?? {};
  expect(meaning).toContain("Media types that it accepts: application/protobuf.");
  const configured = await probe({ baseUrl, accessToken, protobufMediaType: "application/protobuf" });
  expect(verdictsOf(configured)).toEqual(binary);
  expect(server.executions).toEqual([]);
});

test("a JSON-only server: binary is refuted, and field numbers are not shown", async () => {
  const server = await jobsServer({ encodings: "json" });
  const report = await probe({ baseUrl: server.baseUrl, accessToken: server.accessToken });
  expect(verdictsOf(report)).toEqual({
    ...binary,
    "binary-answers": "refuted",
    "binary-requests": "refuted",
    "careful-mode": "refuted",
    "same-error": "not shown",
    "job-id-field": "not shown",
    "config-field": "not shown",
  });
  expect(report).toMatchObject({ configField: undefined });
  expect(report.summary).toContain("JSON only");
  expectHarmless(server, report);
});

test("a token that is not accepted", async () => {
  const server = await jobsServer();
  const report = await probe({ baseUrl: server.baseUrl, accessToken: "not-the-token" });
  // Like a gateway, it reads the body before the token, so that the other checks still work.
  expect(verdictsOf(report)).toMatchObject({ token: "refuted", "config-field": "proven" });
  expect(report.summary).toContain("token is not accepted");
  expectHarmless(server, report);
});

test("an API key is exchanged once, and neither it nor the token is in the report", async () => {
  const server = await jobsServer({ apiKey: "the-api-key" });
  const report = await probe({ baseUrl: server.baseUrl, apiKey: "the-api-key" });
  expect(verdictsOf(report)).toEqual(binary);
  expect(server.tokenExchanges).toBe(1);
  const token = String(server.requests.at(-1)?.headers.authorization);
  expect(token).not.toBe("undefined");
  for (const text of [JSON.stringify(report), inspect(report, { depth: null })]) {
    expect(text).not.toContain("the-api-key");
    expect(text).not.toContain(token);
  }
  expectHarmless(server, report);
});

test("a probe leaves no connection behind", async () => {
  const server = await jobsServer();
  await probe({ baseUrl: server.baseUrl, accessToken: server.accessToken });
  await expect.poll(() => server.connections).toBe(0);
});
