import { availableParallelism } from "node:os";

/** A check of the package. `run` rejects if it fails; the text that it returns is printed after the name. */
export interface Check {
  readonly name: string;
  readonly run: () => Promise<string | undefined>;
}

/** Runs checks, one per core at a time, prints a line for each, and returns the names of those that failed. */
export async function runChecks(checks: readonly Check[]): Promise<readonly string[]> {
  const failed: string[] = [];
  const waiting = [...checks];
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      try {
        const result = await check.run();
        console.log(`ok    ${check.name}${result === undefined ? "" : suffix(result)}`);
      } catch (error) {
        failed.push(check.name);
        const message = error instanceof Error ? error.message : String(error);
        console.log(`FAIL  ${check.name}${suffix(message)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return failed;
}

/** Formats the text after a name: on the same line, or below it if it has several lines. */
function suffix(text: string): string {
  const lines = text.trim().split("\n");
  return `:${lines.length === 1 ? ` ${lines[0]}` : ["", ...lines].join("\n      ")}`;
}
