// Removes the declarations that no entry imports: tsc writes one for each file, and three of four are internal.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { entryDeclarations, reachableDeclarations } from "./reachable-declarations.ts";

const root = join(import.meta.dirname, "..");
const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const { files, missing } = reachableDeclarations(root, entryDeclarations(exports));
if (missing.length > 0) throw new Error(`declarations are missing: ${missing.join("; ")}`);
for (const name of readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" })) {
  const file = join("dist", name);
  if (file.endsWith(".d.ts") && !files.has(file)) rmSync(join(root, file));
}
