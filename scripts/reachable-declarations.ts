import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** The declarations that a user's compiler reads, starting at those of the entries. Paths are relative to the package. */
export interface ReachableDeclarations {
  readonly files: ReadonlySet<string>;
  /** The missing imports, with the file that imports them. */
  readonly missing: readonly string[];
  /** The imported packages. */
  readonly packages: ReadonlySet<string>;
}

/** Follows the imports of declarations like TypeScript: `./a.js` and `./a.ts` both mean `./a.d.ts`. */
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

/** The declarations in the `exports` of a package.json. */
export function entryDeclarations(exports: Readonly<Record<string, unknown>>): string[] {
  return Object.values(exports).flatMap((target) =>
    typeof target === "object" && target !== null && "types" in target ? [String(target.types)] : [],
  );
}

/** The package of a specifier: `@scope/name` for `@scope/name/part`. */
export function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

// In the declarations that tsc writes, imports are `from "…"`, `import "…"` or `import("…")`.
function importedBy(declaration: string): string[] {
  return [...declaration.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(
    ([, specifier = ""]) => specifier,
  );
}
