import { checkedHeaderName } from "../../client/request-headers.ts";
import { checkUtf8, UsageError } from "../options.ts";
import { readFileOf } from "./read-file.ts";

/** Reads the headers of a command line: `Name: value` each, or `@file` for a file with one in each line. */
export function headersFrom(texts: readonly string[]): Promise<Record<string, string>> {
  return namedValues("--header", texts, ":", (name) => checkedHeaderName(name, "--header"));
}

/** Reads the query parameters of a command line: `name=value` each, or `@file` for a file with one in each line. */
export function queryFrom(texts: readonly string[]): Promise<Record<string, string>> {
  return namedValues("--query", texts, "=", (name) => name);
}

/** @throws UsageError or RpcError that never shows a value, because it may be a secret */
async function namedValues(
  option: string,
  texts: readonly string[],
  separator: string,
  checkedName: (name: string) => string,
): Promise<Record<string, string>> {
  const values = new Map<string, string>();
  for (const line of (await Promise.all(texts.map((text) => linesOf(option, text)))).flat()) {
    const end = line.indexOf(separator);
    if (end < 0) throw new UsageError(`${option} needs a name, "${separator}" and a value`);
    const name = checkedName(line.slice(0, end).trim());
    if (values.has(name)) throw new UsageError(`${option}: ${name} is given twice`);
    values.set(name, line.slice(end + 1).trim());
  }
  return Object.fromEntries(values);
}

async function linesOf(option: string, text: string): Promise<string[]> {
  if (!text.startsWith("@")) return [text];
  const file = (await readFileOf(option, text.slice(1))).toString("utf8");
  checkUtf8(option, file);
  return file.split("\n").filter((line) => line.trim() !== "");
}
