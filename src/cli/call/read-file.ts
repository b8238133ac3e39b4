import { readFile } from "node:fs/promises";
import { asError } from "../../errors/as-error.ts";
import { UsageError } from "../options.ts";

/**
 * Reads the file that an option names.
 *
 * @throws UsageError that names the option and the file
 */
export async function readFileOf(option: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    // Node's message is "ENOENT: no such file or directory, open 'api.binpb'".
    const reason = asError(error).message.replace(/^\w+: |, \w+( '.*)?$/gs, "");
    throw new UsageError(`${option}: cannot read ${JSON.stringify(path)}: ${reason}`);
  }
}
