// npm run bench:startup: the cost of importing the package, compared with its dependencies. A new process each time.
import { execFileSync } from "node:child_process";
import { figureOf, ratioOf } from "./statistics.ts";

const dependencies = ["undici", "@bufbuild/protobuf", "@bufbuild/protobuf/wire"];
const cases = {
  "undici and @bufbuild/protobuf (with its wire part)": dependencies,
  "bytenite-jobs": ["bytenite-jobs"],
  "bytenite-jobs/transport": ["bytenite-jobs/transport"],
} as const;
type Case = keyof typeof cases;

const ROUNDS = 21;
const names = Object.keys(cases) as Case[];
const measured = new Map<Case, number[]>(names.map((name) => [name, []]));

for (let round = 0; round < ROUNDS; round++) {
  for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
    measured.get(name)?.push(importMs(cases[name]));
  }
}
const figures = names.map((name) => ({ name, figure: figureOf(measured.get(name) ?? []) }));
const least = figures[0]?.figure;
for (const { name, figure } of figures) {
  const { median, min, max } = figure;
  const ratio = least === undefined ? "" : `× ${ratioOf(figure, least).toFixed(2)}`;
  console.log(
    `${name.padEnd(52)} ${median.toFixed(1)} ms of CPU (${min.toFixed(1)}–${max.toFixed(1)})  ${ratio}`,
  );
}
console.log("Target: × 0.80 at most");

/** CPU time, user and system, in milliseconds. */
function importMs(modules: readonly string[]): number {
  const imports = modules.map((name) => `await import(${JSON.stringify(name)});`).join(" ");
  const program = `const before = process.cpuUsage(); ${imports} const { user, system } = process.cpuUsage(before); console.log((user + system) / 1000);`;
  const root = new URL("..", import.meta.url);
  return Number(
    execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: root, encoding: "utf8" }),
  );
}
