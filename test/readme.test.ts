import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type JobsServer, startJobsServer } from "../src/testing/index.ts";

const run = promisify(execFile);
const root = new URL("..", import.meta.url);
const readme = readFileSync(new URL("README.md", root), "utf8");
const snippets = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);

// In the package's own folder, where its name and ./examples mean what the README says.
const files = snippets.map((_, i) => `readme-snippet-${i + 1}.ts`);
let server: JobsServer;

beforeAll(async () => {
  server = await startJobsServer({ jobs: ["job-1"] });
  await Promise.all(snippets.map((code, i) => writeFile(new URL(files[i] as string, root), code)));
});

afterAll(async () => {
  await Promise.all(files.map((file) => rm(new URL(file, root), { force: true })));
  await server.close();
});

test("the README has the snippets that it promises", () => {
  expect(snippets.length).toBeGreaterThanOrEqual(4);
});

// They import the package by its name, so what runs is dist/: `npm test` builds it.
test.each(files)("%s runs as printed", async (file) => {
  const env = {
    ...process.env,
    BYTENITE_BASE_URL: server.baseUrl,
    BYTENITE_ACCESS_TOKEN: server.accessToken,
  };
  const { stderr } = await run(process.execPath, [file], { cwd: root, env });
  if (!snippets[files.indexOf(file)]?.includes("console.error")) expect(stderr).toBe("");
});

test("the snippets have no type errors", async () => {
  const options = ["--module", "nodenext", "--target", "es2023", "--strict", "--noEmit", "--types", "node"];
  const more = ["--lib", "es2023,esnext.disposable", "--ignoreConfig"];
  await expect(
    run("node_modules/.bin/tsc", [...options, ...more, ...files], { cwd: root }),
  ).resolves.toBeDefined();
}, 60_000);
