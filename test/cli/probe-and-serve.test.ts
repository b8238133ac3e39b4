import { describe, expect, onTestFinished, test } from "vitest";
import { JobsClient } from "../../src/index.ts";
import { type JobsServerOptions, startJobsServer } from "../../src/testing/index.ts";
import { closedPort } from "../support/loopback.ts";
import { ok, type Scripted, scriptedServer } from "../support/scripted-server.ts";
import { runInProcess } from "./run-in-process.ts";
import { runCli, startCli } from "./spawn-cli.ts";

describe("probe", () => {
  async function jobsServer(options: JobsServerOptions = {}) {
    const server = await startJobsServer({ jobs: ["job-1"], ...options });
    onTestFinished(() => server.close());
    const { baseUrl, accessToken } = server;
    return { server, env: { BYTENITE_BASE_URL: baseUrl, BYTENITE_ACCESS_TOKEN: accessToken } };
  }

  test("prints a verdict for each check, and ends with 0 if nothing is refuted", async () => {
    const { server, env } = await jobsServer();
    const { status, stdout, stderr } = await runCli(["probe"], env);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("proven     Is field 2 of the run request a message, like config?\n");
    expect(stdout).toContain("not shown  Are fields 1, 2 and 3 of config");
    expect(stdout).not.toContain("12 01 08");
    expect(stdout).not.toContain(server.accessToken);
    expect(server.executions).toEqual([]);
  });

  test("--verbose prints each request and response", async () => {
    const { env } = await jobsServer();
    const { stdout } = await runInProcess(["probe", "-v"], env);
    expect(stdout).toContain(
      "> POST /jobs/…/run, application/x-protobuf 12 01 08, accept application/x-protobuf\n",
    );
    expect(stdout).toContain("< 400 InvalidArgument (application/x-protobuf): ");
  });

  test("ends with 1 if something is refuted", async () => {
    const { server, env } = await jobsServer({ encodings: "json" });
    const { status, stdout, stderr } = await runInProcess(["probe"], env);
    expect([status, stderr]).toEqual([1, ""]);
    expect(stdout).toContain("refuted    Does it read binary requests?\n");
    expect(server.executions).toEqual([]);
  });

  test("--json prints the report as one document", async () => {
    const { env } = await jobsServer();
    const { status, stdout, stderr } = await runInProcess(["probe", "--json"], env);
    expect([status, stderr]).toEqual([0, ""]);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ ok: true, command: "probe", configField: 2 });
    expect(report.findings).toHaveLength(13);
  });

  const html: Scripted = { status: 503, headers: { "content-type": "text/html" }, body: "<h1>Later</h1>" };

  test.each([
    ["accepts everything", ok, "Stopped"],
    ["is behind a proxy that cannot reach it", html, "not shown"],
  ])("ends with 1 if the server %s", async (_, response, text) => {
    const { baseUrl, seen } = await scriptedServer(response);
    const env = { BYTENITE_BASE_URL: baseUrl, BYTENITE_ACCESS_TOKEN: "token-1" };
    const { status, stdout } = await runInProcess(["probe"], env);
    expect(status).toBe(1);
    expect(stdout).toContain(text);
    expect(seen).toHaveLength(1);
  });

  test("ends with 1 if nothing listens", async () => {
    const baseUrl = `http://127.0.0.1:${await closedPort()}`;
    const { status, stdout, stderr } = await runInProcess(["probe", "--base-url", baseUrl], {
      BYTENITE_ACCESS_TOKEN: "token-1",
    });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("error: probe: Unavailable: not connected");
  });

  test("Ctrl-C ends it", async () => {
    const { server, env } = await jobsServer();
    server.fault({ kind: "hang", where: "before-answer" });
    const { child, ended } = startCli(["probe"], env);
    await server.received(1);
    child.kill("SIGINT");
    const { status, stderr } = await ended;
    expect(status).toBe(130);
    expect(stderr).toContain("Nothing was run.");
  });
});

describe("serve", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("prints its URL, serves, and ends on %s", async (signal) => {
    const { child, firstLine, ended } = startCli(["serve", "--job", "job-1", "--job", "job-2", "--json"]);
    const { baseUrl, accessToken } = JSON.parse(await firstLine);
    const client = new JobsClient({ baseUrl, accessToken });
    onTestFinished(() => client.close());
    expect(await client.run("job-2")).toMatchObject({ ok: true, message: "job job-2 is running" });
    child.kill(signal);
    expect(await ended).toMatchObject({ status: 0, stderr: "" });
  });

  test("prints the environment of the other commands", async () => {
    const { child, firstLine, ended } = startCli(["serve"]);
    await firstLine;
    child.kill("SIGINT");
    const { stdout } = await ended;
    expect(stdout).toMatch(
      /^export BYTENITE_BASE_URL=http:\/\/127\.0\.0\.1:\d+\/v1\/customer\nexport BYTENITE_ACCESS_TOKEN=\S+\n$/,
    );
  });

  test("fails on a port that is in use", async () => {
    const { port } = await scriptedServer("hang");
    const { status, stdout, stderr } = await runCli(["serve", "--port", String(port)]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("the port is already in use");
  });
});
