import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { JobsClient } from "../../src/index.ts";
import { type JobsServerOptions, startJobsServer } from "../../src/testing/index.ts";
import { deferred } from "../support/deferred.ts";
import { closedPort } from "../support/loopback.ts";
import { namedPipe } from "./named-pipe.ts";
import { runInProcess } from "./run-in-process.ts";
import { type Ended, type Streams, startCli, startCliInShell } from "./spawn-cli.ts";

// A report whose stream fails goes to the other stream. Status 3 never means that the call failed.

type StreamName = "stdout" | "stderr";

const streamNames = { stdout: "standard output", stderr: "standard error" } as const;

function opened(path: string, flags: string): number {
  const fd = openSync(path, flags);
  onTestFinished(() => closeSync(fd));
  return fd;
}

interface Failure {
  readonly code: string;
  /** Whether the command line can write to it within this process. With a pipe, it needs a process of its own. */
  readonly isDevice: boolean;
  readonly make: () => number;
}

/** Descriptors that cannot be written to, with the code of the error. */
const failures: Readonly<Record<string, Failure>> = {
  "is full": { code: "ENOSPC", isDevice: true, make: () => opened("/dev/full", "w") },
  "is a broken pipe": {
    code: "EPIPE",
    isDevice: false,
    make() {
      const pipe = namedPipe();
      pipe.closeReader();
      return pipe.writer;
    },
  },
  "is not open for writing": { code: "EBADF", isDevice: true, make: () => opened("/dev/null", "r") },
};

async function jobsServer(options: JobsServerOptions = {}) {
  const server = await startJobsServer({ jobs: ["job-1"], ...options });
  onTestFinished(() => server.close());
  const { baseUrl, accessToken } = server;
  return { server, env: { BYTENITE_BASE_URL: baseUrl, BYTENITE_ACCESS_TOKEN: accessToken } };
}

/** A command line with its report. */
interface Row {
  readonly name: string;
  readonly args: readonly string[];
  /** The stream of the report. */
  readonly stream: StreamName;
  /** The exit status if the report can be written. */
  readonly status: number;
  /** A part of the report. */
  readonly text: string;
  readonly problem?: "lost response" | "nothing listens" | "JSON only";
  readonly runs?: number;
}

const rows: readonly Row[] = [
  {
    name: "run, done",
    args: ["run", "job-1"],
    stream: "stdout",
    status: 0,
    text: "run job-1: job job-1 is running\nrequest id: request-1\n",
    runs: 1,
  },
  {
    name: "run, done, in JSON",
    args: ["run", "job-1", "--json"],
    stream: "stdout",
    status: 0,
    text: '{"ok":true,"command":"run","jobId":"job-1"',
    runs: 1,
  },
  { name: "abort, done", args: ["abort", "job-1"], stream: "stdout", status: 0, text: "abort job-1:" },
  { name: "delete, done", args: ["delete", "job-1"], stream: "stdout", status: 0, text: "delete job-1:" },
  {
    name: "run, rejected",
    args: ["run", "job-2"],
    stream: "stderr",
    status: 1,
    text: "It did not happen: the server rejected it.",
  },
  {
    name: "run, rejected, in JSON",
    args: ["run", "job-2", "--json"],
    stream: "stdout",
    status: 1,
    text: '"outcome":"rejected"',
  },
  {
    name: "run, unknown",
    args: ["run", "job-1"],
    stream: "stderr",
    status: 1,
    text: "IT MAY HAVE HAPPENED",
    problem: "lost response",
    runs: 1,
  },
  {
    name: "run, unknown, in JSON",
    args: ["run", "job-1", "--json"],
    stream: "stdout",
    status: 1,
    text: '"outcome":"unknown"',
    problem: "lost response",
    runs: 1,
  },
  {
    name: "delete, not sent",
    // Too short for the wait before a retry.
    args: ["delete", "job-1", "--timeout", "100"],
    stream: "stderr",
    status: 1,
    text: "It did not happen: nothing was sent.",
    problem: "nothing listens",
  },
  { name: "usage", args: ["run", "--frob"], stream: "stderr", status: 2, text: "there is no option --frob" },
  {
    name: "usage, in JSON",
    args: ["run", "--frob", "--json"],
    stream: "stdout",
    status: 2,
    text: '"outcome":"not_sent"',
  },
  { name: "probe", args: ["probe"], stream: "stdout", status: 0, text: "config is field 2" },
  { name: "probe, in JSON", args: ["probe", "--json"], stream: "stdout", status: 0, text: '"configField":2' },
  {
    name: "probe, refuted",
    args: ["probe"],
    stream: "stdout",
    status: 1,
    text: "It accepts requests in JSON only",
    problem: "JSON only",
  },
  {
    name: "probe, not connected",
    args: ["probe"],
    stream: "stderr",
    status: 1,
    text: "nothing was sent.",
    problem: "nothing listens",
  },
  { name: "help", args: ["--help"], stream: "stdout", status: 0, text: "Usage: bytenite-jobs" },
  { name: "version, in JSON", args: ["--version", "--json"], stream: "stdout", status: 0, text: '"version"' },
];

