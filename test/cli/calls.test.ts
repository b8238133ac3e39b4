import { describe, expect, onTestFinished, test } from "vitest";
import { type JobsServer, type JobsServerOptions, startJobsServer } from "../../src/testing/index.ts";
import { closedPort, tcpServer } from "../support/loopback.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { runInProcess } from "./run-in-process.ts";
import { runCli, startCli } from "./spawn-cli.ts";

async function jobsServer(options: JobsServerOptions = {}) {
  const server = await startJobsServer({ jobs: ["job-1"], ...options });
  onTestFinished(() => server.close());
  return { server, env: environmentFor(server) };
}

function environmentFor({ baseUrl, accessToken }: Pick<JobsServer, "baseUrl" | "accessToken">) {
  return { BYTENITE_BASE_URL: baseUrl, BYTENITE_ACCESS_TOKEN: accessToken };
}

describe("a call that succeeds", () => {
  test("run sends the config, and prints the server's message", async () => {
    const { server, env } = await jobsServer();
    const args = [
      "run",
      "job-1",
      "--task-timeout",
      "3600",
      "--job-timeout",
      "9223372036854775807",
      "--test-job",
    ];
    const { status, stdout, stderr } = await runCli(args, env);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toBe("run job-1: job job-1 is running\nrequest id: request-1\n");
    expect(server.executions).toMatchObject([
      { rpc: "RunJob", config: { taskTimeout: 3600n, jobTimeout: 2n ** 63n - 1n, isTestJob: true } },
    ]);
  });

  test("run without options sends no config", async () => {
    const { server, env } = await jobsServer();
    await runInProcess(["run", "job-1"], env);
    expect(server.executions).toEqual([{ rpc: "RunJob", jobId: "job-1" }]);
  });

  test("abort and delete, with options for the connection", async () => {
    const { server } = await jobsServer();
    const where = ["--base-url", server.baseUrl, "--access-token", server.accessToken];
    expect(await runInProcess(["abort", "job-1", ...where])).toMatchObject({ status: 0, stderr: "" });
    server.addJob("job-2");
    expect(await runInProcess(["delete", ...where, "job-2"])).toMatchObject({ status: 0, stderr: "" });
    expect(server.executions.map(({ rpc, jobId }) => [rpc, jobId])).toEqual([
      ["AbortJob", "job-1"],
      ["DeleteJob", "job-2"],
    ]);
  });

  test("an id that begins with a dash follows two dashes", async () => {
    const { server, env } = await jobsServer({ jobs: ["--json"] });
    const { status, stdout } = await runInProcess(["run", "--", "--json"], env);
    expect([status, stdout.split("\n")[0]]).toEqual([0, "run --json: job --json is running"]);
    expect(server.executions).toHaveLength(1);
  });

  test("--json prints one document", async () => {
    const { env } = await jobsServer();
    const { status, stdout, stderr } = await runInProcess(["run", "job-1", "--json"], env);
    expect([status, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      command: "run",
      jobId: "job-1",
      requestId: "request-1",
      message: "job job-1 is running",
    });
  });

  test.each([
    ["protobuf", "application/x-protobuf", "application/x-protobuf"],
    ["json", "application/json", "application/json"],
    ["careful", "application/json", "application/x-protobuf"],
  ])("--encoding %s", async (encoding, contentType, accept) => {
    const { server, env } = await jobsServer();
    expect(await runInProcess(["run", "job-1", "--encoding", encoding], env)).toMatchObject({ status: 0 });
    expect(server.requests[0]?.headers).toMatchObject({ "content-type": contentType, accept });
  });

  test("an API key is exchanged, and as an option overrides the environment's token", async () => {
    const { server } = await jobsServer();
    const env = { BYTENITE_BASE_URL: server.baseUrl, BYTENITE_API_KEY: server.apiKey };
    expect(await runInProcess(["run", "job-1"], env)).toMatchObject({ status: 0 });
    server.addJob("job-2");
    const stale = { BYTENITE_BASE_URL: server.baseUrl, BYTENITE_ACCESS_TOKEN: "stale" };
    const args = ["run", "job-2", "--api-key", server.apiKey, "--token-url", server.tokenUrl];
    expect(await runInProcess(args, stale)).toMatchObject({ status: 0 });
    expect(server.tokenExchanges).toBe(2);
  });
});

