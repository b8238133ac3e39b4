import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { complaintAbout } from "../../src/supported-node.ts";
import { VERSION } from "../../src/version.ts";
import { closedPort } from "../support/loopback.ts";
import { runInProcess } from "./run-in-process.ts";
import { runCli } from "./spawn-cli.ts";

const token = "token-that-nobody-sees";

describe("help", () => {
  test.each([[["--help"]], [["-h"]], [["help"]]])("%j lists the commands", async (args) => {
    const { status, stdout, stderr } = await runCli(args);
    expect([status, stderr]).toEqual([0, ""]);
    for (const command of ["run <jobId>", "abort <jobId>", "delete <jobId>", "probe", "serve"]) {
      expect(stdout).toContain(`\n  ${command}`);
    }
    expect(stdout).toContain("BYTENITE_ACCESS_TOKEN");
    expect(stdout).toContain("Exit status");
  });

  test.each([
    [["run", "--help"], "--task-timeout <seconds>"],
    [["help", "abort"], "--encoding <encoding>"],
    [["delete", "-h"], "other users of this machine can see options"],
    [["probe", "--help"], "a job that does not exist"],
    [["serve", "--help"], "--port <port>"],
  ])("%j is about the command", async (args, words) => {
    const { status, stdout, stderr } = await runCli(args);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(words);
  });

  test("--version", async () => {
    expect(await runCli(["--version"])).toEqual({ status: 0, stdout: `${VERSION}\n`, stderr: "" });
  });
});

describe("a command line that is wrong ends with 2, and sends nothing", () => {
  const rows: readonly (readonly [args: readonly string[], words: string])[] = [
    [[], "there is no command"],
    [["frob"], 'there is no command "frob"'],
    [["run"], "run needs <jobId>"],
    [["run", "a", "b"], "run takes one <jobId>"],
    [["probe", "a"], "probe takes options only"],
    [["run", "a", "--frob"], "there is no option --frob here"],
    [["abort", "a", "--test-job"], "there is no option --test-job here"],
    [["serve", "--base-url", "http://127.0.0.1"], "there is no option --base-url here"],
    [["run", "a", "--timeout"], "--timeout needs a value"],
    [["run", "a", "--test-job=yes"], "--test-job takes no value"],
    [["run", "a", "--timeout", "soon"], "--timeout must be a whole number"],
    [["run", "a", "--task-timeout=-1"], "--task-timeout must be a whole number"],
    [["run", "a", "--task-timeout", "9223372036854775808"], "--task-timeout is too great"],
    [["run", "a", "--encoding", "xml"], "--encoding must be protobuf, json or careful"],
    [["run", "a", "--timeout", "1", "--timeout", "2"], "--timeout is given twice"],
    [["run", "a", "--api-key", "k"], "--access-token and --api-key are both given"],
    [["run", "a", "--token-url", "https://a.example"], "--token-url goes with an API key"],
    [["run", ".."], "<jobId>"],
    [["run", "a", "--base-url", ""], "--base-url"],
    [["run", "a", "--base-url", "api.example"], "--base-url"],
    [["help", "frob"], 'there is no command "frob"'],
    [["serve", "--port", "65536"], "--port must be at most 65535"],
  ];

  test.each(rows)("%j", async (args, words) => {
    const baseUrl = `http://127.0.0.1:${await closedPort()}`;
    const isCall = ["run", "abort", "probe"].includes(args[0] ?? "");
    const all = isCall ? [...args, "--access-token", token] : args;
    const { status, stdout, stderr } = await runInProcess(all, { BYTENITE_BASE_URL: baseUrl });
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(words);
    expect(stderr).toContain("--help");
    expect(stderr).not.toContain(token);
  });

  test("as a process", async () => {
    const { status, stdout, stderr } = await runCli(["run", "a", "--frob"]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toBe("error: there is no option --frob here\nHelp: bytenite-jobs run --help\n");
  });

  test("without a credential", async () => {
    const { status, stderr } = await runCli(["run", "a"]);
    expect(status).toBe(2);
    expect(stderr).toContain("set BYTENITE_ACCESS_TOKEN or BYTENITE_API_KEY");
  });

  test.each([
    [{ BYTENITE_BASE_URL: "", BYTENITE_ACCESS_TOKEN: token }, "BYTENITE_BASE_URL is set, but empty"],
    [{ BYTENITE_BASE_URL: "api.example", BYTENITE_ACCESS_TOKEN: token }, "BYTENITE_BASE_URL"],
    [{ BYTENITE_ACCESS_TOKEN: "" }, "BYTENITE_ACCESS_TOKEN is set, but empty"],
    [{ BYTENITE_API_KEY: "" }, "BYTENITE_API_KEY is set, but empty"],
  ])("with an environment that a script has got wrong: %j", async (env, words) => {
    const { status, stderr } = await runInProcess(["run", "a"], env);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain(token);
  });

  test("with two in the environment", async () => {
    const { status, stderr } = await runCli(["run", "a"], {
      BYTENITE_ACCESS_TOKEN: token,
      BYTENITE_API_KEY: "k",
    });
    expect(status).toBe(2);
    expect(stderr).toContain("BYTENITE_ACCESS_TOKEN and BYTENITE_API_KEY are both given");
  });

  test("with a token that all could read on the way", async () => {
    const { status, stderr } = await runCli(["run", "a", "--base-url", "http://api.example"], {
      BYTENITE_ACCESS_TOKEN: token,
    });
    expect(status).toBe(2);
    expect(stderr).toContain("for all to read");
    expect(stderr).not.toContain(token);
  });

  test.each([[["run", "--json"]], [["run", "a", "--frob", "--json"]], [["frob", "--json"]]])(
    "%j says so in JSON",
    async (args) => {
      const { status, stdout, stderr } = await runCli(args);
      expect([status, stderr]).toEqual([2, ""]);
      expect(JSON.parse(stdout)).toMatchObject({ ok: false, usageError: expect.any(String) });
    },
  );
});

test("a Node.js that is too old is told so, before anything is loaded that it cannot load", () => {
  const oldest = JSON.parse(readFileSync("package.json", "utf8")).engines.node.replace(">=", "");
  const complaints = ["20.20.2", "22.18.0", "22.19.0", "24.0.0", "26.1.0"].map(complaintAbout);
  expect(complaints.map((complaint) => complaint !== undefined)).toEqual([true, true, false, false, false]);
  expect(complaints[0]).toBe(`bytenite-jobs needs Node.js ${oldest} or later; this is 20.20.2`);
});
