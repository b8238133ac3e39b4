import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runnableSnippets, SNIPPET_JOBS, type Snippet, snippetEnvironment } from "../markdown-snippets.ts";
import type { Check } from "./checks.ts";
import { checksOfCommandLine } from "./command-line.ts";
import { type Entry, entries } from "./entries.ts";
import { execute } from "./execute.ts";
import type { Node } from "./nodes.ts";
import { importsWithoutSideEffects } from "./side-effects.ts";

/** Checks the package on one Node.js. It is installed in `folder`, which also has the programs and snippets. */
export function checksOnNode(node: Node, root: string, folder: string, version: string): Check[] {
  const checks = [
    ...entries.flatMap((entry) => checksOfEntry(node, folder, entry)),
    ...checksOfCommandLine(node, root, folder, version),
    ...runnableSnippets(root).map((snippet) => checkOfSnippet(node, folder, snippet)),
  ];
  return checks.map(({ name, run }) => ({ name: `Node.js ${node.version}: ${name}`, run }));
}

/** Checks that every entry and the command line give an error on an old Node.js. */
export function checksOnOldNode(node: Node, folder: string): Check[] {
  const evaluated = entries.map(({ name }) => ["--input-type=module", "--eval", `import "${name}"`]);
  const command = join(folder, "node_modules/bytenite-jobs/dist/cli/main.js");
  return [...evaluated, [command, "--version"]].map((args) => ({
    name: `Node.js ${node.version}: ${args.at(-1)} names the required Node.js`,
    async run() {
      const message = await execute(node.path, args, { cwd: folder }).then(
        () => "it succeeded",
        (error: Error) => error.message,
      );
      if (!message.includes(`or later; this is ${node.version}`)) throw new Error(message);
      return undefined;
    },
  }));
}

function checksOfEntry(node: Node, folder: string, { name, exports, program }: Entry): Check[] {
  const evaluate = (code: string, type: string) =>
    quiet(node, [`--input-type=${type}`, "--eval", code], folder);
  const list = "console.log(JSON.stringify(Object.keys(entry).sort()))";
  const compiled = program.replace(/\.ts$/, ".js");
  return [
    {
      name: `import "${name}"`,
      async run() {
        const names = await evaluate(`import * as entry from "${name}"; ${list}`, "module");
        return checkedNames(JSON.parse(names), exports);
      },
    },
    {
      name: `require("${name}")`,
      async run() {
        const names = await evaluate(`const entry = require("${name}"); ${list}`, "commonjs");
        return checkedNames(JSON.parse(names), exports);
      },
    },
    {
      name: `import "${name}" has no side effects`,
      async run() {
        await evaluate(importsWithoutSideEffects(name), "module");
        return undefined;
      },
    },
    {
      name: `${program} as an ES module`,
      run: async () => progressOf(await quiet(node, [compiled], folder)),
    },
    {
      name: `${program} as CommonJS`,
      run: async () => progressOf(await quiet(node, [join("commonjs", compiled)], folder)),
    },
  ];
}

function checkOfSnippet(node: Node, folder: string, { place, file, writesErrors }: Snippet): Check {
  return {
    name: `${place} runs as printed`,
    async run() {
      const server = await (await testingOf(folder)).startJobsServer({ jobs: SNIPPET_JOBS });
      try {
        const env = snippetEnvironment(server);
        if (writesErrors) await execute(node.path, [file], { cwd: folder, env });
        else await quiet(node, [file], folder, env);
      } finally {
        await server.close();
      }
      return undefined;
    },
  };
}

/** Imports the packed `bytenite-jobs/testing` into this process. */
function testingOf(folder: string): Promise<typeof import("../../src/testing/index.ts")> {
  return import(pathToFileURL(join(folder, "node_modules/bytenite-jobs/dist/testing/index.js")).href);
}

/** Runs a script that must not write to standard error, not even a warning. @returns its standard output */
async function quiet(
  node: Node,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout, stderr } = await execute(node.path, args, { cwd, env });
  if (stderr !== "") throw new Error(`${args.join(" ")} wrote to standard error:\n${stderr}`);
  return stdout;
}

function checkedNames(actual: readonly string[], expected: readonly string[]): string {
  const missing = expected.filter((name) => !actual.includes(name));
  const surplus = actual.filter((name) => !expected.includes(name));
  if (missing.length > 0) throw new Error(`it does not export ${missing.join(", ")}`);
  if (surplus.length > 0)
    throw new Error(`it also exports ${surplus.join(", ")}; add them to scripts/package/entries.ts`);
  return `${actual.length} names`;
}

function progressOf(printed: string): string {
  if (printed === "") throw new Error("it printed nothing, so it did not reach its end");
  return printed;
}
