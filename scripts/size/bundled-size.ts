import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

/** The size of a bundle, in bytes. */
export interface Size {
  readonly minified: number;
  /** Minified, and then compressed as with `gzip -9`. */
  readonly gzipped: number;
  /** Whether the bundle has no code. */
  readonly isEmpty: boolean;
}

/**
 * Bundles a line of a user's code with the parts of the built package that it needs. Dependencies are external: a user's
 * bundle may have them already.
 */
export async function bundledSize(root: string, code: string): Promise<Size> {
  const user = join(root, "a-user.js");
  const bundle = await rolldown({
    input: user,
    external: [/^node:/, /^undici/, /^@bufbuild\/protobuf/, /^@connectrpc\/connect/],
    platform: "node",
    // A missing entry would be taken for an external package, with a size of 0.
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
  // Dynamic imports are inlined, so that they count too.
  const { output } = await bundle.generate({ format: "esm", minify: true, codeSplitting: false });
  await bundle.close();
  const script = output.map((part) => (part.type === "chunk" ? part.code : "")).join("");
  return {
    minified: Buffer.byteLength(script),
    gzipped: gzipSync(script, { level: 9 }).length,
    isEmpty: /^\s*(?:export\s*\{\s*\};?)?\s*$/.test(script),
  };
}
