import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));

/** The rooms of src/: each may import from those before it. CONTRIBUTING.md says what is in them. */
const rooms = [
  "errors",
  "wire",
  "codecs",
  "policies",
  "transcoding",
  "answers",
  "events",
  "client",
  "jobs",
  "connect",
  "probe",
  "testing",
  "cli",
];

/** Rooms that stand beside each other, and know nothing of each other although one is later in the list. */
const strangers = new Set([
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

const roomOf = (path: string) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined);

test("every folder of src/ is a room", () => {
  expect(new Set(files.map(roomOf).filter((room) => room !== undefined))).toEqual(new Set(rooms));
  expect(imports.length).toBeGreaterThan(500);
});

test("imports between rooms run one way", () => {
  const wrong = imports.filter(({ file, target }) => {
    const [from, to] = [roomOf(file), roomOf(target)];
    // The doors at the top import from everywhere; nobody imports a door.
    if (from === undefined) return false;
    if (to === undefined) return target !== "version.ts";
    if (strangers.has(`${from} ${to}`)) return true;
    return rooms.indexOf(to) > rooms.indexOf(from);
  });
  expect(wrong).toEqual([]);
});

test("undici is known to the wire alone, but for its types", () => {
  const users = files.filter((file) =>
    /^import (?!type)[^;]*from "undici"/m.test(readFileSync(join(src, file), "utf8")),
  );
  expect(users.map(roomOf).filter((room) => room !== "wire" && room !== "testing")).toEqual([]);
});
