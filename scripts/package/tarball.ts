import { join } from "node:path";
import { execute } from "./execute.ts";

/** The packed package. */
export interface Tarball {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** The paths of the files inside, as in the repository. */
  readonly files: readonly string[];
}

interface PackReport {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs the repository, as `npm publish` would; this builds it first. */
export async function pack(root: string, folder: string): Promise<Tarball> {
  const { stdout } = await execute("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root });
  const [report] = JSON.parse(stdout) as [PackReport];
  const files = report.files.map(({ path }) => path);
  return { path: join(folder, report.filename), size: report.size, files };
}
