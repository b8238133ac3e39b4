import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** What a user's compiler reads, starting at the declarations of the entries. Paths are relative to the package. */
export interface ReachableDeclarations {
  readonly files: ReadonlySet<string>;
  /** What is imported and is not there, with the file that imports it. */
  readonly missing: readonly string[];
  /** The packages that are imported. */
  readonly packages: ReadonlySet<string>;
}

/** Follows imports from declaration to declaration, as TypeScript does: `./a.js` and `./a.ts` both mean `./a.d.ts`. */
export function reachableDeclarations(root: string, entries: readonly string[]): ReachableDeclarations {
  const files = new Set<string>();
  const missing: string[] = [];
  const packages = new Set<string>();
  const waiting = entries.map((file) => ({ file: normalize(file), from: "package.json" }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { file, from } = next;
    if (files.has(file)) continue;
    if (!existsSync(join(root, file))) {
      missing.push(`${file}, which ${from} imports`);
      continue;
    }
    files.add(file);
    for (const specifier of importedBy(readFileSync(join(root, file), "utf8"))) {
      if (specifier.startsWith(".")) {
        const declaration = specifier.replace(/\.[jt]s$/, ".d.ts");
        waiting.push({ file: join(dirname(file), declaration), from: file });
      } else {
        packages.add(packageOf(specifier));
      }
    }
  }
  return { files, missing, packages };
}

/** The declarations that the `exports` of a package.json name. */
export function entryDeclarations(exports: Readonly<Record<string, unknown>>): string[] {
  return Object.values(exports).flatMap((target) =>
    typeof target === "object" && target !== null && "types" in target ? [String(target.types)] : [],
  );
}

/** The package that a specifier is of: `@scope/name` of `@scope/name/part`. */
export function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

// tsc writes declarations, so their form is known: `from "…"`, `import "…"`, `import("…")`.
function importedBy(declaration: string): string[] {
  return [...declaration.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(
    ([, specifier = ""]) => specifier,
  );
}
