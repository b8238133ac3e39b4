import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runnableSnippets, SNIPPET_JOBS, type Snippet, snippetEnvironment } from "../markdown-snippets.ts";
import type { Check } from "./checks.ts";
import { checksOfCommandLine } from "./command-line.ts";
import { type Entry, entries, otherPrograms } from "./entries.ts";
import { execute } from "./execute.ts";
import type { Runtime } from "./runtimes.ts";
import { importsWithoutSideEffects } from "./side-effects.ts";

/** Checks the package on one runtime. It is installed in `folder`, which also has the programs and snippets. */
export function checksOnRuntime(runtime: Runtime, root: string, folder: string, version: string): Check[] {
  const checks = [
    ...entries.flatMap((entry) => checksOfEntry(runtime, folder, entry)),
    ...otherPrograms.flatMap((program) => checksOfProgram(runtime, folder, program)),
    ...checksOfCommandLine(runtime, root, folder, version),
    ...runnableSnippets(root)
      .filter((snippet) => runsOn(runtime, snippet))
      .map((snippet) => checkOfSnippet(runtime, folder, snippet)),
  ];
  return checks.map(({ name, run }) => ({ name: `${runtime.name}: ${name}`, run }));
}

/** Checks that every entry and the command line give an error on an old Node.js. */
export function checksOnOldNode({ name, version, path, evaluate }: Runtime, folder: string): Check[] {
  const evaluated = entries.map((entry) => [...evaluate, `import "${entry.name}"`]);
  const command = join(folder, "node_modules/bytenite-jobs/dist/cli/main.js");
  return [...evaluated, [command, "--version"]].map((args) => ({
    name: `${name}: ${args.at(-1)} names the required Node.js`,
    async run() {
      const message = await execute(path, args, { cwd: folder }).then(
        () => "it succeeded",
        (error: Error) => error.message,
      );
      if (!message.includes(`or later; this is ${version}`)) throw new Error(message);
      return undefined;
    },
  }));
}

function checksOfEntry(runtime: Runtime, folder: string, { name, exports, program }: Entry): Check[] {
  const evaluate = (code: string) => quiet(runtime, [...runtime.evaluate, code], folder);
  const list = "console.log(JSON.stringify(Object.keys(entry).sort()))";
  const required = `process.getBuiltinModule("node:module").createRequire(process.cwd() + "/")("${name}")`;
  return [
    {
      name: `import "${name}"`,
      async run() {
        const names = await evaluate(`import * as entry from "${name}"; ${list}`);
        return checkedNames(JSON.parse(names), exports);
      },
    },
    {
      name: `require("${name}")`,
      async run() {
        const names = await evaluate(`const entry = ${required}; ${list}`);
        return checkedNames(JSON.parse(names), exports);
      },
    },
    {
      name: `import "${name}" has no side effects`,
      async run() {
        await evaluate(importsWithoutSideEffects(name));
        return undefined;
      },
    },
    ...checksOfProgram(runtime, folder, program),
  ];
}

function checksOfProgram(runtime: Runtime, folder: string, program: string): Check[] {
  const compiled = program.replace(/\.ts$/, ".js");
  return [
    {
      name: `${program} as an ES module`,
      run: async () => progressOf(await quiet(runtime, [...runtime.run, compiled], folder)),
    },
    {
      name: `${program} as CommonJS`,
      run: async () => progressOf(await quiet(runtime, [...runtime.run, join("commonjs", compiled)], folder)),
    },
  ];
}

/** Whether a snippet runs on a runtime: Bun's own `undici` is a stub, and its `node:test` works only in `bun test`. */
function runsOn({ kind }: Runtime, { code }: Snippet): boolean {
  return kind.name !== "Bun" || !/from "(?:undici|node:test)"/.test(code);
}

function checkOfSnippet(runtime: Runtime, folder: string, { place, file, writesErrors }: Snippet): Check {
  return {
    name: `${place} runs as printed`,
    async run() {
      const server = await (await testingOf(folder)).startJobsServer({ jobs: SNIPPET_JOBS });
      try {
        const env = snippetEnvironment(server);
        const args = [...runtime.run, file];
        if (writesErrors) await execute(runtime.path, args, { cwd: folder, env });
        else await quiet(runtime, args, folder, env);
      } finally {
        await server.close();
      }
      return undefined;
    },
  };
}

/** Imports the packed `bytenite-jobs/testing` into this process. */
export function testingOf(folder: string): Promise<typeof import("../../src/testing/index.ts")> {
  return import(pathToFileURL(join(folder, "node_modules/bytenite-jobs/dist/testing/index.js")).href);
}

/** Runs a script that must not write to standard error, not even a warning. @returns its standard output */
async function quiet(
  runtime: Runtime,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout, stderr } = await execute(runtime.path, args, { cwd, env });
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
