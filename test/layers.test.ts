import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));

/** The layers of src/: each may import from those before it. CONTRIBUTING.md says what is in them. */
const layers = [
  "errors",
  "http",
  "codecs",
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

/** Layers that stand beside each other, and know nothing of each other although one is later in the list. */
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
    // The doors at the top import from everywhere; nobody imports a door.
    if (from === undefined) return false;
    if (to === undefined) return target !== "version.ts";
    if (independent.has(`${from} ${to}`)) return true;
    return layers.indexOf(to) > layers.indexOf(from);
  });
  expect(wrong).toEqual([]);
});

test("undici is known to http alone, but for its types", () => {
  const users = files.filter((file) =>
    /^import (?!type)[^;]*from "undici"/m.test(readFileSync(join(src, file), "utf8")),
  );
  expect(users.map(layerOf).filter((layer) => layer !== "http" && layer !== "testing")).toEqual([]);
});
