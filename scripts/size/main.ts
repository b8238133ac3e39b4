// npm run size: compares the size of the package in a bundle with size-budget.json. `npm run size -- --update` writes new
// budgets.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundledSize } from "./bundled-size.ts";

/** A new budget, relative to the current size. */
const HEADROOM = 1.03;
/** The smallest size for its budget, relative to the budget. */
const SLACK = 0.9;

const root = join(import.meta.dirname, "../..");
const budgetFile = join(root, "size-budget.json");
const { name, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const entries = Object.keys(exports).filter((path) => typeof exports[path] === "object");
const cases: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    entries.map((path) => join(name, path)).map((entry) => [entry, `export * from "${entry}";`]),
  ),
  [`{ JobsClient } of ${name}`]: `export { JobsClient } from "${name}";`,
  [`{ Code } of ${name}`]: `export { Code } from "${name}";`,
};

const isUpdate = process.argv.includes("--update");
const budgets: Record<string, number> = isUpdate ? {} : JSON.parse(readFileSync(budgetFile, "utf8"));
const problems: string[] = [];

console.log(row("in a bundle", "minified", "gzip -9", "budget"));
for (const [what, code] of Object.entries(cases)) {
  const { minified, gzipped } = await bundledSize(root, code);
  if (isUpdate) budgets[what] = Math.ceil(gzipped * HEADROOM);
  const budget = budgets[what];
  console.log(row(what, minified, gzipped, budget ?? "none"));
  if (budget === undefined) {
    problems.push(`${what} has no budget: add one with npm run size -- --update`);
  } else if (gzipped > budget) {
    problems.push(
      `${what} is ${gzipped - budget} bytes above its budget of ${budget}: remove what was added, or write a new budget ` +
        "with npm run size -- --update and give the reason in the commit",
    );
  } else if (gzipped < budget * SLACK) {
    problems.push(`${what} is far below its budget: lower the budget with npm run size -- --update`);
  }
}
for (const what of Object.keys(budgets)) {
  if (!(what in cases)) problems.push(`size-budget.json has ${what}, which does not exist`);
}
for (const entry of entries.map((path) => join(name, path))) {
  const { isEmpty } = await bundledSize(root, `import "${entry}";`);
  if (!isEmpty) problems.push(`import "${entry}" leaves code in a bundle, although nothing is used`);
}

if (isUpdate) writeFileSync(budgetFile, `${JSON.stringify(budgets, null, 2)}\n`);
for (const problem of problems) console.error(`error: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
else console.log(`importing any of the ${entries.length} entries without using it leaves no code`);

function row(what: string, ...figures: readonly (string | number)[]): string {
  return [what.padEnd(32), ...figures.map((figure) => String(figure).padStart(9))].join(" ");
}