/** Runs the command line of a row, and expects the number of runs of the job. */
async function runRow(
  { args, problem, runs = 0 }: Row,
  streams: Streams,
  isInProcess: boolean,
): Promise<Ended> {
  const { server, env } = await jobsServer(problem === "JSON only" ? { encodings: "json" } : {});
  if (problem === "lost response") server.fault({ kind: "reset", where: "before-answer", execute: true });
  const nowhere = { BYTENITE_BASE_URL: `http://127.0.0.1:${await closedPort()}` };
  const all = problem === "nothing listens" ? { ...env, ...nowhere } : env;
  const ended = isInProcess
    ? await runInProcess(args, all, undefined, undefined, undefined, streams)
    : await startCli(args, all, streams).ended;
  expect(server.executions.filter(({ rpc }) => rpc === "RunJob")).toHaveLength(runs);
  return ended;
}

const other = (stream: StreamName): StreamName => (stream === "stdout" ? "stderr" : "stdout");

describe.each(Object.entries(failures))("the stream of the report %s", (_, { code, isDevice, make }) => {
  test.each(rows)("$name: the report is on the other stream", async (row) => {
    const ended = await runRow(row, { [row.stream]: make() }, isDevice);
    const there = ended[other(row.stream)];
    expect(there).toContain(`error: cannot write to ${streamNames[row.stream]} (${code}). The text was:\n`);
    expect(there).toContain(row.text);
    expect(there).not.toMatch(/\n {4}at /);
    expect(ended.status).toBe(row.status === 0 ? 3 : row.status);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s during the call", async (signal, status) => {
    const { server, env } = await jobsServer();
    server.fault({ kind: "hang", where: "before-answer", execute: true });
    const { child, ended } = startCli(["run", "job-1"], env, { stderr: make() });
    await server.received(1);
    child.kill(signal);
    const { status: given, stdout } = await ended;
    expect(given).toBe(status);
    expect(stdout).toContain("IT MAY HAVE HAPPENED");
  });

  test.each([[[]], [["--json"]]])("serve %j goes on serving", async (more) => {
    const { child, ended, firstErrorLine } = startCli(
      ["serve", "--job", "job-1", ...more],
      {},
      { stdout: make() },
    );
    let stderr = "";
    child.stderr?.on("data", (chunk: string) => {
      stderr += chunk;
    });
    await firstErrorLine;
    await expect.poll(() => stderr).toMatch(/http:\S+\/v1\/customer/);
    const [baseUrl = ""] = /http:[^\s"]+\/v1\/customer/.exec(stderr) ?? [];
    const client = new JobsClient({ baseUrl, accessToken: "test-access-token" });
    onTestFinished(() => client.close());
    expect(await client.run("job-1")).toMatchObject({ ok: true });
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ status: 3 });
  });
});

describe("a full stream", () => {
  test.each(rows)("$name: the other one, and nothing changes", async (row) => {
    const ended = await runRow(row, { [other(row.stream)]: opened("/dev/full", "w") }, true);
    expect(ended[row.stream]).toContain(row.text);
    expect(ended[row.stream]).not.toContain("cannot write");
    expect(ended.status).toBe(row.status);
  });

  test.each(rows)("$name: both, and the status is the same", async (row) => {
    const full = () => opened("/dev/full", "w");
    const ended = await runRow(row, { stdout: full(), stderr: full() }, true);
    expect(ended.status).toBe(row.status === 0 ? 3 : row.status);
  });
});

describe("the reader disconnects", () => {
  test("during the call", async () => {
    const isReceived = deferred<void>();
    const mayRespond = deferred<void>();
    const { server, env } = await jobsServer({
      async onRequest() {
        isReceived.resolve();
        await mayRespond.promise;
      },
    });
    const pipe = namedPipe();
    const { ended } = startCli(["run", "job-1", "--json"], env, { stdout: pipe.writer });
    await isReceived.promise;
    pipe.closeReader();
    mayRespond.resolve();
    const { status, stderr } = await ended;
    expect(status).toBe(3);
    expect(stderr).toContain('{"ok":true,"command":"run","jobId":"job-1"');
    expect(server.executions).toHaveLength(1);
  });

  test("and SIGPIPE arrives too", async () => {
    const isReceived = deferred<void>();
    const mayRespond = deferred<void>();
    const { env } = await jobsServer({
      async onRequest() {
        isReceived.resolve();
        await mayRespond.promise;
      },
    });
    const { child, ended } = startCli(["run", "job-1"], env);
    await isReceived.promise;
    child.kill("SIGPIPE");
    mayRespond.resolve();
    expect(await ended).toMatchObject({ status: 0, stderr: "" });
  });

  test("after the first lines, as head does", async () => {
    const { env } = await jobsServer();
    const script = 'set -o pipefail; "$@" | { read -r line; echo "$line"; }';
    const { status, stdout, stderr } = await startCliInShell(script, ["probe", "--verbose"], {
      ...env,
      PATH: "/usr/bin:/bin",
    }).ended;
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("which does not exist");
  });
});

