// npm run test:package: tries the package as its users get it. Packs it, installs the tarball in empty folders outside
// of this one, and checks its files, what it runs on, what compiles it, and the snippets of the Markdown.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { followRecipes } from "../readme-recipe.ts";
import { type Check, runChecks } from "./checks.ts";
import { entries } from "./entries.ts";
import { execute } from "./execute.ts";
import { checksOfFiles } from "./files.ts";
import { install } from "./install.ts";
import { bringNode, type Node, nodeVersions, oldNodeVersion } from "./nodes.ts";
import { checksOnNode, checksOnOldNode } from "./on-node.ts";
import { checkOfSourceMaps } from "./source-maps.ts";
import { pack, type Tarball } from "./tarball.ts";
import { checksOfTypes, compileInto, type Sources, typeScripts, writeSnippets } from "./typescript.ts";
import { makeWorkFolder } from "./work-folder.ts";

const root = join(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const work = makeWorkFolder();
const consumer = join(work, "consumer");
const sources: Sources = { root, recipe: join(work, "recipe") };
const compilerOf = (typescript: string) => join(work, `typescript-${typescript}`);

let tarball: Tarball = { path: "", size: 0, files: [] };
const nodes: Node[] = [];
const oldNodes: Node[] = [];

// One after the other: each needs what the ones before it have made, and is not begun if anything of that failed.
const stages: readonly (() => readonly Check[])[] = [packing, bringing, compiling, trying];
for (const stage of stages) {
  const failed = await runChecks(stage());
  if (failed.length === 0) continue;
  console.error(`failed:\n${failed.map((name) => `  ${name}`).join("\n")}`);
  process.exitCode = 1;
  break;
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

function bringing(): Check[] {
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
      name: "the recipes for any service, and for one of Google's, make code",
      async run() {
        await followRecipes(root, sources.recipe);
        return undefined;
      },
    },
    ...[...nodeVersions, oldNodeVersion].map((wanted) => ({
      name: `npm brings Node.js ${wanted}`,
      async run() {
        const node = await bringNode(wanted, join(work, `node-${wanted}`));
        (wanted === oldNodeVersion ? oldNodes : nodes).push(node);
        return node.version;
      },
    })),
  ];
}

function compiling(): Check[] {
  return typeScripts.slice(-1).map(({ typescript }) => ({
    name: `TypeScript ${typescript} compiles what is run`,
    async run() {
      writeSnippets(sources, consumer);
      await compileInto(sources, consumer, compilerOf(typescript));
      return undefined;
    },
  }));
}

function trying(): Check[] {
  const inside = join(consumer, "node_modules/bytenite-jobs");
  const tool = (name: string, ...args: string[]): Check => ({
    name: `${name} finds nothing`,
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
    ...nodes
      .toSorted((a, b) => a.version.localeCompare(b.version))
      .flatMap((node) => checksOnNode(node, root, consumer, version)),
    ...oldNodes.flatMap((node) => checksOnOldNode(node, consumer)),
  ];
}
