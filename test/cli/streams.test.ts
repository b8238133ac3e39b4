import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { JobsClient } from "../../src/index.ts";
import { type JobsServerOptions, startJobsServer } from "../../src/testing/index.ts";
import { deferred } from "../support/deferred.ts";
import { closedPort } from "../support/loopback.ts";
import { namedPipe } from "./named-pipe.ts";
import { type Ended, type Streams, startCli, startCliInShell } from "./spawn-cli.ts";

// What becomes of a report whose stream does not take it: it is on the other stream, and 3 is never a call that failed.

type StreamName = "stdout" | "stderr";

const streamNames = { stdout: "standard output", stderr: "standard error" } as const;

function opened(path: string, flags: string): number {
  const fd = openSync(path, flags);
  onTestFinished(() => closeSync(fd));
  return fd;
}

/** Descriptors that take nothing, and what the system says of them. */
const failures: Readonly<Record<string, { readonly code: string; readonly make: () => number }>> = {
  "is full": { code: "ENOSPC", make: () => opened("/dev/full", "w") },
  "is a broken pipe": {
    code: "EPIPE",
    make() {
      const pipe = namedPipe();
      pipe.breakIt();
      return pipe.writer;
    },
  },
  "is not open for writing": { code: "EBADF", make: () => opened("/dev/null", "r") },
};

async function jobsServer(options: JobsServerOptions = {}) {
  const server = await startJobsServer({ jobs: ["job-1"], ...options });
  onTestFinished(() => server.close());
  const { baseUrl, accessToken } = server;
  return { server, env: { BYTENITE_BASE_URL: baseUrl, BYTENITE_ACCESS_TOKEN: accessToken } };
}

/** One thing that the command line does, with where it says so, and the status that it then has. */
interface Row {
  readonly name: string;
  readonly args: readonly string[];
  readonly where: StreamName;
  /** With the report where it belongs. */
  readonly status: number;
  /** In the report. */
  readonly words: string;
  /** What goes wrong on the way: the response is lost, or nobody listens. */
  readonly wrong?: "lost response" | "nobody listens" | "JSON only";
  readonly runs?: number;
}

const rows: readonly Row[] = [
  {
    name: "run, done",
    args: ["run", "job-1"],
    where: "stdout",
    status: 0,
    words: "run job-1: job job-1 is running\nrequest id: request-1\n",
    runs: 1,
  },
  {
    name: "run, done, in JSON",
    args: ["run", "job-1", "--json"],
    where: "stdout",
    status: 0,
    words: '{"ok":true,"command":"run","jobId":"job-1"',
    runs: 1,
  },
  { name: "abort, done", args: ["abort", "job-1"], where: "stdout", status: 0, words: "abort job-1:" },
  { name: "delete, done", args: ["delete", "job-1"], where: "stdout", status: 0, words: "delete job-1:" },
  {
    name: "run, refused",
    args: ["run", "job-2"],
    where: "stderr",
    status: 1,
    words: "It did not happen: the server refused it.",
  },
  {
    name: "run, refused, in JSON",
    args: ["run", "job-2", "--json"],
    where: "stdout",
    status: 1,
    words: '"outcome":"rejected"',
  },
  {
    name: "run, perhaps",
    args: ["run", "job-1"],
    where: "stderr",
    status: 1,
    words: "IT MAY HAVE HAPPENED",
    wrong: "lost response",
    runs: 1,
  },
  {
    name: "run, perhaps, in JSON",
    args: ["run", "job-1", "--json"],
    where: "stdout",
    status: 1,
    words: '"outcome":"unknown"',
    wrong: "lost response",
    runs: 1,
  },
  {
    name: "delete, not sent",
    args: ["delete", "job-1"],
    where: "stderr",
    status: 1,
    words: "It did not happen: nothing was sent.",
    wrong: "nobody listens",
  },
  { name: "usage", args: ["run", "--frob"], where: "stderr", status: 2, words: "there is no option --frob" },
  {
    name: "usage, in JSON",
    args: ["run", "--frob", "--json"],
    where: "stdout",
    status: 2,
    words: '"outcome":"not_sent"',
  },
  { name: "probe", args: ["probe"], where: "stdout", status: 0, words: "config is field 2" },
  { name: "probe, in JSON", args: ["probe", "--json"], where: "stdout", status: 0, words: '"configField":2' },
  {
    name: "probe, refuted",
    args: ["probe"],
    where: "stdout",
    status: 1,
    words: "It speaks JSON only",
    wrong: "JSON only",
  },
  {
    name: "probe, not answered",
    args: ["probe"],
    where: "stderr",
    status: 1,
    words: "nothing was sent.",
    wrong: "nobody listens",
  },
  { name: "help", args: ["--help"], where: "stdout", status: 0, words: "Usage: bytenite-jobs" },
  { name: "version, in JSON", args: ["--version", "--json"], where: "stdout", status: 0, words: '"version"' },
];