describe("a call that fails", () => {
  test("because the server rejects it: it did not happen", async () => {
    const { env } = await jobsServer();
    const { status, stdout, stderr } = await runInProcess(["run", "job-2"], env);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(
      'error: run job-2: NotFound (HTTP 404): there is no job "job-2"\n' +
        "It did not happen: the server rejected it.\n",
    );
  });

  test("with a GenericResponse that is not ok", async () => {
    const { server, env } = await jobsServer();
    server.fault({ kind: "refusal", error: { code: 9, message: "not today" } });
    const { status, stdout } = await runInProcess(["run", "job-1", "--json"], env);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      command: "run",
      jobId: "job-1",
      error: { name: "JobsError", code: "FailedPrecondition", response: { error: { message: "not today" } } },
    });
    expect(server.executions).toEqual([]);
  });

  test("with a number beyond the precision of a double: all its digits are printed, as a number", async () => {
    const { server, env } = await jobsServer();
    server.fault({ kind: "refusal", error: { code: 9007199254740993n } });
    const { stdout } = await runInProcess(["run", "job-1", "--json"], env);
    expect(stdout).toMatch(/^\{"ok":false,"command":"run","jobId":"job-1","error":\{.*\}\}\n$/);
    expect(stdout).toContain('"error":{"code":9007199254740993}}}}');
    expect(Object.keys(JSON.parse(stdout).error)).toContain("outcomeInWords");
  });

  test("without a connection: nothing was sent", async () => {
    const env = {
      BYTENITE_BASE_URL: `http://127.0.0.1:${await closedPort()}`,
      BYTENITE_ACCESS_TOKEN: "token-1",
    };
    const { status, stderr } = await runInProcess(["run", "job-1"], env);
    expect(status).toBe(1);
    expect(stderr).toContain("Unavailable: not connected");
    expect(stderr).toContain("It did not happen: nothing was sent.");
    expect(stderr).toContain("There were 4 attempts.");
  });

  test("run, when the response is lost: it may have happened, in capitals", async () => {
    const { server, env } = await jobsServer();
    server.fault({ kind: "reset", where: "before-answer", execute: true });
    const { status, stdout, stderr } = await runCli(["run", "job-1"], env);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(
      "IT MAY HAVE HAPPENED: the job may be running. Check before you run it again.\n",
    );
    expect(server.executions).toHaveLength(1);
  });

  test("run, when the response is lost, in JSON", async () => {
    const { server, env } = await jobsServer();
    server.fault({ kind: "reset", where: "before-answer", execute: true });
    const { status, stdout, stderr } = await runInProcess(["run", "job-1", "--json"], env);
    expect([status, stderr]).toEqual([1, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      error: { outcome: "unknown", outcomeInWords: expect.stringContaining("IT MAY HAVE HAPPENED") },
    });
  });

  test("abort, when the deadline passes", async () => {
    const { server, env } = await jobsServer();
    server.fault({ kind: "hang", where: "before-answer" });
    let printed = "";
    let ms = 500;
    // Longer, if the call did not reach the server in time.
    for (; server.requests.length === 0; ms *= 2) {
      const { status, stderr } = await runInProcess(["abort", "job-1", "--timeout", `${ms}`], env);
      expect(status).toBe(1);
      expect(stderr).toContain(`DeadlineExceeded: no response within ${ms} ms`);
      printed = stderr;
    }
    expect(printed).toContain("It may have happened. It is safe to repeat it.");
  });

  test("without a token that the server repeats, and without control characters", async () => {
    const message = "no entry for token-1234 \u001b[2J\r\nforged";
    const { baseUrl } = await scriptedServer({
      status: 403,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code: 7, message }),
    });
    const env = environmentFor({ baseUrl, accessToken: "token-1234" });
    const { status, stderr } = await runInProcess(["run", "job-1"], env);
    expect(status).toBe(1);
    expect(stderr.split("\n")[0]).toBe(
      "error: run job-1: PermissionDenied (HTTP 403): no entry for **********  [2J forged",
    );
  });
});

