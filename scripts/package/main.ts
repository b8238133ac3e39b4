// npm run test:package: tests the package as its users get it. Packs it, installs the tarball in empty folders outside of the
// repository, and checks its files, the runtimes, the versions of TypeScript, bundles, and the snippets in the Markdown.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { followRecipes } from "../readme-recipe.ts";
import { checksOfBundles, installBundlers } from "./bundles.ts";
import { type Check, runChecks } from "./checks.ts";
import { entries } from "./entries.ts";
import { execute } from "./execute.ts";
import { checksOfFiles } from "./files.ts";
import { install } from "./install.ts";
import { checksOnOldNode, checksOnRuntime } from "./on-runtime.ts";
import { installRuntime, oldNode, type Runtime, supportedRuntimes } from "./runtimes.ts";
import { checkOfSourceMaps } from "./source-maps.ts";
import { pack, type Tarball } from "./tarball.ts";
import { checksOfTypes, compileInto, type Sources, typeScripts, writeSnippets } from "./typescript.ts";

const root = join(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const work = makeWorkFolder();
const consumer = join(work, "consumer");
const sources: Sources = { root, recipe: join(work, "recipe") };
const bundlers = join(work, "bundlers");
const compilerOf = (typescript: string) => join(work, `typescript-${typescript}`);

let tarball: Tarball = { path: "", size: 0, files: [] };
const runtimes: Runtime[] = [];
const oldNodes: Runtime[] = [];

// In sequence: each stage needs the results of the ones before it, and does not start if one of them failed.
const stages: readonly (() => readonly Check[])[] = [packing, installing, compiling, testing];
for (const stage of stages) {
  const failed = await runChecks(stage());
  if (failed.length === 0) continue;
  console.error(`failed:\n${failed.map((name) => `  ${name}`).join("\n")}`);
  process.exitCode = 1;
  break;
}

/** Makes an empty folder outside of the repository, and removes it when this process ends. */
function makeWorkFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bytenite-jobs-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  // A signal would end the process without "exit".
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  return folder;
}

function packing(): Check[] {
  return [
    {
      name: "npm packs the package",
      async run() {
        tarball = await pack(root, work);
        return `${tarball.files.length} files, ${tarball.size} bytes`;
      },
    },
  ];
}

function installing(): Check[] {
  const installed = [tarball.path, ...new Set(entries.flatMap(({ peers }) => peers))];
  return [
    {
      name: "npm installs the tarball in an empty folder",
      async run() {
        await install(consumer, installed);
        return undefined;
      },
    },
    ...typeScripts.map(({ typescript, typesOfNode }) => ({
      name: `npm installs it beside TypeScript ${typescript}`,
      async run() {
        const others = [`typescript@${typescript}`, `@types/node@${typesOfNode}`];
        await install(compilerOf(typescript), [...installed, ...others]);
        return undefined;
      },
    })),
    {
      name: "npm installs bundlers",
      async run() {
        await installBundlers(bundlers);
        return undefined;
      },
    },
    {
      name: "the recipes for any service, and for one of Google's, generate code",
      async run() {
        await followRecipes(root, sources.recipe);
        return undefined;
      },
    },
    ...[...supportedRuntimes, oldNode].map((wanted) => ({
      name: `npm installs ${wanted.kind.name} ${wanted.version}`,
      async run() {
        const folder = join(work, `${wanted.kind.package}-${wanted.version}`);
        const runtime = await installRuntime(wanted, folder);
        (wanted === oldNode ? oldNodes : runtimes).push(runtime);
        return runtime.version;
      },
    })),
  ];
}

function compiling(): Check[] {
  return typeScripts.slice(-1).map(({ typescript }) => ({
    name: `TypeScript ${typescript} compiles the programs and snippets`,
    async run() {
      writeSnippets(sources, consumer);
      await compileInto(sources, consumer, compilerOf(typescript));
      return undefined;
    },
  }));
}

function testing(): Check[] {
  const inside = join(consumer, "node_modules/bytenite-jobs");
  const tool = (name: string, ...args: string[]): Check => ({
    name: `${name} finds no problem`,
    async run() {
      await execute(join(root, "node_modules/.bin", name), args, { cwd: root });
      return undefined;
    },
  });
  return [
    tool("publint", "--strict", tarball.path),
    tool("attw", tarball.path, "--profile", "esm-only"),
    ...checksOfFiles(inside, tarball.files),
    checkOfSourceMaps(inside, tarball.files),
    ...typeScripts.flatMap((each) => checksOfTypes(sources, compilerOf(each.typescript), each)),
    ...checksOfBundles(consumer, bundlers, work),
    ...runtimes
      .toSorted((a, b) => a.name.localeCompare(b.name))
      .flatMap((runtime) => checksOnRuntime(runtime, root, consumer, version)),
    ...oldNodes.flatMap((node) => checksOnOldNode(node, consumer)),
  ];
}
