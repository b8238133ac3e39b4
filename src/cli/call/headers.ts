import { checkedHeaderName } from "../../client/request-headers.ts";
import { checkUtf8, UsageError } from "../options.ts";
import { readFileOf } from "./read-file.ts";

const OPTION = "--header";

/**
 * Reads the headers of a command line: `Name: value` each, or `@file` for a file with one header in each line. Errors never
 * show values, because they may be secrets.
 */
export async function headersFrom(texts: readonly string[]): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const line of (await Promise.all(texts.map(linesOf))).flat()) {
    const colon = line.indexOf(":");
    if (colon < 0) throw new UsageError(`${OPTION} must be "Name: value", with a colon`);
    const name = checkedHeaderName(line.slice(0, colon).trim(), OPTION);
    if (Object.hasOwn(headers, name)) throw new UsageError(`${OPTION}: ${name} is given twice`);
    headers[name] = line.slice(colon + 1).trim();
  }
  return headers;
}

async function linesOf(text: string): Promise<string[]> {
  if (!text.startsWith("@")) return [text];
  const file = (await readFileOf(OPTION, text.slice(1))).toString("utf8");
  checkUtf8(OPTION, file);
  return file.split("\n").filter((line) => line.trim() !== "");
}
