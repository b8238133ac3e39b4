import { join } from "node:path";
import { execute } from "./execute.ts";

/** The tarball of the package. */
export interface Tarball {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** The paths of its files, as in the repository. */
  readonly files: readonly string[];
}

interface PackReport {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** Builds and packs the repository, like `npm publish`. */
export async function pack(root: string, folder: string): Promise<Tarball> {
  const { stdout } = await execute("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root });
  const [report] = JSON.parse(stdout) as [PackReport];
  const files = report.files.map(({ path }) => path);
  return { path: join(folder, report.filename), size: report.size, files };
}
