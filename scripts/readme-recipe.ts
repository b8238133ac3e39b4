// The files of README's recipe for any service, each in a block that opens with a comment which names it, and the code
// that buf makes of them: what the snippets about such a service import.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

/** A file of the recipe. */
export interface RecipeFile {
  /** For instance `"proto/shop/v1/shop.proto"`. */
  readonly path: string;
  readonly text: string;
}

/** The files, as a reader would copy them. */
export function recipeFiles(root: string): readonly RecipeFile[] {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const blocks = readme.matchAll(/^```(?:proto|yaml)\n((?:\/\/|#) (\S+)\n.*?)^```$/gms);
  return [...blocks].map(([, text = "", path = ""]) => ({ path, text }));
}

/** Does in `folder` what the recipe says, with the tools that `root` has: makes `gen` there. */
export async function followRecipe(root: string, folder: string): Promise<void> {
  for (const { path, text } of recipeFiles(root)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const tools = join(root, "node_modules/.bin");
  const env = { ...process.env, PATH: [tools, process.env.PATH].join(delimiter) };
  await promisify(execFile)(join(tools, "buf"), ["generate"], { cwd: folder, env });
}
