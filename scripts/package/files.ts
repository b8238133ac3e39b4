import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { entryDeclarations, packageOf, reachableDeclarations } from "../reachable-declarations.ts";
import type { Check } from "./checks.ts";
import { entries } from "./entries.ts";

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The files of a package besides its code, for people and for buf. */
const DOCUMENTS = /^(?:package\.json|README\.md|CHANGELOG\.md|LICENSE|docs\/.+|proto\/.+\.proto)$/;

/** Checks the files of the package and their imports. */
export function checksOfFiles(installed: string, files: readonly string[]): Check[] {
  const manifest: Manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const exported = Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === "object")
    .map(([path, target]) => ({
      name: join(manifest.name, path),
      file: conditionOf(target, "default"),
      types: conditionOf(target, "types"),
    }));
  return [
    {
      name: "every entry of package.json is tested",
      async run() {
        const named = exported.map(({ name }) => name);
        const tested = entries.map(({ name }) => name);
        failIfAny("not in scripts/package/entries.ts", without(named, tested));
        failIfAny("not in the exports of package.json", without(tested, named));
        return named.join(", ");
      },
    },
    {
      name: "every file is needed, and none is missing",
      async run() {
        const scripts = new Set<string>();
        for (const file of [...exported.map(({ file }) => file), ...Object.values(manifest.bin)]) {
          for (const module of (await importsOf(installed, file)).modules) scripts.add(module);
        }
        const declarations = reachableDeclarations(installed, entryDeclarations(manifest.exports));
        const needed = new Set([...scripts, ...declarations.files]);
        const maps = files.filter((file) => file.endsWith(".js.map") && scripts.has(file.slice(0, -4)));
        failIfAny("imported but missing", declarations.missing);
        failIfAny("not in the file list of npm", without([...needed], files));
        const surplus = files.filter(
          (file) => !DOCUMENTS.test(file) && !needed.has(file) && !maps.includes(file),
        );
        failIfAny("in the tarball, but not imported", surplus);
        return `${files.length} files, of which ${scripts.size} scripts and ${declarations.files.size} declarations`;
      },
    },
    {
      name: "every import is a dependency, or a peer of its entry",
      async run() {
        const dependencies = Object.keys(manifest.dependencies);
        const peers = Object.keys(manifest.peerDependencies ?? {});
        failIfAny("unexpected dependencies", without(dependencies, ["@bufbuild/protobuf", "undici"]));
        for (const { name, file, types } of exported) {
          const own = entries.find((entry) => entry.name === name)?.peers ?? [];
          failIfAny(`peers of ${name} that package.json does not have`, without(own, peers));
          const { packages } = await importsOf(installed, file);
          const known = [...dependencies, ...own];
          failIfAny(`imported by ${name}`, without([...packages], known));
          const declarations = reachableDeclarations(installed, [types]);
          failIfAny(`imported by the declarations of ${name}`, without([...declarations.packages], known));
        }
        for (const file of Object.values(manifest.bin)) {
          const { packages } = await importsOf(installed, file);
          failIfAny(`imported by ${file}`, without([...packages], dependencies));
        }
        return dependencies.join(", ");
      },
    },
  ];
}

/** Finds the modules and packages that a script imports, directly or not. */
async function importsOf(
  root: string,
  script: string,
): Promise<{ readonly modules: ReadonlySet<string>; readonly packages: ReadonlySet<string> }> {
  const modules = new Set<string>();
  const packages = new Set<string>();
  const bundle = await rolldown({
    input: join(root, script),
    external: (specifier) => !/^[./]/.test(specifier),
    platform: "node",
    treeshake: false,
    plugins: [
      {
        name: "note-imports",
        moduleParsed({ id, importedIds, dynamicallyImportedIds }) {
          modules.add(id.slice(root.length + 1));
          for (const imported of [...importedIds, ...dynamicallyImportedIds]) {
            if (!/^(?:[./]|node:)/.test(imported)) packages.add(packageOf(imported));
          }
        },
      },
    ],
  });
  await bundle.generate();
  await bundle.close();
  return { modules, packages };
}

function conditionOf(target: unknown, condition: "default" | "types"): string {
  const path = (target as Readonly<Record<string, unknown>>)[condition];
  if (typeof path === "string") return path;
  throw new Error(`an entry of package.json has no "${condition}": ${JSON.stringify(target)}`);
}

function without(all: readonly string[], known: readonly string[]): string[] {
  return all.filter((each) => !known.includes(each));
}

function failIfAny(what: string, found: readonly string[]): void {
  if (found.length > 0) throw new Error(`${what}: ${found.join(", ")}`);
}