/** Does what a row says, and checks that the job ran as often as it should. */
async function done({ args, wrong, runs = 0 }: Row, streams: Streams): Promise<Ended> {
  const { server, env } = await jobsServer(wrong === "JSON only" ? { encodings: "json" } : {});
  if (wrong === "lost response") server.fault({ kind: "reset", where: "before-answer", execute: true });
  const nowhere = { BYTENITE_BASE_URL: `http://127.0.0.1:${await closedPort()}` };
  const all = wrong === "nobody listens" ? { ...env, ...nowhere } : env;
  const ended = await startCli(args, all, streams).ended;
  expect(server.executions.filter(({ rpc }) => rpc === "RunJob")).toHaveLength(runs);
  return ended;
}

const other = (stream: StreamName): StreamName => (stream === "stdout" ? "stderr" : "stdout");

describe.each(Object.entries(failures))("the stream of the report %s", (_, { code, make }) => {
  test.each(rows)("$name: the other one has it", async (row) => {
    const ended = await done(row, { [row.where]: make() });
    const there = ended[other(row.where)];
    expect(there).toContain(
      `error: ${streamNames[row.where]} cannot be written (${code}). It would have said:\n`,
    );
    expect(there).toContain(row.words);
    expect(there).not.toMatch(/\n {4}at /);
    expect(ended.status).toBe(row.status === 0 ? 3 : row.status);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s in the call", async (signal, status) => {
    const { server, env } = await jobsServer();
    server.fault({ kind: "hang", where: "before-answer", execute: true });
    const { child, ended } = startCli(["run", "job-1"], env, { stderr: make() });
    await server.received(1);
    child.kill(signal);
    const { status: given, stdout } = await ended;
    expect(given).toBe(status);
    expect(stdout).toContain("IT MAY HAVE HAPPENED");
  });

  test.each([[[]], [["--json"]]])("serve %j serves all the same", async (more) => {
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

describe("which stream is full", () => {
  test.each(rows)("$name: not that of the report, and nothing changes", async (row) => {
    const ended = await done(row, { [other(row.where)]: opened("/dev/full", "w") });
    expect(ended[row.where]).toContain(row.words);
    expect(ended[row.where]).not.toContain("cannot be written");
    expect(ended.status).toBe(row.status);
  });

  test.each(rows)("$name: both, and the status is the same", async (row) => {
    const ended = await done(row, { stdout: opened("/dev/full", "w"), stderr: opened("/dev/full", "w") });
    expect(ended.status).toBe(row.status === 0 ? 3 : row.status);
  });
});

describe("the reader leaves", () => {
  test("while the call is under way", async () => {
    const isHere = deferred<void>();
    const mayGo = deferred<void>();
    const { server, env } = await jobsServer({
      async onRequest() {
        isHere.resolve();
        await mayGo.promise;
      },
    });
    const pipe = namedPipe();
    const { ended } = startCli(["run", "job-1", "--json"], env, { stdout: pipe.writer });
    await isHere.promise;
    pipe.breakIt();
    mayGo.resolve();
    const { status, stderr } = await ended;
    expect(status).toBe(3);
    expect(stderr).toContain('{"ok":true,"command":"run","jobId":"job-1"');
    expect(server.executions).toHaveLength(1);
  });

  test("and SIGPIPE comes as well", async () => {
    const isHere = deferred<void>();
    const mayGo = deferred<void>();
    const { env } = await jobsServer({
      async onRequest() {
        isHere.resolve();
        await mayGo.promise;
      },
    });
    const { child, ended } = startCli(["run", "job-1"], env);
    await isHere.promise;
    child.kill("SIGPIPE");
    mayGo.resolve();
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
  ] as const)("gets all of it: %s", async (_, args, status, words) => {
    const { env } = await jobsServer();
    const pipe = namedPipe();
    pipe.fill();
    const { ended } = startCli(args, env, { stdout: pipe.writer });
    pipe.handOver();
    expect(await pipe.read()).toContain(words);
    expect(await ended).toMatchObject({ status, stderr: "" });
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "that never reads: %s, after the call, ends it",
    async (signal) => {
      const { server, env } = await jobsServer();
      const pipe = namedPipe();
      pipe.fill();
      const { child, ended } = startCli(["run", "job-1"], env, { stdout: pipe.writer });
      await server.received(1);
      // The client closes its connections when the call is over; then only the report is left.
      await expect.poll(() => server.executions.length === 1 && server.connections === 0).toBe(true);
      child.kill(signal);
      const { status, stderr } = await ended;
      expect(stderr).toContain("standard output cannot be written (nobody reads it)");
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

// Node.js opens /dev/null in the place of a stream that is closed when it starts: nobody wants to hear it.
describe("a stream that is closed from the start is as one to /dev/null", () => {
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

describe("a file that takes only a part", () => {
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
    // The limit is on the size of a file, as the end of a disk is on all of them: the last write that fits is cut.
    const ended = await startCliInShell(`ulimit -f 2; exec "$@" ${redirection} '${path}'`, args, env).ended;
    const log = readFileSync(path, "utf8");
    expect(log.length).toBe(limit);
    expect(ended.status).toBe(status);
    const there = ended[other(stream)];
    expect(there).toContain(`${streamNames[stream]} cannot be written (EFBIG)`);
    expect(there).toContain(stream === "stdout" ? "request id: request-1" : "It did not happen");
  });

  test("a file that takes all is written whole", async () => {
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
