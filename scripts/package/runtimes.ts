import { join } from "node:path";
import { execute } from "./execute.ts";
import { install } from "./install.ts";

/** A runtime to test the package on. */
export interface Runtime {
  /** For instance `"Node.js 22.19.0"`. */
  readonly name: string;
  /** For instance `"22.19.0"`. */
  readonly version: string;
  readonly kind: RuntimeKind;
  /** The path of the executable. */
  readonly path: string;
  /** The arguments before the path of a script. */
  readonly run: readonly string[];
  /** The arguments before the code of an ES module. */
  readonly evaluate: readonly string[];
}

interface RuntimeKind {
  readonly name: string;
  /** The npm package, whose install script puts the executable in its place. */
  readonly package: string;
  readonly executable: string;
  readonly run: readonly string[];
  readonly evaluate: readonly string[];
}

const node: RuntimeKind = {
  name: "Node.js",
  package: "node",
  executable: "bin/node",
  run: [],
  evaluate: ["--input-type=module", "--eval"],
};
const bun: RuntimeKind = {
  name: "Bun",
  package: "bun",
  executable: "bin/bun.exe",
  run: [],
  evaluate: ["--eval"],
};
const deno: RuntimeKind = {
  name: "Deno",
  package: "deno",
  executable: "deno",
  // The permissions that docs/runtimes.md names.
  run: ["run", "--no-prompt", "--allow-net", "--allow-env", "--allow-read"],
  evaluate: ["eval"],
};

/** A runtime that npm can install. */
export interface WantedRuntime {
  readonly kind: RuntimeKind;
  readonly version: string;
}

/**
 * The oldest Node.js that `engines` allows, the newest of each supported line, which npm looks up, and the releases of Bun and
 * Deno of which docs/runtimes.md says what they cannot do.
 */
export const supportedRuntimes: readonly WantedRuntime[] = [
  { kind: node, version: "22.19.0" },
  { kind: node, version: "24" },
  { kind: node, version: "26" },
  { kind: bun, version: "1.4.5" },
  { kind: deno, version: "2.9.6" },
];

/** A version that is too old, and has to get an error. */
export const oldNode: WantedRuntime = { kind: node, version: "20" };

/** Installs a runtime from npm. */
export async function installRuntime(
  { kind, version: wanted }: WantedRuntime,
  folder: string,
): Promise<Runtime> {
  await install(folder, [`${kind.package}@${wanted}`], { allowScripts: { [kind.package]: true } });
  const path = join(folder, "node_modules", kind.package, kind.executable);
  const { stdout } = await execute(path, ["--version"], { cwd: folder });
  const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? stdout;
  if (version !== wanted && !version.startsWith(`${wanted}.`)) {
    throw new Error(`npm installed ${kind.name} ${version} for ${kind.package}@${wanted}`);
  }
  const { run, evaluate } = kind;
  return { name: `${kind.name} ${version}`, version, kind, path, run, evaluate };
}