describe("a slow reader", () => {
  test.each([
    ["run", ["run", "job-1"], 0, "run job-1: job job-1 is running"],
    ["run, in JSON", ["run", "job-1", "--json"], 0, '{"ok":true'],
    ["probe", ["probe", "--verbose"], 0, "config is field 2"],
    ["usage, in JSON", ["run", "--json"], 2, "usageError"],
  ] as const)("gets the whole report: %s", async (_, args, status, text) => {
    const { env } = await jobsServer();
    const pipe = namedPipe();
    pipe.fill();
    const { ended } = startCli(args, env, { stdout: pipe.writer });
    pipe.closeWriter();
    expect(await pipe.read()).toContain(text);
    expect(await ended).toMatchObject({ status, stderr: "" });
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "that never reads: %s after the call ends the process",
    async (signal) => {
      const { server, env } = await jobsServer();
      const pipe = namedPipe();
      pipe.fill();
      const { child, ended } = startCli(["run", "job-1"], env, { stdout: pipe.writer });
      await server.received(1);
      // The client closes its connections after the call, so that only the report is left.
      await expect.poll(() => server.executions.length === 1 && server.connections === 0).toBe(true);
      child.kill(signal);
      const { status, stderr } = await ended;
      expect(stderr).toContain("cannot write to standard output (nothing reads it)");
      expect(stderr).toContain("run job-1: job job-1 is running");
      expect(status).toBe(3);
    },
  );

  test("that never reads: SIGTERM ends serve", async () => {
    const pipe = namedPipe();
    pipe.fill();
    const { child, firstErrorLine, ended } = startCli(["serve"], {}, { stdout: pipe.writer });
    expect(await firstErrorLine).toBe("Ctrl-C ends it.");
    child.kill("SIGTERM");
    const { status, stderr } = await ended;
    expect(stderr).toContain("export BYTENITE_BASE_URL=http://");
    expect(status).toBe(3);
  });
});

// Node.js replaces a stream that is closed at its start by /dev/null.
describe("a stream that is closed from the start counts as /dev/null", () => {
  test.each([
    ["run, without standard output", ">&-", ["run", "job-1"], 0, "", ""],
    ["run, without both", ">&- 2>&-", ["run", "job-1"], 0, "", ""],
    ["run, without any", "<&- >&- 2>&-", ["run", "job-1"], 0, "", ""],
    ["usage, without standard error", "2>&-", ["run"], 2, "", ""],
    ["run, without standard error", "2>&-", ["run", "job-1"], 0, "run job-1: job job-1 is running\n", ""],
  ])("%s", async (_, closed, args, status, stdout, stderr) => {
    const { server, env } = await jobsServer();
    const ended = await startCliInShell(`exec "$@" ${closed}`, args, env).ended;
    expect({ ...ended, stdout: ended.stdout.split("request id")[0] }).toEqual({ status, stdout, stderr });
    expect(server.executions).toHaveLength(args.length === 2 ? 1 : 0);
  });
});

describe("a file that accepts only a part of the report", () => {
  test.each([
    ["stdout", ">>", ["run", "job-1"], 3],
    ["stderr", "2>>", ["run", "job-2"], 1],
  ] as const)("%s: the whole report is on the other stream", async (stream, redirection, args, status) => {
    const { env } = await jobsServer();
    const folder = mkdtempSync(join(tmpdir(), "bytenite-jobs-full-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "log");
    const limit = 2 * 1_024;
    writeFileSync(path, "-".repeat(limit - 10));
    // The limit for the size of a file works like the end of a disk: the last write is partial.
    const ended = await startCliInShell(`ulimit -f 2; exec "$@" ${redirection} '${path}'`, args, env).ended;
    const log = readFileSync(path, "utf8");
    expect(log.length).toBe(limit);
    expect(ended.status).toBe(status);
    const there = ended[other(stream)];
    expect(there).toContain(`cannot write to ${streamNames[stream]} (EFBIG)`);
    expect(there).toContain(stream === "stdout" ? "request id: request-1" : "It did not happen");
  });

  test("a file with enough space gets the whole report", async () => {
    const { env } = await jobsServer();
    const folder = mkdtempSync(join(tmpdir(), "bytenite-jobs-file-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "log");
    const fd = opened(path, "a");
    expect(await startCli(["probe", "--verbose"], env, { stdout: fd, stderr: fd }).ended).toMatchObject({
      status: 0,
    });
    expect(await startCli(["run", "job-1"], env, { stdout: fd, stderr: fd }).ended).toMatchObject({
      status: 0,
    });
    expect(readFileSync(path, "utf8")).toMatch(
      /config is field 2[\s\S]*\nrun job-1: job job-1 is running\nrequest id: \S+\n$/,
    );
  });
});
