import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type JobsServer, startJobsServer } from "../src/testing/index.ts";
import { type CompanyNetwork, startCompanyNetwork } from "./support/company-network.ts";

const run = promisify(execFile);
const root = new URL("..", import.meta.url);

/** The pages whose snippets are run, and how many there are at least. */
const pages = {
  "README.md": 4,
  "docs/connect.md": 1,
  "docs/observability.md": 1,
  "docs/proxies-and-mtls.md": 5,
  "docs/testing.md": 8,
} as const;

type Page = keyof typeof pages;

// In the package's own folder, where its name and ./examples mean what the pages say.
const snippets = (Object.keys(pages) as Page[]).flatMap((page) => {
  const text = readFileSync(new URL(page, root), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""], i) => ({
    page,
    code,
    file: `${basename(page, ".md").toLowerCase()}-snippet-${i + 1}.ts`,
  }));
});
const files = snippets.map(({ file }) => file);
let server: JobsServer;
let network: CompanyNetwork;

beforeAll(async () => {
  server = await startJobsServer({ jobs: ["job-1", "job-7"] });
  network = await startCompanyNetwork(["job-1"]);
  await Promise.all(snippets.map(({ code, file }) => writeFile(new URL(file, root), code)));
});

afterAll(async () => {
  await Promise.all(files.map((file) => rm(new URL(file, root), { force: true })));
  await network[Symbol.asyncDispose]();
  await server.close();
});

test.each(Object.entries(pages))("%s has the snippets that it promises", (page, count) => {
  expect(snippets.filter((snippet) => snippet.page === page).length).toBeGreaterThanOrEqual(count);
});

// They import the package by its name, so what runs is dist/: `npm test` builds it.
test.each(snippets)(
  "$file runs as printed",
  async ({ page, file, code }) => {
    // A vitest of its own, which is not told that it runs in another one.
    const { VITEST: _, ...outside } = process.env;
    const env = {
      ...outside,
      BYTENITE_BASE_URL: server.baseUrl,
      BYTENITE_ACCESS_TOKEN: server.accessToken,
      ...(page === "docs/proxies-and-mtls.md" && network.env),
    };
    const isVitest = code.includes('from "vitest"');
    const args = isVitest
      ? ["node_modules/vitest/vitest.mjs", "run", "-c", "vitest.docs.config.ts", file]
      : [file];
    const { stderr } = await run(process.execPath, args, { cwd: root, env });
    if (!code.includes("console.error")) expect(stderr).toBe("");
  },
  30_000,
);

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
}, 60_000);
