import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, join, normalize } from "node:path";
import type { Check } from "./checks.ts";

/** Checks that a debugger can step through the TypeScript in the source maps: the package has no src/. */
export function checkOfSourceMaps(installed: string, files: readonly string[]): Check {
  return {
    name: "source maps contain the sources, and map to the right lines",
    async run() {
      let followed = 0;
      const scripts = files.filter((file) => file.endsWith(".js"));
      for (const script of scripts) followed += follow(installed, files, script);
      if (followed < scripts.length) throw new Error(`only ${followed} names could be followed`);
      return `${followed} functions and classes followed from ${scripts.length} scripts`;
    },
  };
}

/** Maps each function and class of a script to the line of its declaration, and returns their number. */
function follow(root: string, files: readonly string[], script: string): number {
  const lines = readFileSync(join(root, script), "utf8").split("\n");
  const link = lines.findLast((line) => line.startsWith("//# sourceMappingURL="))?.slice(21);
  if (link === undefined) {
    // A script with only imports and exports needs no source map.
    const code = lines.find((line) => !/^(?:import .*;|export \{.*;|)$/.test(line));
    if (code !== undefined) throw new Error(`${script} has no source map, and code: ${code}`);
    return 0;
  }
  const file = join(dirname(script), link);
  if (!files.includes(file)) throw new Error(`${script} names ${link}, which is not in the package`);
  const payload: SourceMapPayload = JSON.parse(readFileSync(join(root, file), "utf8"));
  const sources = new Map(payload.sources.map((source, i) => [source, payload.sourcesContent?.[i]]));
  for (const [source, content] of sources) {
    if (typeof content !== "string") throw new Error(`${file} does not contain ${source}`);
    if (!/^(?:src|gen)\//.test(normalize(join(dirname(file), source)))) {
      throw new Error(`${file} names ${source}, which is neither in src/ nor in gen/`);
    }
  }
  const map = new SourceMap(payload);
  let followed = 0;
  for (const [i, line] of lines.entries()) {
    const [declaration, name = ""] =
      /^(?:async )?(?:function\*?|var|const|class) ([\w$]+)(?= extends| =|\(| \{)/.exec(line) ?? [];
    if (declaration === undefined) continue;
    const entry = map.findEntry(i, declaration.length - name.length);
    if (!("originalSource" in entry)) continue;
    const original = sources.get(entry.originalSource)?.split("\n")[entry.originalLine] ?? "";
    // The bundler adds a number to a name that two files declare.
    if (!original.includes(name.replace(/\$\d+$/, ""))) {
      throw new Error(
        `${script}:${i + 1} maps to ${entry.originalSource}:${entry.originalLine + 1}, which does not name ${name}`,
      );
    }
    followed++;
  }
  return followed;
}
