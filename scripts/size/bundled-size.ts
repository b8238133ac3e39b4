import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

/** How large a bundle is, in bytes. */
export interface Size {
  readonly minified: number;
  /** Minified, and then compressed as `gzip -9` does it. */
  readonly gzipped: number;
  /** Whether there is no code in it at all. */
  readonly isEmpty: boolean;
}

/**
 * Bundles a line of a user's code with what it needs of this package, as it was built, and nothing of what the package
 * stands on: that may be in a user's bundle already, and is not ours to make smaller.
 */
export async function bundledSize(root: string, code: string): Promise<Size> {
  const user = join(root, "a-user.js");
  const bundle = await rolldown({
    input: user,
    external: [/^node:/, "undici", /^@bufbuild\/protobuf/, /^@connectrpc\/connect/],
    platform: "node",
    // An entry that is not there would be taken for a package of the user's, and weigh nothing.
    onwarn(warning) {
      throw new Error(warning.message);
    },
    plugins: [
      {
        name: "code-of-a-user",
        resolveId: (id) => (id === user ? id : null),
        load: (id) => (id === user ? code : null),
      },
    ],
  });
  // What is loaded later is inlined, so that it counts too.
  const { output } = await bundle.generate({ format: "esm", minify: true, codeSplitting: false });
  await bundle.close();
  const script = output.map((part) => (part.type === "chunk" ? part.code : "")).join("");
  return {
    minified: Buffer.byteLength(script),
    gzipped: gzipSync(script, { level: 9 }).length,
    isEmpty: /^\s*(?:export\s*\{\s*\};?)?\s*$/.test(script),
  };
}
