import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));

/** The layers of src/. Each may import from those before it. CONTRIBUTING.md describes them. */
const layers = [
  "errors",
  "http",
  "codecs",
  "streams",
  "policies",
  "transcoding",
  "responses",
  "diagnostics",
  "client",
  "jobs",
  "connect",
  "probe",
  "testing",
  "cli",
];

/** Pairs of layers of which neither may import the other, although one is later in the list. */
const independent = new Set([
  "connect jobs",
  "probe connect",
  "testing connect",
  "testing probe",
  "cli connect",
]);

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

const imports = files.flatMap((file) => {
  const text = readFileSync(join(src, file), "utf8");
  const targets = [...text.matchAll(/^(?:import|export)[^;]*? from "(\.[^"]+)";/gms)].map(([, path = ""]) =>
    relative(src, join(src, dirname(file), path)),
  );
  return targets.filter((target) => !target.startsWith("..")).map((target) => ({ file, target }));
});

const layerOf = (path: string) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined);

test("every folder of src/ is a layer", () => {
  expect(new Set(files.map(layerOf).filter((layer) => layer !== undefined))).toEqual(new Set(layers));
  expect(imports.length).toBeGreaterThan(500);
});

test("imports between layers run one way", () => {
  const wrong = imports.filter(({ file, target }) => {
    const [from, to] = [layerOf(file), layerOf(target)];
    // The entries in src/ itself may import every layer, and no layer may import an entry.
    if (from === undefined) return false;
    if (to === undefined) return target !== "version.ts";
    if (independent.has(`${from} ${to}`)) return true;
    return layers.indexOf(to) > layers.indexOf(from);
  });
  expect(wrong).toEqual([]);
});

test("no files import each other in a circle, not even for types", () => {
  const targetsOf = new Map<string, string[]>(files.map((file) => [file, []]));
  for (const { file, target } of imports) targetsOf.get(file)?.push(target);
  const withoutCycle = new Set<string>();
  const findCycle = (file: string, importers: readonly string[]): readonly string[] | undefined => {
    if (importers.includes(file)) return [...importers.slice(importers.indexOf(file)), file];
    if (withoutCycle.has(file)) return undefined;
    for (const target of targetsOf.get(file) ?? []) {
      const cycle = findCycle(target, [...importers, file]);
      if (cycle !== undefined) return cycle;
    }
    withoutCycle.add(file);
    return undefined;
  };
  expect(files.map((file) => findCycle(file, [])).filter((cycle) => cycle !== undefined)).toEqual([]);
});

test("only http and testing import undici, except for its types", () => {
  const users = files.filter((file) =>
    /^import (?!type)[^;]*from "undici"/m.test(readFileSync(join(src, file), "utf8")),
  );
  expect(users.map(layerOf).filter((layer) => layer !== "http" && layer !== "testing")).toEqual([]);
});
