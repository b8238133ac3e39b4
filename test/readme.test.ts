import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LogService } from "../examples/gen/logs/v1/logs_pb.js";
import { logService } from "../examples/support/log-service.ts";
import {
  markdownSnippets,
  SNIPPET_JOBS,
  type Snippet,
  snippetEnvironment,
} from "../scripts/markdown-snippets.ts";
import { buf, followRecipes, recipeFiles } from "../scripts/readme-recipe.ts";
import { type JobsServer, startJobsServer, startServer } from "../src/testing/index.ts";
import { type CompanyNetwork, startCompanyNetwork } from "./support/company-network.ts";

const run = promisify(execFile);
const root = new URL("..", import.meta.url);

/** How many snippets the pages have at least. */
const promised = {
  "README.md": 4,
  "docs/configuration.md": 1,
  "docs/connect.md": 1,
  "docs/credentials.md": 1,
  "docs/encodings.md": 1,
  "docs/errors.md": 1,
  "docs/google-apis.md": 1,
  "docs/json.md": 1,
  "docs/observability.md": 1,
  "docs/paging.md": 1,
  "docs/probe.md": 1,
  "docs/proxies-and-mtls.md": 5,
  "docs/retries.md": 1,
  "docs/streaming.md": 7,
  "docs/testing.md": 8,
} as const;

const snippets = markdownSnippets(fileURLToPath(root));

// Inside of the package's folder, where its name means what the pages say.
const folder = new URL(".snippets/", root);
const files = snippets.map(({ file }) => `.snippets/${file}`);
/** One for each page: its snippets are tried one after the other, as a reader would. */
const servers = new Map<string, JobsServer>();
let network: CompanyNetwork;
let logs: Awaited<ReturnType<typeof startServer>>;
let recipes: readonly string[];

beforeAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  network = await startCompanyNetwork([...SNIPPET_JOBS]);
  const steps = ["checkout", "install", "build", "test", "publish"];
  logs = await startServer(LogService, logService({ "logs/build": steps }));
  await Promise.all(snippets.map(({ code, file }) => writeFile(new URL(file, folder), code)));
  recipes = await followRecipes(fileURLToPath(root), fileURLToPath(folder));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await network[Symbol.asyncDispose]();
  await logs.close();
  await Promise.all([...servers.values()].map((server) => server.close()));
});

test("the recipe for any service has its three files", () => {
  const paths = recipeFiles(fileURLToPath(root), "README.md").map(({ path }) => path);
  expect(paths).toEqual(["proto/shop/v1/shop.proto", "buf.yaml", "buf.gen.yaml"]);
});

test("the recipe for Google's APIs has its two files", () => {
  const paths = recipeFiles(fileURLToPath(root), "docs/google-apis.md").map(({ path }) => path);
  expect(paths).toEqual(["buf.yaml", "buf.gen.yaml"]);
});

test("the recipe for streams has its file", () => {
  const paths = recipeFiles(fileURLToPath(root), "docs/streaming.md").map(({ path }) => path);
  expect(paths).toEqual(["proto/logs/v1/logs.proto"]);
});

test("the recipe for any service works with buf build too", async () => {
  await buf(fileURLToPath(root), recipes[0] ?? "", "build");
});

test.each(Object.entries(promised))("%s has the snippets that it promises", (page, count) => {
  expect(snippets.filter((snippet) => snippet.page === page).length).toBeGreaterThanOrEqual(count);
});

test("README serves the jobs that its snippets use", () => {
  const readme = readFileSync(new URL("README.md", root), "utf8");
  const [line = ""] = /^npx bytenite-jobs serve .*$/m.exec(readme) ?? [];
  expect([...line.matchAll(/--job (\S+)/g)].map(([, job]) => job)).toEqual([...SNIPPET_JOBS]);
});

async function serverFor(page: string): Promise<JobsServer> {
  const server = servers.get(page) ?? (await startJobsServer({ jobs: SNIPPET_JOBS }));
  servers.set(page, server);
  return server;
}

/** Runs Node.js for a page, and gives what it writes to standard error. Snippets import the package by its name: dist/. */
async function errorsOf(page: string, needs: Snippet["needs"], args: readonly string[]): Promise<string> {
  const server = await serverFor(page);
  // A vitest of its own, which is not told that it runs in another one.
  const { VITEST: _, ...outside } = process.env;
  const env = {
    ...outside,
    ...(needs === "company network" ? network.env : snippetEnvironment(server)),
    LOGS_URL: logs.baseUrl,
  };
  return (await run(process.execPath, args, { cwd: root, env })).stderr;
}

// The pages at the same time, and the snippets of each in order.
describe.concurrent.each([...new Set(snippets.map(({ page }) => page))])("%s", (page) => {
  const inOrder = { concurrent: false };
  const programs = snippets.filter((snippet) => snippet.page === page && snippet.needs !== "vitest");
  const tests = snippets.filter((snippet) => snippet.page === page && snippet.needs === "vitest");

  test.each(programs)("$place runs as printed", inOrder, async ({ file, needs, writesErrors }) => {
    const stderr = await errorsOf(page, needs, [`.snippets/${file}`]);
    if (!writesErrors) expect(stderr).toBe("");
  });

  if (tests.length === 0) return;
  test(`${tests.map(({ place }) => place).join(", ")} run as printed`, inOrder, async () => {
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "-c", "vitest.docs.config.ts"];
    expect(await errorsOf(page, "vitest", [...vitest, ...tests.map(({ file }) => `.snippets/${file}`)])).toBe(
      "",
    );
  });
});

test("the page about proxies went through TLS and the proxy, as it says", () => {
  expect(network.api.executions.map(({ rpc }) => rpc)).toEqual(["RunJob", "AbortJob", "DeleteJob"]);
  const { host } = new URL(network.env.BYTENITE_BASE_URL);
  expect(network.asked).toEqual([`CONNECT ${host}`, `CONNECT ${host}`]);
});

test("the snippets have no type errors", async () => {
  const options = ["--module", "nodenext", "--target", "es2023", "--strict", "--noEmit", "--types", "node"];
  const more = ["--lib", "es2023,esnext.disposable,dom", "--ignoreConfig"];
  await expect(
    run("node_modules/.bin/tsc", [...options, ...more, ...files], { cwd: root }),
  ).resolves.toBeDefined();
});
