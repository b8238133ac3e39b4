import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runnableSnippets } from "../markdown-snippets.ts";
import type { Check } from "./checks.ts";
import { type Entry, entries, otherPrograms } from "./entries.ts";
import { execute } from "./execute.ts";

/** A version of TypeScript, and of the declarations of Node.js, which undici and the package need. */
export interface TypeScript {
  readonly typescript: string;
  readonly typesOfNode: string;
}

/** The oldest versions together, and the newest versions together. */
export const typeScripts: readonly TypeScript[] = [
  { typescript: "5.9", typesOfNode: "22.19" },
  { typescript: "7", typesOfNode: "latest" },
];

/** The sources of the programs and snippets. */
export interface Sources {
  /** The repository. */
  readonly root: string;
  /** The folder with the code that the recipes generate. */
  readonly recipe: string;
}

/** The setup of a user's project. */
interface Project {
  readonly name: string;
  readonly type: "module" | "commonjs";
  /** Whether it has the declarations of the DOM, like a project without `lib`. */
  readonly dom: boolean;
  readonly options: Readonly<Record<string, string | boolean>>;
}

const projects: readonly Project[] = [
  { name: "node16", type: "module", dom: true, options: { module: "node16", moduleResolution: "node16" } },
  { name: "nodenext", type: "module", dom: false, options: { module: "nodenext" } },
  { name: "nodenext-cjs", type: "commonjs", dom: false, options: { module: "nodenext" } },
  { name: "node20-cjs", type: "commonjs", dom: true, options: { module: "node20" } },
  {
    name: "bundler-esnext",
    type: "module",
    dom: true,
    options: { module: "esnext", moduleResolution: "bundler" },
  },
  {
    name: "bundler-preserve",
    type: "module",
    dom: false,
    options: {
      module: "preserve",
      moduleResolution: "bundler",
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      isolatedModules: true,
    },
  },
];

/** The options of every project: those that the README names, and none that would hide an error. */
const common = { target: "es2022", types: ["node"], strict: true, skipLibCheck: false };
/** The smallest sufficient `lib`, also for `await using`: the declarations of Node.js add what is newer. */
const withoutDom = { lib: ["es2022"] };

/** Compiles the programs in every kind of project, and the snippets in ES modules, where they may use `await`. */
export function checksOfTypes(
  sources: Sources,
  folder: string,
  { typescript, typesOfNode }: TypeScript,
): Check[] {
  return projects.map((project) => ({
    name: `TypeScript ${typescript} with @types/node ${typesOfNode}: ${describe(project)}`,
    async run() {
      const own = join(folder, project.name);
      const programs = entries.filter((entry) => isFor(project, entry));
      const count = writeProject(sources, own, project, programs, { noEmit: true });
      await compile(folder, own);
      return `${count} files`;
    },
  }));
}

function isFor({ dom, type }: Project, { needsDom, needsModule }: Entry): boolean {
  return (dom || !needsDom) && (type === "module" || !needsModule);
}

/** Compiles the programs and snippets to JavaScript, as modules in `folder` and as CommonJS in `folder`/commonjs. */
export async function compileInto(sources: Sources, folder: string, compiler: string): Promise<void> {
  for (const name of ["nodenext", "nodenext-cjs"]) {
    const project = projects.find((each) => each.name === name);
    if (project === undefined) throw new Error(`there is no project ${name}`);
    const outDir = project.type === "module" ? folder : join(folder, "commonjs");
    const own = join(compiler, `compiled-${name}`);
    // checksOfTypes checks the types.
    writeProject(sources, own, project, entries, { rootDir: own, outDir, noCheck: true });
    await compile(compiler, own);
  }
  writeFileSync(join(folder, "commonjs/package.json"), '{ "type": "commonjs" }');
}

/** Writes the snippets, and the generated code that they import, into a folder. */
export function writeSnippets(
  { root, recipe }: Sources,
  folder: string,
  snippets = runnableSnippets(root),
): void {
  for (const { file, code } of snippets) writeFileSync(join(folder, file), code);
  cpSync(join(recipe, "gen"), join(folder, "gen"), { recursive: true });
}

function writeProject(
  sources: Sources,
  folder: string,
  { type, dom, options }: Project,
  tested: readonly Entry[],
  output: Readonly<Record<string, string | boolean>>,
): number {
  mkdirSync(folder, { recursive: true });
  const programs = [...tested.map(({ program }) => program), ...otherPrograms, "public-types.ts"];
  for (const program of programs)
    cpSync(join(sources.root, "scripts/package/programs", program), join(folder, program));
  const untested = entries.filter((entry) => !tested.includes(entry));
  const snippets = runnableSnippets(sources.root).filter(
    ({ code }) => type === "module" && !untested.some(({ name }) => code.includes(`"${name}"`)),
  );
  writeSnippets(sources, folder, snippets);
  const compilerOptions = { ...common, ...(dom ? {} : withoutDom), ...options, ...output };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  return programs.length + snippets.length;
}

async function compile(compiler: string, project: string): Promise<void> {
  await execute(process.execPath, [join(compiler, "node_modules/typescript/bin/tsc"), "-p", project], {
    cwd: project,
  });
}

function describe({ name, type, dom }: Project): string {
  const module = type === "module" ? "an ES module" : "CommonJS";
  return `${module}, ${name.replace(/-cjs$/, "").replace("-", " with module ")}, ${dom ? "with" : "without"} the DOM`;
}
