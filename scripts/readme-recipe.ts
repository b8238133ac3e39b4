// The recipes for any service (README), for one of Google's, and for streams: extracts their files, and generates code with
// buf, which the snippets import. Each file is a block whose first line is a comment with the path.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

/** A file of the recipe. */
export interface RecipeFile {
  /** For instance `"proto/shop/v1/shop.proto"`. */
  readonly path: string;
  readonly text: string;
}

/** The pages with a recipe. */
export const recipePages = ["README.md", "docs/google-apis.md", "docs/streaming.md"] as const;

/** Extracts the files of a page's recipe. */
export function recipeFiles(root: string, page: (typeof recipePages)[number]): readonly RecipeFile[] {
  const text = readFileSync(join(root, page), "utf8");
  const blocks = text.matchAll(/^```(?:proto|yaml)\n((?:\/\/|#) (\S+)\n.*?)^```$/gms);
  return [...blocks].map(([, text = "", path = ""]) => ({ path, text }));
}

/**
 * Follows each recipe in its own folder within `folder`, with the tools of `root`. Generates `gen` there, and one `gen` with
 * the code of all recipes in `folder`.
 *
 * @returns the folders, in the order of {@link recipePages}
 */
export async function followRecipes(root: string, folder: string): Promise<string[]> {
  const folders: string[] = [];
  for (const page of recipePages) {
    const own = join(folder, `recipe-${folders.length + 1}`);
    folders.push(own);
    // A page that has only a .proto file goes on from the README.
    const bufFiles = recipeFiles(root, "README.md").filter(({ path }) => path.endsWith(".yaml"));
    for (const { path, text } of [...bufFiles, ...recipeFiles(root, page)]) {
      const file = join(own, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    symlinkSync(join(root, "node_modules"), join(own, "node_modules"));
    await buf(root, own, "generate");
    cpSync(join(own, "gen"), join(folder, "gen"), { recursive: true });
  }
  return folders;
}

/** Runs buf in a folder, with the tools of `root`. */
export async function buf(root: string, cwd: string, ...args: string[]): Promise<void> {
  const tools = join(root, "node_modules/.bin");
  const env = { ...process.env, PATH: [tools, process.env.PATH].join(delimiter) };
  await promisify(execFile)(join(tools, "buf"), args, { cwd, env });
}
