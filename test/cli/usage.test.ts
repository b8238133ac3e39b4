import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { rolldown } from "rolldown";
import { describe, expect, onTestFinished, test } from "vitest";
import { connectionNames } from "../../src/cli/connection.ts";
import { withCommandLineNames } from "../../src/cli/option-names.ts";
import { complaintAbout } from "../../src/supported-node.ts";
import { VERSION } from "../../src/version.ts";
import { closedPort } from "../support/loopback.ts";
import { runInProcess } from "./run-in-process.ts";
import { runCli, startCliInShell } from "./spawn-cli.ts";

const token = "token-that-is-never-shown";

describe("help", () => {
  test.each([[["--help"]], [["-h"]], [["help"]]])("%j lists the commands", async (args) => {
    const { status, stdout, stderr } = await runInProcess(args);
    expect([status, stderr]).toEqual([0, ""]);
    for (const command of [
      "run <jobId>",
      "abort <jobId>",
      "delete <jobId>",
      "probe",
      "call <pkg.Service/Method>",
      "serve",
    ]) {
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
    [["call", "--help"], "-H, --header <header>"],
  ])("%j describes the command", async (args, text) => {
    const { status, stdout, stderr } = await runInProcess(args);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(text);
  });

  test("--version", async () => {
    expect(await runCli(["--version"])).toEqual({ status: 0, stdout: `${VERSION}\n`, stderr: "" });
  });
});

describe("an invalid command line ends with 2, and sends nothing", () => {
  const rows: readonly (readonly [args: readonly string[], text: string])[] = [
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
    [["run", "a", "--task-timeout", "9223372036854775808"], "--task-timeout is too large"],
    [["run", "a", "--encoding", "xml"], "--encoding must be protobuf, json or careful"],
    [["run", "a", "--timeout", "1", "--timeout", "2"], "--timeout is given twice"],
    [["run", "a", "--api-key", "k"], "--access-token and --api-key are both given"],
    [["run", "a", "--token-url", "https://a.example"], "--token-url goes with an API key"],
    [["run", ".."], '<jobId> is "..", which URL normalization would remove (/jobs/{job_id}/run)'],
    [["run", ""], "<jobId> is empty, and the path needs it (/jobs/{job_id}/run)"],
    [["run", "a\ufffd"], "<jobId> is not valid UTF-8"],
    [["run", "a", "--base-url", "http://127.0.0.1/\ufffd"], "--base-url is not valid UTF-8"],
    [["run", "a", "--timeout", "-5"], "--timeout needs a value that does not begin with a dash"],
    [["run", "a", "--timeout=-5"], "--timeout must be a whole number, not negative"],
    [["run", "a", "--encoding", "-x"], "--encoding needs a value that does not begin with a dash"],
    [["run", "a", "--api-key", "-k"], "write one that begins with a dash as --api-key=<value>"],
    [["run", "a", "--base-url", ""], "--base-url"],
    [["run", "a", "--base-url", "api.example"], "--base-url"],
    [["help", "frob"], 'there is no command "frob"'],
    [["serve", "--port", "65536"], "--port must be at most 65535"],
    [["serve", "--port", "-1"], "--port needs a value that does not begin with a dash"],
    [["serve", "--job", "a", "--job", "b", "--job", "a"], '--job "a" is given twice'],
    [["serve", "--job", ""], "--job is empty, and the path needs it"],
    [["serve", "--job", "."], '--job is ".", which URL normalization would remove'],
    [["serve", "--job", ".."], '--job is "..", which URL normalization would remove'],
    [["serve", "--job", "\ufffd"], "--job is not valid UTF-8"],
    [["serve", "--job", "-x"], "write one that begins with a dash as --job=<value>"],
  ];

  test.each(rows)("%j", async (args, text) => {
    const baseUrl = `http://127.0.0.1:${await closedPort()}`;
    const isCall = ["run", "abort", "probe"].includes(args[0] ?? "");
    const all = isCall ? [...args, "--access-token", token] : args;
    const { status, stdout, stderr } = await runInProcess(all, { BYTENITE_BASE_URL: baseUrl });
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(text);
    expect(stderr).toContain("--help");
    expect(stderr).not.toContain(token);
  });

  test("in a child process", async () => {
    const { status, stdout, stderr } = await runCli(["run", "a", "--frob"]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toBe("error: there is no option --frob here\nHelp: bytenite-jobs run --help\n");
  });

  test("without a credential", async () => {
    const { status, stderr } = await runInProcess(["run", "a"]);
    expect(status).toBe(2);
    expect(stderr).toContain("set BYTENITE_ACCESS_TOKEN or BYTENITE_API_KEY");
  });

  test.each([
    [{ BYTENITE_BASE_URL: "", BYTENITE_ACCESS_TOKEN: token }, "BYTENITE_BASE_URL is set, but empty"],
    [{ BYTENITE_BASE_URL: "api.example", BYTENITE_ACCESS_TOKEN: token }, "BYTENITE_BASE_URL"],
    [{ BYTENITE_ACCESS_TOKEN: "" }, "BYTENITE_ACCESS_TOKEN is set, but empty"],
    [{ BYTENITE_API_KEY: "" }, "BYTENITE_API_KEY is set, but empty"],
    [{ BYTENITE_ACCESS_TOKEN: " " }, "BYTENITE_ACCESS_TOKEN must not be empty"],
  ])("with an invalid environment: %j", async (env, text) => {
    const { status, stderr } = await runInProcess(["run", "a"], env);
    expect(status).toBe(2);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain(token);
  });

  test("with two credentials in the environment", async () => {
    const { status, stderr } = await runInProcess(["run", "a"], {
      BYTENITE_ACCESS_TOKEN: token,
      BYTENITE_API_KEY: "k",
    });
    expect(status).toBe(2);
    expect(stderr).toContain("BYTENITE_ACCESS_TOKEN and BYTENITE_API_KEY are both given");
  });

  test("with a token over unencrypted http", async () => {
    const { status, stderr } = await runInProcess(["run", "a", "--base-url", "http://api.example"], {
      BYTENITE_ACCESS_TOKEN: token,
    });
    expect(status).toBe(2);
    expect(stderr).toContain("unencrypted");
    expect(stderr).not.toContain(token);
  });

  test("with an id from a shell that is not UTF-8", async () => {
    const env = { BYTENITE_ACCESS_TOKEN: token, BYTENITE_BASE_URL: `http://127.0.0.1:${await closedPort()}` };
    const script = `exec "$@" $'a\\xff'`;
    const { status, stderr } = await startCliInShell(script, ["run"], env).ended;
    expect([status, stderr.split("\n")[0]]).toEqual([
      2,
      "error: <jobId> is not valid UTF-8, or contains U+FFFD",
    ]);
  });

  test("with a base URL in the environment that is not UTF-8", async () => {
    const env = { BYTENITE_ACCESS_TOKEN: token, BYTENITE_BASE_URL: "http://127.0.0.1/\ufffd" };
    const { status, stderr } = await runInProcess(["run", "a"], env);
    expect(status).toBe(2);
    expect(stderr).toContain("BYTENITE_BASE_URL is not valid UTF-8");
  });

  test.each([
    [["run", "--json"]],
    [["run", "a", "--frob", "--json"]],
    [["run", "a", "--json=true"]],
    [["run", "a", "--json="]],
    [["serve", "--job", "", "--json"]],
    [["frob", "--json"]],
    [["--json"]],
    [["help", "nope", "--json"]],
    [["help", "--json", "nope"]],
    [["--help", "nope", "--json"]],
  ])("%j reports it in JSON, with an outcome like any error", async (args) => {
    const { status, stdout, stderr } = await runInProcess(args);
    expect([status, stderr]).toEqual([2, ""]);
    const { ok, usageError, error } = JSON.parse(stdout);
    expect([ok, error.reason, error.outcome]).toEqual([false, usageError, "not_sent"]);
    expect(usageError).not.toBe("");
  });

  test("after two dashes, --json is not an option", async () => {
    const { status, stdout } = await runInProcess(["run", "--", "--json", "b"]);
    expect([status, stdout]).toEqual([2, ""]);
  });
});

test("errors have the option names of the command line, and values and routes do not change", () => {
  const names = { ...connectionNames, job_id: ["<jobId>"] } as const;
  const rename = (reason: string) => withCommandLineNames(reason, names, undefined);
  expect(rename('baseUrl is "baseUrl \\" apiKey", tokenUrl {accessToken}')).toBe(
    'BYTENITE_BASE_URL is "baseUrl \\" apiKey", --token-url {accessToken}',
  );
  expect(rename("job_id is empty (/jobs/{job_id}/run)")).toBe("<jobId> is empty (/jobs/{job_id}/run)");
});

describe("help and version in JSON are one document", () => {
  test.each([
    [["--help", "--json"], "Usage: bytenite-jobs <command>"],
    [["help", "--json"], "Usage: bytenite-jobs <command>"],
    [["help", "abort", "--json"], "Usage: bytenite-jobs abort"],
    [["help", "--json", "abort"], "Usage: bytenite-jobs abort"],
    [["run", "--json", "-h"], "Usage: bytenite-jobs run"],
  ])("%j", async (args, text) => {
    const { status, stdout, stderr } = await runInProcess(args);
    expect([status, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({ ok: true, command: "help", help: expect.stringContaining(text) });
  });

  test("--version", async () => {
    const { status, stdout } = await runCli(["--version", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ ok: true, command: "version", version: VERSION });
  });
});

describe("an old Node.js gets an error", () => {
  const oldest = JSON.parse(readFileSync("package.json", "utf8")).engines.node.replace(">=", "");
  const complaint = `bytenite-jobs needs Node.js ${oldest} or later; this is 20.20.2`;

  test("that names the required version", () => {
    const versions = ["20.20.2", "22.18.0", "22.19.0", "24.0.0", "26.1.0"];
    const complaints = versions.map((node) => complaintAbout({ node }));
    expect(complaints.map((each) => each !== undefined)).toEqual([true, true, false, false, false]);
    expect(complaints[0]).toBe(complaint);
    expect(complaintAbout({ node: "22.6.0", bun: "1.2.0" })).toMatch(/this is 22\.6\.0 \(Bun 1\.2\.0\)$/);
    expect(complaintAbout({ node: "22.11.0", deno: "2.1.0" })).toMatch(/this is 22\.11\.0 \(Deno 2\.1\.0\)$/);
  });

  // Simulates an old Node.js: its version is old, and undici throws while it loads.
  const old = `
    import { registerHooks } from "node:module";
    Object.defineProperty(process.versions, "node", { value: "20.20.2" });
    const undici = "export default class Pool {} undefined.bind();";
    registerHooks({
      resolve: (specifier, context, next) =>
        /^undici\\b/.test(specifier)
          ? { url: "data:text/javascript," + encodeURIComponent(undici), shortCircuit: true }
          : next(specifier, context),
    });`;
  const options = ["--import", `data:text/javascript,${encodeURIComponent(old)}`];
  const onOldNode = (...args: string[]) => promisify(execFile)(process.execPath, [...options, ...args]);
  const failed = (promise: Promise<unknown>) =>
    promise.then(
      () => expect.fail("it ended well"),
      (error) => error,
    );

  test.each(["index", "transport", "connect/index", "testing/index"])(
    "from %s, before undici is loaded",
    async (entry) => {
      const url = new URL(`../../dist/${entry}.js`, import.meta.url).href;
      const { stderr } = await failed(
        onOldNode("--input-type=module", "--eval", `import ${JSON.stringify(url)}`),
      );
      expect(stderr).toContain(`Error: ${complaint}\n`);
      expect(stderr).not.toContain("bind");
    },
  );

  test("from a user's bundle, before undici's code", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bytenite-jobs-bundle-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const input = join(folder, "app.mjs");
    const entry = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
    await writeFile(input, `import { JobsClient } from ${JSON.stringify(entry)}; console.log(JobsClient);`);
    const bundle = await rolldown({ input, platform: "node" });
    const { output } = await bundle.generate({ format: "esm" });
    const { code } = output[0];
    expect(code).toContain("needs Node.js");
    // undici's code, which the entry loads later.
    expect(code).not.toContain("UND_ERR_HEADERS_TIMEOUT");
    expect(output.some((each) => "code" in each && each.code.includes("UND_ERR_HEADERS_TIMEOUT"))).toBe(true);
  });

  const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

  test.each([[["run", "a"]], [["--version"]]])("from the command line: %j", async (args) => {
    const { code, stdout, stderr } = await failed(onOldNode(main, ...args));
    expect([code, stdout, stderr]).toEqual([1, "", `error: ${complaint}\n`]);
  });

  test.each([[["run", "a", "--json"]], [["--version", "--json"]]])("in JSON: %j", async (args) => {
    const { code, stdout, stderr } = await failed(onOldNode(main, ...args));
    expect([code, stderr]).toEqual([1, ""]);
    expect(JSON.parse(stdout)).toEqual({ ok: false, error: { reason: complaint, outcome: "not_sent" } });
  });
});
