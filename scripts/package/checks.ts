import { availableParallelism } from "node:os";

/** One thing that has to hold. It throws, or rejects, if it does not; what it gives is printed behind its name. */
export interface Check {
  readonly name: string;
  readonly run: () => Promise<string | undefined>;
}

/** Runs checks, as many at once as there are cores, prints a line for each, and gives the names of those that failed. */
export async function runChecks(checks: readonly Check[]): Promise<readonly string[]> {
  const failed: string[] = [];
  const waiting = [...checks];
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      try {
        const found = await check.run();
        console.log(`ok    ${check.name}${found === undefined ? "" : behind(found)}`);
      } catch (error) {
        failed.push(check.name);
        const words = error instanceof Error ? error.message : String(error);
        console.log(`FAIL  ${check.name}${behind(words)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return failed;
}

/** What follows a name: on its line, or, if it is more than a line, below it. */
function behind(text: string): string {
  const lines = text.trim().split("\n");
  return `:${lines.length === 1 ? ` ${lines[0]}` : ["", ...lines].join("\n      ")}`;
}