describe("a hint", () => {
  test.each([
    ["Bearer token-1", "Bearer"],
    ["bearer token-1", "bearer"],
    ["Authorization: token-1", "Authorization:"],
    ['"token-1"', '"'],
  ])("is given for the rejected token %s", async (accessToken, begins) => {
    const { server } = await jobsServer();
    const env = environmentFor({ baseUrl: server.baseUrl, accessToken });
    const hint = `the access token begins with ${begins}; ByteNite expects the bare token`;
    const { status, stderr } = await runInProcess(["run", "job-1"], env);
    expect(status).toBe(1);
    expect(stderr).toContain("Unauthenticated (HTTP 401)");
    expect(stderr).toContain(`\nhint: ${hint}\n`);
    expect(stderr).not.toContain("token-1");
    const inJson = await runInProcess(["run", "job-1", "--json"], env);
    expect(JSON.parse(inJson.stdout)).toMatchObject({ error: { outcome: "rejected", hint } });
    const probed = await runInProcess(["probe"], env);
    expect(probed.stdout).toContain(`\nhint: ${hint}\n`);
    expect(JSON.parse((await runInProcess(["probe", "--json"], env)).stdout)).toMatchObject({ hint });
  });

  test("is not given for another wrong token, or another error", async () => {
    const { server } = await jobsServer();
    const { baseUrl, accessToken } = server;
    const wrong = await runInProcess(
      ["run", "job-1"],
      environmentFor({ baseUrl, accessToken: "bearertoken" }),
    );
    expect(wrong.stderr).not.toContain("hint");
    const missing = await runInProcess(["run", "job-2"], environmentFor({ baseUrl, accessToken }));
    expect(missing.stderr).not.toContain("hint");
  });
});

test("a TLS error is described on one line", async () => {
  const { port } = await tcpServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const env = { BYTENITE_BASE_URL: `https://127.0.0.1:${port}`, BYTENITE_ACCESS_TOKEN: "token-1" };
  const { status, stdout } = await runCli(["run", "job-1", "--json"], env);
  expect(status).toBe(1);
  const { error } = JSON.parse(stdout);
  expect(error).toMatchObject({ reason: "not connected: TLS: wrong version number", outcome: "not_sent" });
});

test("a bug of the command line is reported, with an unknown outcome", async () => {
  const { server, env } = await jobsServer();
  const green = () => {
    throw new TypeError("no colour");
  };
  const { status, stderr } = await runInProcess(["run", "job-1"], env, (terminal) => ({
    ...terminal,
    onOut: { ...terminal.onOut, green },
  }));
  expect(status).toBe(1);
  expect(stderr).toContain("Internal: a bug in bytenite-jobs: TypeError: no colour");
  expect(stderr).toContain("IT MAY HAVE HAPPENED");
  expect(server.executions).toHaveLength(1);
});

describe("Ctrl-C", () => {
  const hanging = async (args: readonly string[], signal: "SIGINT" | "SIGTERM") => {
    const { server, env } = await jobsServer();
    server.fault({ kind: "hang", where: "before-answer", execute: true });
    const { child, ended } = startCli(args, env);
    await server.received(1);
    child.kill(signal);
    return ended;
  };

  test("cancels the call in flight, and says that it may have happened", async () => {
    const { status, stdout, stderr } = await hanging(["run", "job-1"], "SIGINT");
    expect([status, stdout]).toEqual([130, ""]);
    expect(stderr).toContain("Cancelled: cancelled by the caller");
    expect(stderr).toContain("IT MAY HAVE HAPPENED");
  });

  test("in JSON", async () => {
    const { status, stdout, stderr } = await hanging(["delete", "job-1", "--json"], "SIGINT");
    expect([status, stderr]).toEqual([130, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "Cancelled", outcome: "unknown" } });
  });

  test("and SIGTERM likewise", async () => {
    expect(await hanging(["run", "job-1"], "SIGTERM")).toMatchObject({ status: 143 });
  });
});
